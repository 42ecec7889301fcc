-- Product rows with their D7 fields right for today: stored where they hold, projected where not.
-- NULL asks for all products. The one place through which queries read estoque_tempo_real.
CREATE FUNCTION _estoque_atual(p_produtos text[] DEFAULT NULL)
RETURNS TABLE (
    cod_produto text, nome_produto text, saldo_atual numeric(15,3),
    menor_estoque_d7 numeric(15,3), dia_ruptura date, atualizado_em timestamptz,
    valido_desde date, valido_ate date
)
LANGUAGE plpgsql STABLE ROWS 50
SET search_path FROM CURRENT
SET plan_cache_mode = force_custom_plan
SET enable_nestloop = off
AS $body$
DECLARE
    v_hoje date := estoque_hoje();
    v_vencidos text[];
    v_saldos numeric[];
BEGIN
    SELECT array_agg(t.cod_produto), array_agg(t.saldo_atual) INTO v_vencidos, v_saldos
    FROM estoque_tempo_real AS t
    WHERE (p_produtos IS NULL OR t.cod_produto = ANY (p_produtos))
        AND v_hoje NOT BETWEEN t.valido_desde AND t.valido_ate;

    RETURN QUERY
    SELECT t.cod_produto, t.nome_produto, t.saldo_atual, t.menor_estoque_d7, t.dia_ruptura,
        t.atualizado_em, t.valido_desde, t.valido_ate
    FROM estoque_tempo_real AS t
    WHERE (p_produtos IS NULL OR t.cod_produto = ANY (p_produtos))
        AND v_hoje BETWEEN t.valido_desde AND t.valido_ate
    UNION ALL
    SELECT t.cod_produto, t.nome_produto, t.saldo_atual, d.menor, d.dia_ruptura,
        t.atualizado_em, v_hoje, d.valido_ate
    FROM _estoque_d7(v_vencidos, v_saldos) AS d
    JOIN estoque_tempo_real AS t ON t.cod_produto = d.cod_produto
    WHERE t.cod_produto = ANY (v_vencidos);
END
$body$;

GRANT EXECUTE ON FUNCTION _estoque_atual(text[]) TO PUBLIC;
COMMENT ON FUNCTION _estoque_atual(text[]) IS
    'Product rows with D7 fields right for today, of the canonical codes given or of all.';
