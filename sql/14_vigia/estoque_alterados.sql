-- Functions of ours that are not what was installed: changed, or missing. Changes are only seen on
-- the major version of the server that they were installed on.
CREATE FUNCTION estoque_alterados()
RETURNS TABLE (objeto text, estado text)
LANGUAGE plpgsql STABLE ROWS 1
SET search_path FROM CURRENT
SET quote_all_identifiers = off
AS $body$
BEGIN
    RETURN QUERY
    SELECT a.objeto, CASE WHEN f.oid IS NULL THEN 'missing' ELSE 'changed' END
    FROM estoque_assinatura AS a
    CROSS JOIN LATERAL (SELECT to_regprocedure(a.objeto)::oid AS oid) AS f
    WHERE f.oid IS NULL
        OR a.servidor = current_setting('server_version_num')::integer / 10000
            AND a.definicao <> pg_get_functiondef(f.oid)
    ORDER BY a.objeto;
END
$body$;

GRANT EXECUTE ON FUNCTION estoque_alterados() TO PUBLIC;
COMMENT ON FUNCTION estoque_alterados() IS
    'Functions of ours that were changed or dropped since the installation.';
