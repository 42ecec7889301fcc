-- Where Citus has distributed the schema: the node that has its tables, and whether that is this server.
-- NULLs elsewhere.
CREATE FUNCTION _estoque_no(OUT no text, OUT no_aqui boolean)
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $body$
BEGIN
    IF to_regclass('pg_catalog.pg_dist_placement') IS NOT NULL THEN
        EXECUTE 'SELECT format(''%s:%s'', n.nodename, n.nodeport),'
            ' p.groupid = (SELECT g.groupid FROM pg_dist_local_group AS g)'
            ' FROM pg_dist_shard AS s'
            ' JOIN pg_dist_placement AS p ON p.shardid = s.shardid'
            ' JOIN pg_dist_node AS n ON n.groupid = p.groupid AND n.noderole = ''primary'''
            ' WHERE s.logicalrelid = to_regclass(''estoque_tempo_real'') LIMIT 1'
        INTO no, no_aqui;
    END IF;
END
$body$;

GRANT EXECUTE ON FUNCTION _estoque_no() TO PUBLIC;
COMMENT ON FUNCTION _estoque_no() IS
    'The node of Citus that has the tables of the schema, and whether it is this one; inner use.';
