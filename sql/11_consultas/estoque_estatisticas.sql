-- The state of the whole stock in one row, right for today. Balances do not depend on the day: they
-- are counted in one pass over the products; ruptures and forecast rows go by their indexes.
CREATE FUNCTION estoque_estatisticas()
RETURNS TABLE (
    total_produtos bigint, produtos_com_ruptura bigint, produtos_estoque_negativo bigint,
    produtos_estoque_zerado bigint, movimentacoes_previstas_7d bigint, percentual_ruptura numeric
)
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
SET plan_cache_mode = force_custom_plan
SET enable_nestloop = off
AS $body$
DECLARE
    v_hoje date := estoque_hoje();
BEGIN
    RETURN QUERY
    SELECT e.total, e.rupturas, e.negativos, e.zerados, e.previsoes,
        coalesce(round(100.0 * e.rupturas / nullif(e.total, 0), 2), 0)
    FROM (
        SELECT count(*) AS total, count(*) FILTER (WHERE p.saldo_atual < 0) AS negativos,
            count(*) FILTER (WHERE p.saldo_atual = 0) AS zerados,
            (SELECT count(*) FROM _estoque_atual(v_hoje) AS a
             WHERE a.dia_ruptura IS NOT NULL) AS rupturas,
            (SELECT count(*) FROM movimentacao_prevista AS m
             WHERE m.data_prevista BETWEEN v_hoje AND v_hoje + 7) AS previsoes
        FROM estoque_tempo_real AS p
    ) AS e;
END
$body$;

GRANT EXECUTE ON FUNCTION estoque_estatisticas() TO PUBLIC;
COMMENT ON FUNCTION estoque_estatisticas() IS
    'Counts of products, ruptures, negative and zero balances, and forecast rows of today to today + 7.';
