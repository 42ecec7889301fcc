-- Whether a quantity of a source row can be counted: NULL, or finite and within numeric(15,3).
-- NaN sorts above every number, so the upper bound refuses it too.
CREATE FUNCTION _estoque_cabe(p_quantidade numeric) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN p_quantidade IS NULL OR (p_quantidade > -999999999999.9995 AND p_quantidade < 999999999999.9995);

GRANT EXECUTE ON FUNCTION _estoque_cabe(numeric) TO PUBLIC;
COMMENT ON FUNCTION _estoque_cabe(numeric) IS
    'True when a source quantity is NULL, or finite and within numeric(15,3).';
