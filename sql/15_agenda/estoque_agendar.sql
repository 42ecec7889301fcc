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
    v_comando text;
    v_modelo CONSTANT text := 'the job would run as %s, who may not run it';
    v_dica CONSTANT text := 'As the owner: %s';
BEGIN
    SELECT k.* INTO v_cron FROM _estoque_cron() AS k;
    IF NOT has_function_privilege('estoque_minuto()', 'EXECUTE') THEN
        v_comando := format('GRANT EXECUTE ON FUNCTION %I.estoque_minuto() TO %I;',
            current_schema(), current_user);
        RAISE EXCEPTION USING ERRCODE = 'insufficient_privilege',
            MESSAGE = format(v_modelo, quote_ident(current_user)),
            HINT = format(v_dica, v_comando),
            CONSTRAINT = v_modelo,
            DATATYPE = json_build_object('valores', json_build_array(quote_ident(current_user)),
                'dica', json_build_array(v_dica, v_comando))::text;
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
