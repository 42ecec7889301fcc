-- The specification of the forecast: per canonical product and date, summed from the documents.
-- NULL asks for all products.
CREATE FUNCTION _estoque_previsao_recalculada(p_produtos text[] DEFAULT NULL)
RETURNS TABLE (
    cod_produto text, data_prevista date, entrada_prevista numeric, saida_prevista numeric
)
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
SET plan_cache_mode = force_custom_plan
SET enable_seqscan = off
SET jit = off
SET enable_nestloop = off
AS $body$
DECLARE
    v_codigos text[] := _estoque_membros(p_produtos);
BEGIN
    -- The sources are asked for each code of a few; for many it may be less to read them once.
    IF v_codigos IS NULL OR cardinality(v_codigos) > 1000 THEN
        PERFORM set_config('enable_seqscan', 'on', true);
    END IF;
    RETURN QUERY
    SELECT coalesce(c.cod_produto, f.codigo), f.data, sum(f.entrada), sum(f.saida)
    FROM _estoque_contribuicoes(v_codigos, v_codigos IS NULL, 'previsao') AS f
    LEFT JOIN (
        SELECT c.codigo, c.cod_produto FROM estoque_codigo_conhecido AS c
        WHERE v_codigos IS NULL OR c.codigo = ANY (v_codigos)
    ) AS c ON c.codigo = f.codigo
    WHERE f.entrada <> 0 OR f.saida <> 0
    GROUP BY 1, 2;
END
$body$;

GRANT EXECUTE ON FUNCTION _estoque_previsao_recalculada(text[]) TO PUBLIC;
COMMENT ON FUNCTION _estoque_previsao_recalculada(text[]) IS
    'Forecast per canonical product and date, summed from the open documents.';
