-- Tells a restored copy from what it was copied from: the numbers that the server has given to our main
-- tables. What is copied file by file, by CREATE DATABASE ... TEMPLATE, a standby, a point in time
-- recovery or pg_upgrade, keeps them, and is as exact as it was; what pg_restore writes has others, and
-- nobody knows whether triggers were at work while it wrote. Where Citus has distributed the schema, the
-- numbers of their shards, which are the same at every node and move with the schema.
CREATE FUNCTION _estoque_lugar() RETURNS text
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $body$
DECLARE
    v_fragmentos text;
BEGIN
    IF to_regclass('pg_catalog.pg_dist_shard') IS NOT NULL THEN
        EXECUTE format('SELECT string_agg(s.shardid::text, ''/'' ORDER BY s.logicalrelid::text)'
            ' FROM %I AS s WHERE s.logicalrelid IN (''estoque_tempo_real''::regclass,'
            ' ''movimentacao_prevista''::regclass)', 'pg_dist_shard')
        INTO v_fragmentos;
    END IF;
    RETURN coalesce(v_fragmentos, format('%s/%s',
        'estoque_tempo_real'::regclass::oid, 'movimentacao_prevista'::regclass::oid));
END
$body$;

GRANT EXECUTE ON FUNCTION _estoque_lugar() TO PUBLIC;
COMMENT ON FUNCTION _estoque_lugar() IS 'What tells a restored copy; inner use.';
