-- Whether Citus has distributed the schema (schema-based sharding: all of its tables on one node).
CREATE FUNCTION _estoque_no_citus() RETURNS boolean
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $body$
DECLARE
    v_sim boolean := false;
BEGIN
    IF to_regclass('pg_catalog.pg_dist_schema') IS NOT NULL THEN
        EXECUTE format('SELECT EXISTS (SELECT FROM %I AS d'
            ' WHERE d.schemaid = quote_ident(current_schema())::regnamespace)', 'pg_dist_schema')
        INTO v_sim;
    END IF;
    RETURN v_sim;
END
$body$;

GRANT EXECUTE ON FUNCTION _estoque_no_citus() TO PUBLIC;
COMMENT ON FUNCTION _estoque_no_citus() IS 'True where Citus has distributed the schema; inner use.';
