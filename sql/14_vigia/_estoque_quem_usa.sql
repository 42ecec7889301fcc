-- Who holds the sources or the results as writers do, as far as this role may see, the oldest first:
-- what is told to who waits for them. NULL where there is nobody. partes is quem as a model of format()
-- and its values, which are such arrays themselves.
CREATE FUNCTION _estoque_quem_usa(OUT quem text, OUT partes jsonb)
LANGUAGE plpgsql VOLATILE
SET search_path FROM CURRENT
AS $body$
BEGIN
    SELECT string_agg(format(x.dito[1], VARIADIC x.dito[2:]), ', ' ORDER BY x.xact_start),
        jsonb_build_array(rtrim(repeat('%s, ', count(*)::integer), ', '))
            || jsonb_agg(x.dito ORDER BY x.xact_start)
    INTO quem, partes
    FROM (
        SELECT a.xact_start, CASE
            WHEN a.xact_start IS NULL THEN ARRAY['process %s (%s)', a.pid::text, a.dele]
            ELSE ARRAY['process %s (%s, since %s)', a.pid::text, a.dele,
                to_char(a.xact_start, 'HH24:MI:SS TZ')] END AS dito
        FROM (
            SELECT a.pid, a.xact_start, concat_ws(', ',
                coalesce(a.usename, a.backend_type), nullif(a.application_name, '')) AS dele
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
        ) AS a
    ) AS x;
END
$body$;

REVOKE ALL ON FUNCTION _estoque_quem_usa() FROM PUBLIC;
COMMENT ON FUNCTION _estoque_quem_usa() IS 'Who holds the sources or the results; inner use.';
