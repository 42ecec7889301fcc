-- What a row of programacao_producao adds to the entries of its date.
CREATE FUNCTION _estoque_contribuicao_programacao(
    p_codigo text, p_data date, p_quantidade numeric
) RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN _estoque_quantidade_prevista(p_codigo, p_data, p_quantidade);

GRANT EXECUTE ON FUNCTION _estoque_contribuicao_programacao(text, date, numeric) TO PUBLIC;
COMMENT ON FUNCTION _estoque_contribuicao_programacao(text, date, numeric) IS
    'Quantity planned production adds to the entries of its date.';
