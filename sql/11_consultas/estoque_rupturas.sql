-- The products that end some day of today to today + dias below zero, soonest first.
-- Up to 7 days the maintained fields answer. Beyond, a product without a rupture so far is projected
-- where the exits of the days beyond come to more than its lowest balance: no other can run out.
-- Planned for the day at hand: what a plan for any day takes for many is a handful.
CREATE FUNCTION estoque_rupturas(dias integer DEFAULT 7)
RETURNS TABLE (
    cod_produto text, nome_produto text, estoque_atual numeric(15,3),
    menor_estoque_d7 numeric(15,3), dia_ruptura date, dias_ate_ruptura integer
)
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
SET plan_cache_mode = force_custom_plan
SET enable_nestloop = off
AS $body$
#variable_conflict use_column
DECLARE
    v_hoje date := estoque_hoje();
    v_dias integer := dias;
    v_fim date;
BEGIN
    PERFORM _estoque_exigir_dias(v_dias);
    v_fim := v_hoje + least(v_dias, '9999-12-31'::date - v_hoje);

    IF v_dias <= 7 THEN
        RETURN QUERY
        SELECT a.cod_produto, a.nome_produto, a.saldo_atual, a.menor_estoque_d7, a.dia_ruptura,
            a.dia_ruptura - v_hoje
        FROM _estoque_atual(v_hoje) AS a
        WHERE a.dia_ruptura <= v_fim
        ORDER BY a.dia_ruptura, a.cod_produto;
        RETURN;
    END IF;

    RETURN QUERY
    WITH adiante AS (
        SELECT m.cod_produto, sum(m.saida_prevista) AS saida
        FROM movimentacao_prevista AS m
        WHERE m.data_prevista > v_hoje + 7 AND m.data_prevista <= v_fim
        GROUP BY m.cod_produto
    ),
    suspeito AS MATERIALIZED (
        SELECT a.*
        FROM _estoque_atual(v_hoje) AS a
        LEFT JOIN adiante AS x ON x.cod_produto = a.cod_produto
        WHERE a.dia_ruptura IS NOT NULL OR a.menor_estoque_d7 < x.saida
    ),
    projetado AS (
        SELECT d.cod_produto, d.dia_ruptura
        FROM _estoque_d7(
            ARRAY(SELECT s.cod_produto FROM suspeito AS s WHERE s.dia_ruptura IS NULL),
            ARRAY(SELECT s.saldo_atual FROM suspeito AS s WHERE s.dia_ruptura IS NULL), v_dias) AS d
    )
    SELECT r.cod_produto, r.nome_produto, r.saldo_atual, r.menor_estoque_d7, r.ruptura,
        r.ruptura - v_hoje
    FROM (
        SELECT s.*, coalesce(s.dia_ruptura, p.dia_ruptura) AS ruptura
        FROM suspeito AS s
        LEFT JOIN projetado AS p ON p.cod_produto = s.cod_produto
    ) AS r
    WHERE r.ruptura IS NOT NULL
    ORDER BY r.ruptura, r.cod_produto;
END
$body$;

GRANT EXECUTE ON FUNCTION estoque_rupturas(integer) TO PUBLIC;
COMMENT ON FUNCTION estoque_rupturas(integer) IS
    'Products that run out within the days given, by date and code; 22023 for negative days.';
