-- Gives a role what a reading or a writing application needs, and no more: a reader the schema and
-- the results, a writer the schema and the sources (it needs no right on the results: the triggers
-- run with their owner's). Returns the statements it ran. Runs with the caller's rights, who has to
-- be the owner, or hold them with the grant option. Raises 42704 for a role that does not exist.
CREATE FUNCTION estoque_conceder(papel text, leitura boolean, escrita boolean DEFAULT false)
RETURNS SETOF text
LANGUAGE plpgsql VOLATILE
SET search_path FROM CURRENT
AS $body$
DECLARE
    v_comando text;
BEGIN
    FOR v_comando IN
        SELECT format(c.comando, current_schema(), c.objeto, papel)
        FROM (
            SELECT 0, 'GRANT USAGE ON SCHEMA %1$I TO %3$I', NULL WHERE leitura OR escrita
            UNION ALL
            SELECT 1, 'GRANT SELECT ON %1$I.%2$I TO %3$I', r.nome
            FROM unnest(ARRAY['estoque_tempo_real', 'movimentacao_prevista', 'estoque_por_codigo',
                'estoque_codigo_conhecido', 'estoque_lote']) AS r (nome)
            WHERE leitura
            UNION ALL
            SELECT 2, 'GRANT SELECT, INSERT, UPDATE, DELETE ON %1$I.%2$I TO %3$I', f.nome
            FROM unnest(ARRAY['movimentacao_estoque', 'pre_separacao_item', 'separacao',
                'programacao_producao', 'embarque_itens', 'unificacao_codigos']) AS f (nome)
            WHERE escrita
            UNION ALL
            -- Keys of type serial draw from a sequence with rights of its own.
            SELECT 3, 'GRANT USAGE ON SEQUENCE %1$I.%2$I TO %3$I', s.relname
            FROM pg_class AS s
            JOIN pg_depend AS d ON d.classid = 'pg_class'::regclass AND d.objid = s.oid
                AND d.deptype = 'a' AND d.refclassid = 'pg_class'::regclass
            JOIN pg_class AS t ON t.oid = d.refobjid
            WHERE escrita AND s.relkind = 'S' AND t.relnamespace = s.relnamespace
                AND s.relnamespace = (SELECT n.oid FROM pg_namespace AS n
                                      WHERE n.nspname = current_schema())
                AND t.relname IN ('movimentacao_estoque', 'pre_separacao_item', 'separacao',
                    'programacao_producao', 'embarque_itens', 'unificacao_codigos')
        ) AS c (ordem, comando, objeto)
        ORDER BY c.ordem, c.objeto
    LOOP
        EXECUTE v_comando;
        RETURN NEXT v_comando;
    END LOOP;
END
$body$;

REVOKE ALL ON FUNCTION estoque_conceder(text, boolean, boolean) FROM PUBLIC;
COMMENT ON FUNCTION estoque_conceder(text, boolean, boolean) IS
    'Grants a role what a reader or a writer needs; returns the statements run.';
