-- Refuses a horizon in days that is NULL, negative, or beyond the most that an answer may have (NULL:
-- any). Raises 22023.
CREATE FUNCTION _estoque_exigir_dias(p_dias integer, p_maximo integer DEFAULT NULL) RETURNS void
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
AS $body$
BEGIN
    IF p_dias IS NULL OR p_dias < 0 THEN
        PERFORM _estoque_acusar('22023', 'dias', 'dias must be zero or more, not %s',
            'Give the number of days from today.', coalesce(p_dias::text, 'NULL'));
    ELSIF p_dias > p_maximo THEN
        PERFORM _estoque_acusar('22023', 'dias', 'dias must be %s at most, not %s',
            'Give the number of days from today.', p_maximo::text, p_dias::text);
    END IF;
END
$body$;

GRANT EXECUTE ON FUNCTION _estoque_exigir_dias(integer, integer) TO PUBLIC;
COMMENT ON FUNCTION _estoque_exigir_dias(integer, integer) IS
    'Raises 22023 for days that are NULL, negative, or too many; inner use.';
