-- estoque_recalcular, and the balance it leaves: what the HTTP application answers, in one call.
-- VOLATILE, so that the second statement sees what the first corrected. No row for an unknown code;
-- a NULL balance when the code is unknown now because a stray row of it was removed. With the rights
-- of its caller, who may call it when estoque_recalcular was granted.
CREATE FUNCTION _estoque_recalcular_produto(p_codigo text)
RETURNS TABLE (cod_produto text, saldo_atual numeric, corrigido boolean)
LANGUAGE plpgsql VOLATILE
SET search_path FROM CURRENT
AS $body$
DECLARE
    v_corrigidos bigint := estoque_recalcular(p_codigo);
BEGIN
    RETURN QUERY
    SELECT coalesce(t.cod_produto, p_codigo), t.saldo_atual::numeric, v_corrigidos > 0
    FROM (SELECT estoque_codigo(p_codigo) AS cod_produto) AS c
    LEFT JOIN estoque_tempo_real AS t ON t.cod_produto = c.cod_produto
    WHERE t.cod_produto IS NOT NULL OR v_corrigidos > 0;
END
$body$;

GRANT EXECUTE ON FUNCTION _estoque_recalcular_produto(text) TO PUBLIC;
COMMENT ON FUNCTION _estoque_recalcular_produto(text) IS
    'Rebuilds the product of a code and returns its balance and whether anything was wrong.';
