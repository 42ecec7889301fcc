-- The days from today to p_fim on which the balance of each product given moves, and today itself, with
-- what comes in and goes out and the balance at their ends; between two such days it stays. Overdue exits
-- leave today, overdue entries do not count. No row for what is no canonical product.
CREATE FUNCTION _estoque_dias(p_produtos text[], p_fim date)
RETURNS TABLE (cod_produto text, data date, entrada numeric, saida numeric, saldo numeric)
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off
SET enable_nestloop = on
AS $body$
DECLARE
    v_hoje date := estoque_hoje();
BEGIN
    RETURN QUERY
    WITH parcela AS (
        SELECT x.p, v_hoje AS dia, 0::numeric AS entra, 0::numeric AS sai, t.saldo_atual AS saldo
        FROM unnest(p_produtos) AS x (p)
        CROSS JOIN LATERAL (
            SELECT e.saldo_atual FROM estoque_tempo_real AS e WHERE e.cod_produto = x.p OFFSET 0
        ) AS t
        UNION ALL
        SELECT x.p, greatest(m.data_prevista, v_hoje),
            CASE WHEN m.data_prevista >= v_hoje THEN m.entrada_prevista ELSE 0 END, m.saida_prevista, 0
        FROM unnest(p_produtos) AS x (p)
        CROSS JOIN LATERAL (
            -- A range of the key, never the days of all products: docs/decisoes/15.
            SELECT p.* FROM movimentacao_prevista AS p
            WHERE ROW(p.cod_produto, p.data_prevista) >= ROW(x.p, '-infinity'::date)
                AND ROW(p.cod_produto, p.data_prevista) <= ROW(x.p, p_fim)
            OFFSET 0
        ) AS m
    )
    SELECT d.p, d.dia, d.entra, d.sai,
        sum(d.saldo + d.entra - d.sai) OVER (PARTITION BY d.p ORDER BY d.dia)
    FROM (
        SELECT r.p, r.dia, sum(r.entra) AS entra, sum(r.sai) AS sai, sum(r.saldo) AS saldo
        FROM parcela AS r
        GROUP BY r.p, r.dia
    ) AS d
    ORDER BY d.p, d.dia;
END
$body$;

GRANT EXECUTE ON FUNCTION _estoque_dias(text[], date) TO PUBLIC;
COMMENT ON FUNCTION _estoque_dias(text[], date) IS
    'The days on which products'' balances move, with the balance at their ends; inner use.';
