-- What a row of movimentacao_estoque adds to the balance. The sign is in the quantity;
-- NULL in ativo is not true; neither date nor type matters.
CREATE FUNCTION _estoque_contribuicao_movimentacao(p_quantidade numeric, p_ativo boolean) RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN p_ativo THEN _estoque_quantidade(p_quantidade) ELSE 0 END;

GRANT EXECUTE ON FUNCTION _estoque_contribuicao_movimentacao(numeric, boolean) TO PUBLIC;
COMMENT ON FUNCTION _estoque_contribuicao_movimentacao(numeric, boolean) IS
    'Quantity a movement adds to the balance.';
