-- What a row of pre_separacao_item adds to the exits of its date, by its status alone
-- (NULL counts as CRIADO; recomposto and tipo_envio are the ERP's own).
CREATE FUNCTION _estoque_contribuicao_pre_separacao(
    p_codigo text, p_data date, p_quantidade numeric, p_status text
) RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN coalesce(p_status, 'CRIADO') IN ('CRIADO', 'RECOMPOSTO')
            THEN _estoque_quantidade_prevista(p_codigo, p_data, p_quantidade) ELSE 0 END;

GRANT EXECUTE ON FUNCTION _estoque_contribuicao_pre_separacao(text, date, numeric, text) TO PUBLIC;
COMMENT ON FUNCTION _estoque_contribuicao_pre_separacao(text, date, numeric, text) IS
    'Quantity an open pre-separation adds to the exits of its date.';
