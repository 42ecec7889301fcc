-- The rights on what is ours are those written beside each object. Default privileges, which an ERP's
-- database may well have (ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO app), gave more to some at
-- the creation: that is taken back, or an application could write the results and run what is inner.
-- SELECT on tables, views and sequences stays: it harms nothing, and whoever makes the backups has it.
-- An object that an upgrade dropped and made anew gets the rights back that its owner had given.
-- p_antes is what was there before, as the statement objetos_nossos lists it: new is what is not in it.
CREATE FUNCTION _estoque_limitar_direitos(p_antes jsonb) RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path FROM CURRENT
AS $body$
DECLARE
    v_schema regnamespace := quote_ident(current_schema())::regnamespace;
    v_novas oid[];
    v_direito record;
BEGIN
    -- Numbers of relations and of functions in one list: below, each is looked up where it belongs.
    v_novas := ARRAY(
        SELECT o.oid FROM (
            SELECT r.oid FROM pg_class AS r
            WHERE r.relnamespace = v_schema AND r.relkind IN ('r', 'v', 'S')
                AND r.relname ~ '^(_yoyo_)?estoque_|^movimentacao_prevista$'
            UNION ALL
            SELECT p.oid FROM pg_proc AS p
            WHERE p.pronamespace = v_schema AND p.proname ~ '^_?estoque_'
        ) AS o
        WHERE o.oid NOT IN (SELECT x.oid FROM jsonb_to_recordset(p_antes) AS x (oid oid)));

    -- PUBLIC has what the files say; on sequences, and on the book of migrations, that is nothing.
    FOR v_direito IN
        SELECT r.oid::regclass AS objeto, nullif(x.grantee, 0)::regrole AS papel,
            bool_or(x.privilege_type = 'SELECT') AS le
        FROM pg_class AS r CROSS JOIN LATERAL aclexplode(r.relacl) AS x
        WHERE r.oid = ANY (v_novas) AND x.grantee <> r.relowner
            AND (x.grantee <> 0 OR r.relkind = 'S' OR r.relname ~ '^_yoyo_')
        GROUP BY r.oid, x.grantee
    LOOP
        IF v_direito.papel IS NULL THEN
            EXECUTE format('REVOKE ALL ON TABLE %s FROM PUBLIC', v_direito.objeto);
        ELSE
            EXECUTE format('REVOKE ALL ON TABLE %s FROM %s', v_direito.objeto, v_direito.papel);
            IF v_direito.le THEN
                EXECUTE format('GRANT SELECT ON TABLE %s TO %s', v_direito.objeto, v_direito.papel);
            END IF;
        END IF;
    END LOOP;
    FOR v_direito IN
        SELECT DISTINCT p.oid::regprocedure AS objeto, x.grantee::regrole AS papel
        FROM pg_proc AS p CROSS JOIN LATERAL aclexplode(p.proacl) AS x
        WHERE p.oid = ANY (v_novas) AND x.grantee NOT IN (p.proowner, 0)
    LOOP
        EXECUTE format('REVOKE ALL ON FUNCTION %s FROM %s', v_direito.objeto, v_direito.papel);
    END LOOP;

    -- What was dropped and made anew, by its name.
    FOR v_direito IN
        SELECT p.oid::regprocedure AS objeto, x.papel::regrole AS papel
        FROM jsonb_to_recordset(p_antes) AS x (oid oid, tipo text, nome text, papel text)
        JOIN pg_proc AS p ON p.proname = x.nome AND p.pronamespace = v_schema
        WHERE x.tipo = 'FUNCTION' AND x.papel IS NOT NULL AND p.oid = ANY (v_novas)
            AND NOT EXISTS (SELECT FROM pg_proc AS f WHERE f.oid = x.oid)
    LOOP
        EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO %s', v_direito.objeto, v_direito.papel);
    END LOOP;
    FOR v_direito IN
        SELECT r.oid::regclass AS objeto, x.papel::regrole AS papel, lower(x.direito) AS direito
        FROM jsonb_to_recordset(p_antes) AS x (
            oid oid, tipo text, nome text, papel text, direito text)
        JOIN pg_class AS r ON r.relname = x.nome AND r.relnamespace = v_schema
        WHERE x.tipo = 'TABLE' AND x.papel IS NOT NULL AND r.oid = ANY (v_novas)
            AND NOT EXISTS (SELECT FROM pg_class AS f WHERE f.oid = x.oid)
    LOOP
        EXECUTE format('GRANT %I ON TABLE %s TO %s',
            v_direito.direito, v_direito.objeto, v_direito.papel);
    END LOOP;
END
$body$;

REVOKE ALL ON FUNCTION _estoque_limitar_direitos(jsonb) FROM PUBLIC;
COMMENT ON FUNCTION _estoque_limitar_direitos(jsonb) IS
    'Takes back what default privileges gave on new objects of ours; inner use.';
