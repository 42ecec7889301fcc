-- A source quantity as it is counted: rounded to 3 decimals per row, before any sum.
-- NULL is 0; so is what does not fit, which only rows older than the triggers can hold.
CREATE FUNCTION _estoque_quantidade(p_quantidade numeric) RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN _estoque_cabe(p_quantidade) THEN coalesce(round(p_quantidade, 3), 0) ELSE 0 END;

GRANT EXECUTE ON FUNCTION _estoque_quantidade(numeric) TO PUBLIC;
COMMENT ON FUNCTION _estoque_quantidade(numeric) IS
    'A source quantity rounded to 3 decimals; 0 for NULL, NaN, infinities and overflow.';
