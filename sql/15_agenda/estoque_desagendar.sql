-- Takes the minute job out of the pg_cron of this database: the caller's, for a superuser anybody's.
-- Returns whether there was one. Raises as estoque_agendar does.
CREATE FUNCTION estoque_desagendar() RETURNS boolean
LANGUAGE plpgsql VOLATILE
SET search_path FROM CURRENT
AS $body$
DECLARE
    v_cron record;
    v_tirados bigint;
BEGIN
    SELECT k.* INTO v_cron FROM _estoque_cron() AS k;
    PERFORM _estoque_exigir_cron(format(
        'SELECT cron.unschedule(jobid) FROM cron.job WHERE jobname = %L', v_cron.nome));
    -- Two sessions that schedule at once shall leave one job.
    PERFORM pg_advisory_xact_lock(hashtextextended(v_cron.nome, 0));
    EXECUTE format('SELECT count(%1$I.unschedule(j.jobid)) FROM %1$I.job AS j WHERE j.jobname = $1',
        'cron')
    INTO v_tirados USING v_cron.nome;
    RETURN v_tirados > 0;
END
$body$;

REVOKE ALL ON FUNCTION estoque_desagendar() FROM PUBLIC;
COMMENT ON FUNCTION estoque_desagendar() IS
    'Takes the minute job out of pg_cron; whether there was one.';
