-- Refuses a horizon in days that is NULL or negative. Raises 22023.
CREATE FUNCTION _estoque_exigir_dias(p_dias integer) RETURNS void
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
AS $body$
BEGIN
    IF p_dias IS NULL OR p_dias < 0 THEN
        RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value',
            MESSAGE = format('dias must be zero or more, not %s', coalesce(p_dias::text, 'NULL')),
            HINT = 'Give the number of days from today.';
    END IF;
END
$body$;

GRANT EXECUTE ON FUNCTION _estoque_exigir_dias(integer) TO PUBLIC;
COMMENT ON FUNCTION _estoque_exigir_dias(integer) IS 'Raises 22023 for a NULL or negative horizon.';
