-- The specification of the forecast: per canonical product and date, summed from the documents.
-- NULL asks for all products.
CREATE FUNCTION _estoque_previsao_recalculada(p_produtos text[] DEFAULT NULL)
RETURNS TABLE (
    cod_produto text, data_prevista date, entrada_prevista numeric, saida_prevista numeric
)
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
SET plan_cache_mode = force_custom_plan
AS $body$
DECLARE
    v_codigos text[] := _estoque_membros(p_produtos);
BEGIN
    RETURN QUERY
    SELECT coalesce(c.cod_produto, f.codigo), f.data, sum(f.entrada), sum(f.saida)
    FROM _estoque_contribuicoes(v_codigos, v_codigos IS NULL, 'previsao') AS f
    LEFT JOIN estoque_codigo_conhecido AS c ON c.codigo = f.codigo
    WHERE f.entrada <> 0 OR f.saida <> 0
    GROUP BY 1, 2;
END
$body$;

GRANT EXECUTE ON FUNCTION _estoque_previsao_recalculada(text[]) TO PUBLIC;
COMMENT ON FUNCTION _estoque_previsao_recalculada(text[]) IS
    'Forecast per canonical product and date, summed from the open documents.';
