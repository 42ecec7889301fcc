-- Warns of who may put things into the schema, which is where our functions look for what they name:
-- an operator for exactly varchar would be preferred to PostgreSQL's own. Up to PostgreSQL 14
-- everybody may in the usual one.
CREATE FUNCTION _estoque_avisar_criadores() RETURNS void
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $body$
DECLARE
    v_criadores text;
    v_modelo CONSTANT text := 'estoque_pg: warning: who may create objects in schema %s can make our'
        ' functions run code with the rights of %s: REVOKE CREATE ON SCHEMA %s FROM %s, or install as'
        ' a role that has no more rights than these';
    v_valores text[];
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
        v_valores := ARRAY[quote_ident(current_schema()), quote_ident(current_user),
            quote_ident(current_schema()), v_criadores];
        RAISE NOTICE USING MESSAGE = format(v_modelo, VARIADIC v_valores),
            CONSTRAINT = v_modelo, DATATYPE = to_json(v_valores)::text;
    END IF;
END
$body$;

REVOKE ALL ON FUNCTION _estoque_avisar_criadores() FROM PUBLIC;
COMMENT ON FUNCTION _estoque_avisar_criadores() IS
    'Warns of who may create objects in the schema of the installation; inner use.';
