-- The state of the whole stock in one row, right for today.
CREATE FUNCTION estoque_estatisticas()
RETURNS TABLE (
    total_produtos bigint, produtos_com_ruptura bigint, produtos_estoque_negativo bigint,
    produtos_estoque_zerado bigint, movimentacoes_previstas_7d bigint, percentual_ruptura numeric
)
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $body$
DECLARE
    v_hoje date := estoque_hoje();
BEGIN
    RETURN QUERY
    SELECT count(*), count(a.dia_ruptura), count(*) FILTER (WHERE a.saldo_atual < 0),
        count(*) FILTER (WHERE a.saldo_atual = 0),
        (SELECT count(*) FROM movimentacao_prevista AS m
         WHERE m.data_prevista BETWEEN v_hoje AND v_hoje + 7),
        coalesce(round(100.0 * count(a.dia_ruptura) / nullif(count(*), 0), 2), 0)
    FROM _estoque_atual() AS a;
END
$body$;

GRANT EXECUTE ON FUNCTION estoque_estatisticas() TO PUBLIC;
COMMENT ON FUNCTION estoque_estatisticas() IS
    'Counts of products, ruptures, negative and zero balances, and forecast rows of today to today + 7.';
