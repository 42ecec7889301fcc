-- All product rows with their D7 fields right for today, which the caller names, and with the forecast
-- summed up to the ends of today to today + 7: stored where they hold, projected where not. Questions about the whole stock read it; called in FROM it becomes part of their
-- query, so that a condition on dia_ruptura goes by its index. estoque_consultar and the view
-- estoque_por_codigo do the same for the products they are asked about.
CREATE FUNCTION _estoque_atual(p_hoje date)
RETURNS TABLE (
    cod_produto text, nome_produto text, saldo_atual numeric(15,3),
    menor_estoque_d7 numeric(15,3), dia_ruptura date, liquidos numeric[]
)
LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT t.cod_produto, t.nome_produto, t.saldo_atual, t.menor_estoque_d7, t.dia_ruptura,
        _estoque_liquidos_em(t.liquidos, p_hoje - t.valido_desde)
    FROM estoque_tempo_real AS t
    WHERE p_hoje BETWEEN t.valido_desde AND t.valido_ate
    UNION ALL
    SELECT t.cod_produto, t.nome_produto, t.saldo_atual, v.menor_estoque_d7, v.dia_ruptura,
        v.liquidos
    FROM _estoque_vencidos() AS v
    JOIN estoque_tempo_real AS t ON t.cod_produto = v.cod_produto;
END;

GRANT EXECUTE ON FUNCTION _estoque_atual(date) TO PUBLIC;
COMMENT ON FUNCTION _estoque_atual(date) IS
    'All product rows with D7 fields right for today, to be part of a query; inner use.';
