-- Warns of who may put things into the schema, which is where our functions look for what they name:
-- an operator for exactly varchar would be preferred to PostgreSQL's own. Up to PostgreSQL 14
-- everybody may in the usual one.
CREATE FUNCTION _estoque_avisar_criadores() RETURNS void
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $body$
DECLARE
    v_criadores text;
BEGIN
    SELECT string_agg(DISTINCT CASE x.grantee WHEN 0 THEN 'PUBLIC' ELSE x.grantee::regrole::text END,
        ', ')
    INTO v_criadores
    FROM pg_namespace AS n
    CROSS JOIN LATERAL aclexplode(n.nspacl) AS x
    LEFT JOIN pg_roles AS r ON r.oid = x.grantee
    WHERE n.nspname = current_schema() AND x.privilege_type = 'CREATE' AND x.grantee <> n.nspowner
        AND r.rolname IS DISTINCT FROM current_user AND r.rolsuper IS NOT TRUE;
    IF v_criadores IS NOT NULL THEN
        RAISE NOTICE USING MESSAGE = format('estoque_pg: warning: who may create objects in schema %1$I'
            ' can make our functions run code with the rights of %2$I: REVOKE CREATE ON SCHEMA %1$I'
            ' FROM %3$s, or install as a role that has no more rights than these',
            current_schema(), current_user, v_criadores);
    END IF;
END
$body$;

REVOKE ALL ON FUNCTION _estoque_avisar_criadores() FROM PUBLIC;
COMMENT ON FUNCTION _estoque_avisar_criadores() IS
    'Warns of who may create objects in the schema of the installation; inner use.';
