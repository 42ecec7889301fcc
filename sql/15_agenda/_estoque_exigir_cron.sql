-- Refuses where pg_cron is not in this database (EP004), saying what to do instead: p_alhures is the
-- statement for the database it is in. Refuses (42501) who may not use the schema cron, and (0A000) a
-- node of Citus: a job belongs to the coordinator, from where it follows the schema to any node.
CREATE FUNCTION _estoque_exigir_cron(p_alhures text) RETURNS void
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $body$
DECLARE
    v_cron record;
    v_modelo text;
    v_dica text;
    v_valores text[];
    v_coordenador boolean := true;
BEGIN
    IF _estoque_no_citus() THEN
        EXECUTE format('SELECT %I()', 'citus_is_coordinator') INTO v_coordenador;
    END IF;
    IF NOT v_coordenador THEN
        v_modelo :=
            'the minute job of a schema that Citus has distributed is scheduled at the coordinator';
        v_dica := 'Connect to the coordinator and run it again.';
        RAISE EXCEPTION USING ERRCODE = 'feature_not_supported', MESSAGE = v_modelo, HINT = v_dica,
            CONSTRAINT = v_modelo, DATATYPE = '[]';
    END IF;
    SELECT k.* INTO v_cron FROM _estoque_cron() AS k;
    IF NOT v_cron.aqui THEN
        v_modelo := 'pg_cron is not in the database %s';
        v_dica := 'In the database %s, where pg_cron is, run: %s; or let `estoque worker` do the job.';
        v_valores := ARRAY[quote_ident(coalesce(v_cron.banco_do_cron, 'postgres')), p_alhures];
        RAISE EXCEPTION USING ERRCODE = 'EP004',
            MESSAGE = format(v_modelo, quote_ident(v_cron.banco)),
            HINT = format(v_dica, VARIADIC v_valores),
            CONSTRAINT = v_modelo,
            DATATYPE = json_build_object('valores', json_build_array(quote_ident(v_cron.banco)),
                'dica', v_dica || v_valores)::text;
    ELSIF NOT has_schema_privilege('cron', 'USAGE') THEN
        v_modelo := 'permission denied for the schema cron to %s';
        v_dica := 'As superuser: %s';
        v_valores := ARRAY[format('GRANT USAGE ON SCHEMA cron TO %I;', current_user)];
        RAISE EXCEPTION USING ERRCODE = 'insufficient_privilege',
            MESSAGE = format(v_modelo, quote_ident(current_user)),
            HINT = format(v_dica, VARIADIC v_valores),
            CONSTRAINT = v_modelo,
            DATATYPE = json_build_object('valores', json_build_array(quote_ident(current_user)),
                'dica', v_dica || v_valores)::text;
    END IF;
END
$body$;

GRANT EXECUTE ON FUNCTION _estoque_exigir_cron(text) TO PUBLIC;
COMMENT ON FUNCTION _estoque_exigir_cron(text) IS
    'Raises unless pg_cron is in this database and the caller may use it; inner use.';
