-- Refuses where pg_cron is not in this database (EP004), saying what to do instead: p_alhures is the
-- statement for the database it is in. Refuses (42501) who may not use the schema cron.
CREATE FUNCTION _estoque_exigir_cron(p_alhures text) RETURNS void
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $body$
DECLARE
    v_cron record;
BEGIN
    SELECT k.* INTO v_cron FROM _estoque_cron() AS k;
    IF NOT v_cron.aqui THEN
        RAISE EXCEPTION USING ERRCODE = 'EP004',
            MESSAGE = format('pg_cron is not in the database %I', v_cron.banco),
            HINT = format('In the database %I, where pg_cron is, run: %s; or let `estoque worker`'
                ' do the job.', coalesce(v_cron.banco_do_cron, 'postgres'), p_alhures);
    ELSIF NOT has_schema_privilege('cron', 'USAGE') THEN
        RAISE EXCEPTION USING ERRCODE = 'insufficient_privilege',
            MESSAGE = format('permission denied for the schema cron to %I', current_user),
            HINT = format('As superuser: GRANT USAGE ON SCHEMA cron TO %I;', current_user);
    END IF;
END
$body$;

GRANT EXECUTE ON FUNCTION _estoque_exigir_cron(text) TO PUBLIC;
COMMENT ON FUNCTION _estoque_exigir_cron(text) IS
    'Raises unless pg_cron is in this database and the caller may use it; inner use.';
