-- A new group is its owner's alone, whatever default privileges gave others.
DO $body$
DECLARE
    v_comando text;
BEGIN
    FOR v_comando IN
        SELECT format('REVOKE ALL ON %s %s FROM %s CASCADE', o.tipo, o.nome,
            coalesce(quote_ident(pg_get_userbyid(nullif(x.grantee, 0))), 'PUBLIC'))
        FROM (
            SELECT 'TABLE' AS tipo, c.oid::regclass::text AS nome, c.relowner AS dono,
                c.relacl AS acl
            FROM pg_class AS c
            WHERE c.relnamespace = quote_ident(current_schema())::regnamespace
                AND c.relkind IN ('r', 'v')
            UNION ALL
            SELECT 'FUNCTION', p.oid::regprocedure::text, p.proowner, p.proacl
            FROM pg_proc AS p
            WHERE p.pronamespace = quote_ident(current_schema())::regnamespace
            UNION ALL
            SELECT 'SCHEMA', quote_ident(n.nspname), n.nspowner, n.nspacl
            FROM pg_namespace AS n WHERE n.nspname = current_schema()
        ) AS o
        CROSS JOIN aclexplode(o.acl) AS x
        WHERE x.grantee <> o.dono
    LOOP
        EXECUTE v_comando;
    END LOOP;
END
$body$;
