-- Puts the minute job into the pg_cron of this database, to run every minute as the caller; returns
-- the job's name. Calling it again leaves one job, made anew: pg_cron keeps in a job the host it was
-- made with. Raises EP004 where pg_cron is not in this database, 42501 without the right to use it
-- or to run the job.
CREATE FUNCTION estoque_agendar() RETURNS text
LANGUAGE plpgsql VOLATILE
SET search_path FROM CURRENT
AS $body$
DECLARE
    v_cron record;
BEGIN
    SELECT k.* INTO v_cron FROM _estoque_cron() AS k;
    IF NOT has_function_privilege('estoque_minuto()', 'EXECUTE') THEN
        RAISE EXCEPTION USING ERRCODE = 'insufficient_privilege',
            MESSAGE = format('the job would run as %I, who may not run it', current_user),
            HINT = format('As the owner: GRANT EXECUTE ON FUNCTION %I.estoque_minuto() TO %I;',
                current_schema(), current_user);
    END IF;
    PERFORM _estoque_exigir_cron(format('SELECT cron.schedule_in_database(%L, %L, %L, %L)',
        v_cron.nome, v_cron.horario, v_cron.comando, v_cron.banco));
    PERFORM estoque_desagendar();
    -- Put together at run time: where the function is made there may be no schema cron.
    EXECUTE format('SELECT %I.schedule($1, $2, $3)', 'cron')
    USING v_cron.nome, v_cron.horario, v_cron.comando;
    RETURN v_cron.nome;
END
$body$;

REVOKE ALL ON FUNCTION estoque_agendar() FROM PUBLIC;
COMMENT ON FUNCTION estoque_agendar() IS
    'Puts the minute job into pg_cron, every minute; the name of the job.';
