-- The products that end some day of today to today + dias below zero by more than their tolerance
-- (estoque_regra), soonest first. With the largest shortage on any of these days (falta) and the last day
-- below zero (fim_ruptura), NULL where that is today + dias. dia_ruptura is the first such day;
-- menor_estoque_d7 knows no tolerance.
-- Up to 7 days the maintained fields answer, the end of each day among them. Beyond, a product without a
-- rupture so far is projected where the exits of the days beyond come to more than its lowest balance: no
-- other can run out. Most are seen not to by the largest of these sums alone.
-- Planned for the day at hand: what a plan for any day takes for many is a handful.
CREATE FUNCTION estoque_rupturas(dias integer DEFAULT 7)
RETURNS TABLE (
    cod_produto text, nome_produto text, estoque_atual numeric(15,3),
    menor_estoque_d7 numeric(15,3), dia_ruptura date, dias_ate_ruptura integer, falta numeric,
    fim_ruptura date
)
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
SET plan_cache_mode = force_custom_plan
SET enable_nestloop = off
SET enable_mergejoin = off
AS $body$
#variable_conflict use_column
DECLARE
    v_hoje date := estoque_hoje();
    v_dias integer := dias;
    v_fim date;
    v_produtos text[];
    v_nomes text[];
    v_saldos numeric[];
    v_menores numeric[];
BEGIN
    PERFORM _estoque_exigir_dias(v_dias);
    v_fim := v_hoje + least(v_dias, '9999-12-31'::date - v_hoje);

    IF v_dias <= 7 THEN
        RETURN QUERY
        WITH a AS MATERIALIZED (
            SELECT t.* FROM _estoque_atual(v_hoje) AS t WHERE t.dia_ruptura <= v_fim
        ),
        dia AS (
            SELECT a.*, generate_series(0, v_fim - v_hoje) AS daqui FROM a
        )
        SELECT d.cod_produto, d.nome_produto, d.saldo_atual, d.menor_estoque_d7,
            v_hoje + min(d.daqui), min(d.daqui), -min(d.saldo_atual + d.liquidos[d.daqui + 1]),
            nullif(v_hoje + max(d.daqui), v_fim)
        FROM dia AS d
        JOIN _estoque_tolerancias(ARRAY(SELECT a.cod_produto FROM a)) AS r
            ON r.cod_produto = d.cod_produto
        WHERE d.saldo_atual + d.liquidos[d.daqui + 1] < -r.tolerancia
        GROUP BY d.cod_produto, d.nome_produto, d.saldo_atual, d.menor_estoque_d7
        ORDER BY min(d.daqui), d.cod_produto;
        RETURN;
    END IF;

    WITH adiante AS (
        SELECT m.cod_produto, sum(m.saida_prevista) AS saida
        FROM movimentacao_prevista AS m
        WHERE m.data_prevista > v_hoje + 7 AND m.data_prevista <= v_fim
        GROUP BY m.cod_produto
    )
    SELECT array_agg(a.cod_produto), array_agg(a.nome_produto), array_agg(a.saldo_atual),
        array_agg(a.menor_estoque_d7)
    INTO v_produtos, v_nomes, v_saldos, v_menores
    FROM _estoque_atual(v_hoje) AS a
    LEFT JOIN adiante AS x ON x.cod_produto = a.cod_produto
    WHERE a.menor_estoque_d7 < (SELECT greatest(max(m.saida), 0) FROM adiante AS m)
        AND (a.dia_ruptura IS NOT NULL OR a.menor_estoque_d7 < x.saida);

    RETURN QUERY
    SELECT x.produto, x.nome, x.saldo, x.menor, f.ruptura, f.ruptura - v_hoje, f.falta, f.fim
    FROM unnest(v_produtos, v_nomes, v_saldos, v_menores) AS x (produto, nome, saldo, menor)
    JOIN _estoque_faltas(v_produtos, v_fim) AS f ON f.cod_produto = x.produto
    ORDER BY f.ruptura, x.produto;
END
$body$;

GRANT EXECUTE ON FUNCTION estoque_rupturas(integer) TO PUBLIC;
COMMENT ON FUNCTION estoque_rupturas(integer) IS
    'Products that run out within the days given, by date and code; 22023 for negative days.';
