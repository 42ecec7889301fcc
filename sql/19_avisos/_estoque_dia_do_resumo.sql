-- The day whose digest is due by now, at an hour of a subscription's own time zone: no business day, which
-- estoque_hoje() alone knows. NULL without an hour.
CREATE FUNCTION _estoque_dia_do_resumo(p_hora time, p_fuso text) RETURNS date
LANGUAGE sql STABLE PARALLEL SAFE
RETURN ((now() AT TIME ZONE p_fuso) - p_hora::interval)::date;

REVOKE ALL ON FUNCTION _estoque_dia_do_resumo(time, text) FROM PUBLIC;
COMMENT ON FUNCTION _estoque_dia_do_resumo(time, text) IS
    'The day whose digest is due by now in a time zone; inner use.';
