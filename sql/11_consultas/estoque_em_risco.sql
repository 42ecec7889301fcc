-- The products that end no day of today to today + dias below zero, but would if no entry came: the first
-- such day, the largest shortage there would be, and the first entry that is awaited. By day, then code.
-- Raises 22023 for days that are negative or more than 3650.
CREATE FUNCTION estoque_em_risco(dias integer DEFAULT 28)
RETURNS TABLE (
    cod_produto text, nome_produto text, estoque_atual numeric(15,3), dia_ruptura date, falta numeric,
    proxima_entrada date
)
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
SET plan_cache_mode = force_custom_plan
SET enable_nestloop = off
SET jit = off
AS $body$
#variable_conflict use_column
DECLARE
    v_fim date;
BEGIN
    PERFORM _estoque_exigir_dias(dias, 3650);
    v_fim := estoque_hoje() + dias;

    RETURN QUERY
    WITH suspeito AS MATERIALIZED (
        SELECT t.cod_produto, t.nome_produto, t.saldo_atual
        FROM estoque_tempo_real AS t
        JOIN (
            SELECT m.cod_produto, sum(m.saida_prevista) AS saida
            FROM movimentacao_prevista AS m
            WHERE m.data_prevista <= v_fim
            GROUP BY m.cod_produto
        ) AS x ON x.cod_produto = t.cod_produto
        WHERE t.saldo_atual < x.saida
    ),
    dia AS (
        SELECT s.cod_produto, s.nome_produto, s.saldo_atual, d.data, d.entrada, d.saldo,
            s.saldo_atual - sum(d.saida) OVER (PARTITION BY d.cod_produto ORDER BY d.data) AS sem_entradas
        FROM _estoque_dias(ARRAY(SELECT x.cod_produto FROM suspeito AS x), v_fim) AS d
        JOIN suspeito AS s ON s.cod_produto = d.cod_produto
    )
    SELECT d.cod_produto, d.nome_produto, d.saldo_atual,
        min(d.data) FILTER (WHERE d.sem_entradas < 0) AS ruptura, -min(d.sem_entradas),
        min(d.data) FILTER (WHERE d.entrada > 0)
    FROM dia AS d
    GROUP BY d.cod_produto, d.nome_produto, d.saldo_atual
    HAVING min(d.saldo) >= 0
    ORDER BY ruptura, d.cod_produto;
END
$body$;

GRANT EXECUTE ON FUNCTION estoque_em_risco(integer) TO PUBLIC;
COMMENT ON FUNCTION estoque_em_risco(integer) IS
    'Products that run out unless the planned entries come; 22023 for bad days.';
