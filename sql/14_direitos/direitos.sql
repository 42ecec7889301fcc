-- The rights on what is ours are those written beside each object. Default privileges, which an ERP's
-- database may well have (ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO app), gave more to some at
-- the creation: that is taken back, or an application could write the results and run what is inner.
-- Ours are told from an ERP's of similar names by being made in this transaction.
DO $body$
DECLARE
    v_demais record;
BEGIN
    FOR v_demais IN
        WITH tabela AS (
            SELECT r.oid, r.relname FROM pg_class AS r
            WHERE r.relnamespace = quote_ident(current_schema())::regnamespace
                AND (r.relname ~ '^(_yoyo_)?estoque_' OR r.relname = 'movimentacao_prevista')
                AND r.relkind IN ('r', 'v') AND age(r.xmin) <= 0
        ),
        nosso (objeto, dono, direitos, publico) AS (
            SELECT format('TABLE %I', r.relname), r.relowner, r.relacl, r.relname !~ '^_yoyo_'
            FROM tabela AS t JOIN pg_class AS r ON r.oid = t.oid
            UNION ALL
            SELECT format('SEQUENCE %I', r.relname), r.relowner, r.relacl, false
            FROM tabela AS t
            JOIN pg_depend AS d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = t.oid
                AND d.classid = 'pg_class'::regclass AND d.deptype IN ('a', 'i')
            JOIN pg_class AS r ON r.oid = d.objid AND r.relkind = 'S'
            UNION ALL
            SELECT format('FUNCTION %s', p.oid::regprocedure), p.proowner, p.proacl, true
            FROM pg_proc AS p
            WHERE p.pronamespace = quote_ident(current_schema())::regnamespace
                AND p.proname ~ '^_?estoque_' AND age(p.xmin) <= 0
        )
        SELECT DISTINCT n.objeto,
            CASE x.grantee WHEN 0 THEN 'PUBLIC' ELSE x.grantee::regrole::text END AS papel
        FROM nosso AS n CROSS JOIN LATERAL aclexplode(n.direitos) AS x
        WHERE x.grantee <> n.dono AND (x.grantee <> 0 OR NOT n.publico)
        ORDER BY 1, 2
    LOOP
        EXECUTE format('REVOKE ALL ON %s FROM %s', v_demais.objeto, v_demais.papel);
    END LOOP;
END
$body$;

-- What everybody may call who may use the schema, where default privileges took that away.
GRANT EXECUTE ON FUNCTION
    estoque_alterados(), estoque_codigo(text), estoque_consultar(text[]),
    estoque_contradicoes(text[]), estoque_disponibilidade(text, numeric, integer),
    estoque_estatisticas(), estoque_gatilhos(), estoque_hoje(), estoque_linhas_recusadas(),
    estoque_projecao(text, integer), estoque_rupturas(integer), estoque_verificar(text[]),
    _estoque_atual(text[]), _estoque_cabe(numeric), _estoque_canonicos(text[]),
    _estoque_conferir_dias(integer),
    _estoque_contribuicao_movimentacao(numeric, boolean),
    _estoque_contribuicao_pre_separacao(text, date, numeric, text),
    _estoque_contribuicao_programacao(text, date, numeric),
    _estoque_contribuicao_separacao(text, date, numeric, boolean),
    _estoque_cron(), _estoque_d7(text[], numeric[], integer, boolean),
    _estoque_digital(text, text), _estoque_exigir_cron(text), _estoque_fatura(text, text, text),
    _estoque_membros(text[]), _estoque_mencionados(text[]), _estoque_nome(text),
    _estoque_nome_unico(text, text), _estoque_previsao_recalculada(text[]),
    _estoque_quantidade(numeric), _estoque_quantidade_prevista(text, date, numeric),
    _estoque_recalcular_produto(text), _estoque_saldo_recalculado(text[])
TO PUBLIC;
