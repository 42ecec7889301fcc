-- A quantity as it is promised on a date: only positive ones, of a known product, on a known date.
CREATE FUNCTION _estoque_quantidade_prevista(p_codigo text, p_data date, p_quantidade numeric)
RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN p_codigo IS NULL OR p_data IS NULL THEN 0
            ELSE greatest(_estoque_quantidade(p_quantidade), 0) END;

GRANT EXECUTE ON FUNCTION _estoque_quantidade_prevista(text, date, numeric) TO PUBLIC;
COMMENT ON FUNCTION _estoque_quantidade_prevista(text, date, numeric) IS
    'Quantity a document promises: 0 without product or date, and for what is not positive.';
