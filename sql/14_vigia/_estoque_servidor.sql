-- What is of the server that is asked, not of the installation: where Citus has distributed the schema, the
-- node that has its tables, and whether that is this one; the database pg_cron sits in; whether its launcher
-- lives (NULL for who may not read the statistics of others, and cannot know); whether the jobs may be read.
-- A function: Citus looks into the views of a query, and only superusers may read what these are made of.
CREATE FUNCTION _estoque_servidor(
    OUT no text, OUT no_aqui boolean, OUT banco_do_cron text, OUT lancador boolean,
    OUT cron_legivel boolean
)
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $body$
DECLARE
    v_no text;
    v_aqui boolean;
BEGIN
    IF to_regclass('pg_catalog.pg_dist_placement') IS NOT NULL THEN
        EXECUTE format('SELECT n.nodename || '':'' || n.nodeport AS no,'
            ' p.groupid = (SELECT g.groupid FROM pg_dist_local_group AS g) AS aqui'
            ' FROM %I AS s'
            ' JOIN pg_dist_placement AS p ON p.shardid = s.shardid'
            ' JOIN pg_dist_node AS n ON n.groupid = p.groupid AND n.noderole = ''primary'''
            ' WHERE s.logicalrelid = to_regclass(''estoque_tempo_real'') LIMIT 1', 'pg_dist_shard')
        INTO v_no, v_aqui;
        no := v_no;
        no_aqui := v_aqui;
    END IF;
    banco_do_cron := (SELECT s.setting FROM pg_settings AS s WHERE s.name = 'cron.database_name');
    IF pg_has_role('pg_read_all_stats', 'USAGE') THEN
        lancador := EXISTS (
            SELECT FROM pg_stat_activity AS a WHERE a.backend_type = 'pg_cron launcher');
    END IF;
    cron_legivel := coalesce((SELECT has_schema_privilege(n.oid, 'USAGE') FROM pg_namespace AS n
                              WHERE n.nspname = 'cron'), false);
END
$body$;

GRANT EXECUTE ON FUNCTION _estoque_servidor() TO PUBLIC;
COMMENT ON FUNCTION _estoque_servidor() IS
    'The node of Citus that has the schema, and pg_cron, as this server knows them; inner use.';
