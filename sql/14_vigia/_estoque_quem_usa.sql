-- Who holds the sources or the results as writers do, as far as this role may see, the oldest first:
-- what is told to who waits for them. NULL where there is nobody.
CREATE FUNCTION _estoque_quem_usa() RETURNS text
LANGUAGE plpgsql VOLATILE
SET search_path FROM CURRENT
AS $body$
BEGIN
    RETURN (
        SELECT string_agg(x.quem, ', ' ORDER BY x.xact_start)
        FROM (
            SELECT a.xact_start, format('process %s (%s)', a.pid, concat_ws(', ',
                coalesce(a.usename, a.backend_type), nullif(a.application_name, ''),
                'since ' || to_char(a.xact_start, 'HH24:MI:SS TZ'))) AS quem
            FROM pg_stat_activity AS a
            WHERE a.pid <> pg_backend_pid() AND EXISTS (
                SELECT FROM pg_locks AS l
                JOIN pg_database AS d ON d.oid = l.database AND d.datname = current_database()
                JOIN pg_class AS c ON c.oid = l.relation
                LEFT JOIN pg_inherits AS i ON i.inhrelid = c.oid
                LEFT JOIN pg_class AS p ON p.oid = i.inhparent
                WHERE l.pid = a.pid AND l.granted
                    AND l.mode NOT IN ('AccessShareLock', 'RowShareLock')
                    AND quote_ident(current_schema())::regnamespace
                        IN (c.relnamespace, p.relnamespace))
            ORDER BY a.xact_start LIMIT 3
        ) AS x);
END
$body$;

REVOKE ALL ON FUNCTION _estoque_quem_usa() FROM PUBLIC;
COMMENT ON FUNCTION _estoque_quem_usa() IS 'Who holds the sources or the results; inner use.';
