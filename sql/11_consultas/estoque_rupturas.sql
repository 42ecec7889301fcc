-- The products that end some day of today to today + dias below zero, soonest first.
-- Up to 7 days the maintained fields answer; beyond, products without a rupture so far are projected.
CREATE FUNCTION estoque_rupturas(dias integer DEFAULT 7)
RETURNS TABLE (
    cod_produto text, nome_produto text, estoque_atual numeric(15,3),
    menor_estoque_d7 numeric(15,3), dia_ruptura date, dias_ate_ruptura integer
)
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
SET enable_nestloop = off
AS $body$
#variable_conflict use_column
DECLARE
    v_hoje date := estoque_hoje();
    v_dias integer := dias;
    v_produtos text[];
    v_saldos numeric[];
BEGIN
    PERFORM _estoque_exigir_dias(v_dias);
    IF v_dias > 7 THEN
        SELECT array_agg(t.cod_produto), array_agg(t.saldo_atual) INTO v_produtos, v_saldos
        FROM estoque_tempo_real AS t
        WHERE EXISTS (
            SELECT FROM movimentacao_prevista AS m
            WHERE m.cod_produto = t.cod_produto AND m.data_prevista > v_hoje + 7);
    END IF;

    RETURN QUERY
    SELECT r.cod_produto, r.nome_produto, r.saldo_atual, r.menor_estoque_d7, r.ruptura,
        r.ruptura - v_hoje
    FROM (
        SELECT a.cod_produto, a.nome_produto, a.saldo_atual, a.menor_estoque_d7,
            coalesce(a.dia_ruptura, d.dia_ruptura) AS ruptura
        FROM _estoque_atual() AS a
        LEFT JOIN _estoque_d7(v_produtos, v_saldos, v_dias) AS d ON d.cod_produto = a.cod_produto
    ) AS r
    WHERE r.ruptura - v_hoje <= v_dias
    ORDER BY r.ruptura, r.cod_produto;
END
$body$;

GRANT EXECUTE ON FUNCTION estoque_rupturas(integer) TO PUBLIC;
COMMENT ON FUNCTION estoque_rupturas(integer) IS
    'Products that run out within the days given, by date and code; 22023 for negative days.';
