-- Gives a role what a reading or a writing application needs, and no more: a reader the schema and
-- the results, a writer the schema, the sources and the rules (it needs no right on the results: the
-- triggers run with their owner's), who makes copies with pg_dump (copia) reading of all that is ours and of
-- the sources, with their partitions and sequences. Returns the statements it ran. Runs with the
-- caller's rights, who has to be the owner, or hold them with the grant option. Raises 42704 for a
-- role that does not exist.
CREATE FUNCTION estoque_conceder(
    papel text, leitura boolean, escrita boolean DEFAULT false, copia boolean DEFAULT false
)
RETURNS SETOF text
LANGUAGE plpgsql VOLATILE
SET search_path FROM CURRENT
AS $body$
DECLARE
    v_schema name := current_schema();
    v_fontes text[] := ARRAY(SELECT f.tabela FROM _estoque_fontes() AS f ORDER BY f.ordem);
    v_nome text;
    v_relacoes oid[];
BEGIN
    IF leitura OR escrita OR copia THEN
        EXECUTE format('GRANT USAGE ON SCHEMA %I TO %I', v_schema, papel);
        RETURN NEXT format('GRANT USAGE ON SCHEMA %I TO %I', v_schema, papel);
    END IF;
    FOREACH v_nome IN ARRAY CASE WHEN leitura THEN ARRAY['estoque_tempo_real',
        'movimentacao_prevista', 'estoque_por_codigo', 'estoque_codigo_conhecido', 'estoque_lote',
        'estoque_regra']
        ELSE '{}' END
    LOOP
        EXECUTE format('GRANT SELECT ON %I.%I TO %I', v_schema, v_nome, papel);
        RETURN NEXT format('GRANT SELECT ON %I.%I TO %I', v_schema, v_nome, papel);
    END LOOP;
    -- What shows the ERP's documents, without any right on the sources.
    FOREACH v_nome IN ARRAY CASE WHEN leitura THEN ARRAY[
        'estoque_documentos(text, integer)', 'estoque_explicar(text, integer)',
        'estoque_simular(jsonb, integer)', '_estoque_simulados(jsonb, integer)',
        'estoque_projecao_simulada(text, jsonb, integer)',
        '_estoque_projecao_simulada(text, jsonb, integer)', 'estoque_abaixo_do_minimo(integer)',
        'estoque_incoerencias()', 'estoque_cobertura(text[])',
        'estoque_transicoes(timestamptz, integer, bigint)']
        ELSE '{}' END
    LOOP
        EXECUTE format('GRANT EXECUTE ON FUNCTION %I.%s TO %I', v_schema, v_nome, papel);
        RETURN NEXT format('GRANT EXECUTE ON FUNCTION %I.%s TO %I', v_schema, v_nome, papel);
    END LOOP;
    FOREACH v_nome IN ARRAY CASE WHEN escrita THEN v_fontes || 'estoque_regra'::text ELSE '{}' END
    LOOP
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I.%I TO %I',
            v_schema, v_nome, papel);
        RETURN NEXT format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I.%I TO %I',
            v_schema, v_nome, papel);
    END LOOP;
    -- What lays down rules, and who is told of what. Subscriptions are read and written by these alone.
    FOREACH v_nome IN ARRAY CASE WHEN escrita THEN ARRAY[
        'estoque_definir_regra(text, numeric, integer, numeric, text, text[])',
        'estoque_inscrever(text, text, text, text[], text, text, text[], time, text, text)',
        'estoque_inscricoes()', 'estoque_cancelar_inscricao(bigint)',
        'estoque_pausar_inscricao(bigint, boolean)', 'estoque_testar_inscricao(bigint)',
        'estoque_entregas_pendentes()', 'estoque_entregas_mortas()', 'estoque_reenviar(bigint)',
        'estoque_reenviar_mortas(bigint)', 'estoque_descartar_entrega(bigint)']
        ELSE '{}' END
    LOOP
        EXECUTE format('GRANT EXECUTE ON FUNCTION %I.%s TO %I', v_schema, v_nome, papel);
        RETURN NEXT format('GRANT EXECUTE ON FUNCTION %I.%s TO %I', v_schema, v_nome, papel);
    END LOOP;
    -- Keys of type serial draw from a sequence with rights of its own.
    FOR v_nome IN
        SELECT s.relname::text
        FROM pg_class AS s
        JOIN pg_depend AS d ON d.classid = 'pg_class'::regclass AND d.objid = s.oid
            AND d.deptype = 'a' AND d.refclassid = 'pg_class'::regclass
        JOIN pg_class AS t ON t.oid = d.refobjid AND t.relnamespace = s.relnamespace
        JOIN pg_namespace AS n ON n.oid = s.relnamespace AND n.nspname = v_schema
        WHERE escrita AND s.relkind = 'S' AND t.relname = ANY (v_fontes)
        ORDER BY s.relname
    LOOP
        EXECUTE format('GRANT USAGE ON SEQUENCE %I.%I TO %I', v_schema, v_nome, papel);
        RETURN NEXT format('GRANT USAGE ON SEQUENCE %I.%I TO %I', v_schema, v_nome, papel);
    END LOOP;
    -- pg_dump locks and reads every table, partitions by themselves, and asks each sequence.
    IF copia THEN
        SELECT array_agg(x.oid) INTO v_relacoes
        FROM (SELECT r.oid FROM pg_class AS r JOIN pg_namespace AS n ON n.oid = r.relnamespace
              WHERE n.nspname = v_schema AND r.relkind IN ('r', 'v')
                  AND r.relname = ANY (_estoque_relacoes())
              UNION
              SELECT g.relacao::oid FROM estoque_gatilhos() AS g
              WHERE g.relacao IS NOT NULL AND g.estado <> 'stray') AS x;
        FOR v_nome IN
            SELECT format('%I.%I', n.nspname, r.relname)
            FROM pg_class AS r
            JOIN pg_namespace AS n ON n.oid = r.relnamespace
            WHERE r.oid = ANY (v_relacoes) OR r.relkind = 'S' AND EXISTS (
                SELECT FROM pg_depend AS d
                WHERE d.classid = 'pg_class'::regclass AND d.objid = r.oid
                    AND d.deptype IN ('a', 'i') AND d.refclassid = 'pg_class'::regclass
                    AND d.refobjid = ANY (v_relacoes))
            ORDER BY r.relkind = 'S', n.nspname, r.relname
        LOOP
            EXECUTE format('GRANT SELECT ON %s TO %I', v_nome, papel);
            RETURN NEXT format('GRANT SELECT ON %s TO %I', v_nome, papel);
        END LOOP;
    END IF;
END
$body$;

REVOKE ALL ON FUNCTION estoque_conceder(text, boolean, boolean, boolean) FROM PUBLIC;
COMMENT ON FUNCTION estoque_conceder(text, boolean, boolean, boolean) IS
    'Grants a role what a reader, a writer or a backup needs; returns the statements run.';
