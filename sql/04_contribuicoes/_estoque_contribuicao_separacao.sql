-- What a row of separacao adds to the exits of its date: nothing once its lot is invoiced.
CREATE FUNCTION _estoque_contribuicao_separacao(
    p_codigo text, p_data date, p_quantidade numeric, p_faturado boolean
) RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN p_faturado THEN 0 ELSE _estoque_quantidade_prevista(p_codigo, p_data, p_quantidade) END;

GRANT EXECUTE ON FUNCTION _estoque_contribuicao_separacao(text, date, numeric, boolean) TO PUBLIC;
COMMENT ON FUNCTION _estoque_contribuicao_separacao(text, date, numeric, boolean) IS
    'Quantity a separation adds to the exits of its date while its lot is not invoiced.';
