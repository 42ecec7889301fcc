-- The balance of a product day by day, dias + 1 rows from today on; none for an unknown code.
-- Exits that are overdue leave today; entries that are overdue are not counted.
CREATE FUNCTION estoque_projecao(codigo text, dias integer DEFAULT 28)
RETURNS TABLE (
    dia integer, data date, saldo_inicial numeric, entrada numeric, saida numeric,
    saldo_final numeric
)
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
SET enable_seqscan = off
AS $body$
#variable_conflict use_column
DECLARE
    v_hoje date := estoque_hoje();
    v_dias integer := dias;
    v_produto text := estoque_codigo(codigo);
BEGIN
    PERFORM _estoque_exigir_dias(v_dias);

    RETURN QUERY
    WITH previsto AS (
        SELECT greatest(m.data_prevista, v_hoje) - v_hoje AS dia,
            sum(m.entrada_prevista) FILTER (WHERE m.data_prevista >= v_hoje) AS entrada,
            sum(m.saida_prevista) AS saida
        FROM movimentacao_prevista AS m
        -- A range of the key, never the days of all products: docs/decisoes/15.
        WHERE m.cod_produto = v_produto
            AND ROW(m.cod_produto, m.data_prevista) <= ROW(v_produto, v_hoje + v_dias)
        GROUP BY 1
    ),
    dia AS (
        SELECT g.dia, t.saldo_atual AS saldo, coalesce(p.entrada, 0) AS entrada,
            coalesce(p.saida, 0) AS saida,
            t.saldo_atual + sum(coalesce(p.entrada, 0) - coalesce(p.saida, 0))
                OVER (ORDER BY g.dia) AS final
        FROM estoque_tempo_real AS t
        CROSS JOIN generate_series(0, v_dias) AS g (dia)
        LEFT JOIN previsto AS p ON p.dia = g.dia
        WHERE t.cod_produto = v_produto
    )
    SELECT d.dia, v_hoje + d.dia, d.final - d.entrada + d.saida, d.entrada, d.saida, d.final
    FROM dia AS d
    ORDER BY d.dia;
END
$body$;

GRANT EXECUTE ON FUNCTION estoque_projecao(text, integer) TO PUBLIC;
COMMENT ON FUNCTION estoque_projecao(text, integer) IS
    'Projected balance of a product for today and the days after it; 22023 for negative days.';
