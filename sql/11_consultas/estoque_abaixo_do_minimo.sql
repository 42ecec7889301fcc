-- The products that end some day of today to today + dias below their minimum by more than their
-- tolerance (estoque_regra): the first such day, the lowest end of day, what is lacking to the minimum
-- then, and by when to order: the lead time before the first day, NULL where there is none. By day, then
-- code. Of the products without a rule of their own, only those with an open document or a movement in
-- the last 12 months.
-- Reads the sources with its owner's rights: who may run it need not have any on them. Raises 22023 for
-- days that are negative or more than 3650.
CREATE FUNCTION estoque_abaixo_do_minimo(dias integer DEFAULT 28)
RETURNS TABLE (
    cod_produto text, nome_produto text, minimo numeric, primeiro_dia date, menor_saldo numeric,
    falta numeric, pedir_ate date
)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path FROM CURRENT
SET row_security = off
SET plan_cache_mode = force_custom_plan
SET enable_nestloop = off
SET jit = off
AS $body$
#variable_conflict use_column
DECLARE
    v_hoje date := estoque_hoje();
    v_fim date;
    v_ha_um_ano date := (v_hoje - interval '12 months')::date;
    g estoque_regra;
BEGIN
    PERFORM _estoque_exigir_dias(dias, 3650);
    v_fim := v_hoje + dias;
    -- Not joined: a loop, however short, is what is switched off here, and such a cost has plans compiled.
    SELECT r.* INTO g FROM estoque_regra AS r WHERE r.cod_produto IS NULL;

    RETURN QUERY
    WITH regra AS MATERIALIZED (SELECT r.* FROM _estoque_regras() AS r),
    -- Without any entry it could end no day lower than with all its exits.
    suspeito AS MATERIALIZED (
        SELECT t.cod_produto, t.nome_produto, r.cod_produto IS NOT NULL AS propria,
            coalesce(r.minimo, g.minimo, 0) AS minimo,
            coalesce(r.tolerancia, g.tolerancia, 0) AS tolerancia,
            CASE WHEN r.cod_produto IS NULL THEN g.prazo_reposicao ELSE r.prazo_reposicao END AS prazo
        FROM estoque_tempo_real AS t
        LEFT JOIN regra AS r ON r.cod_produto = t.cod_produto
        LEFT JOIN (
            SELECT m.cod_produto, sum(m.saida_prevista) AS saida
            FROM movimentacao_prevista AS m
            WHERE m.data_prevista <= v_fim
            GROUP BY m.cod_produto
        ) AS x ON x.cod_produto = t.cod_produto
        WHERE t.saldo_atual - coalesce(x.saida, 0)
            < coalesce(r.minimo, g.minimo, 0) - coalesce(r.tolerancia, g.tolerancia, 0)
    ),
    abaixo AS MATERIALIZED (
        SELECT s.cod_produto, s.nome_produto, s.propria, s.minimo, s.prazo,
            min(d.data) FILTER (WHERE d.saldo < s.minimo - s.tolerancia) AS primeiro,
            min(d.saldo) AS menor
        FROM suspeito AS s
        JOIN _estoque_dias(ARRAY(SELECT x.cod_produto FROM suspeito AS x), v_fim) AS d
            ON d.cod_produto = s.cod_produto
        GROUP BY s.cod_produto, s.nome_produto, s.propria, s.minimo, s.tolerancia, s.prazo
    )
    SELECT a.cod_produto, a.nome_produto, a.minimo, a.primeiro, a.menor, a.minimo - a.menor,
        a.primeiro - a.prazo
    FROM abaixo AS a
    WHERE a.primeiro IS NOT NULL
        AND (a.propria OR _estoque_em_uso(a.cod_produto, v_ha_um_ano))
    ORDER BY a.primeiro, a.cod_produto;
END
$body$;

REVOKE ALL ON FUNCTION estoque_abaixo_do_minimo(integer) FROM PUBLIC;
COMMENT ON FUNCTION estoque_abaixo_do_minimo(integer) IS
    'Products that fall below their minimum, and by when to order; 22023 for bad days.';
