-- The specification of the forecast: per canonical product and date, summed from the documents.
-- NULL asks for all products. The gate is read from the shipment items themselves.
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
    SELECT coalesce(c.cod_produto, d.codigo), d.data, sum(d.entrada), sum(d.saida)
    FROM (
        SELECT f.cod_produto::text AS codigo, f.data_expedicao_editada::date AS data, 0 AS entrada,
            _estoque_contribuicao_pre_separacao(f.cod_produto::text, f.data_expedicao_editada::date,
                f.qtd_selecionada_usuario::numeric, f.status::text) AS saida
        FROM pre_separacao_item AS f
        WHERE v_codigos IS NULL OR f.cod_produto = ANY (v_codigos)
        UNION ALL
        SELECT f.cod_produto::text, f.expedicao::date, 0,
            _estoque_contribuicao_separacao(f.cod_produto::text, f.expedicao::date,
                f.qtd_saldo::numeric, EXISTS (
                    SELECT FROM embarque_itens AS e
                    WHERE e.separacao_lote_id = f.separacao_lote_id
                        AND _estoque_fatura(e.status, e.nota_fiscal, e.erro_validacao)))
        FROM separacao AS f
        WHERE v_codigos IS NULL OR f.cod_produto = ANY (v_codigos)
        UNION ALL
        SELECT f.cod_produto::text, f.data_programacao::date,
            _estoque_contribuicao_programacao(f.cod_produto::text, f.data_programacao::date,
                f.qtd_programada::numeric), 0
        FROM programacao_producao AS f
        WHERE v_codigos IS NULL OR f.cod_produto = ANY (v_codigos)
    ) AS d (codigo, data, entrada, saida)
    LEFT JOIN estoque_codigo_conhecido AS c ON c.codigo = d.codigo
    WHERE d.entrada <> 0 OR d.saida <> 0
    GROUP BY 1, 2;
END
$body$;

COMMENT ON FUNCTION _estoque_previsao_recalculada(text[]) IS
    'Forecast per canonical product and date, summed from the open documents.';
