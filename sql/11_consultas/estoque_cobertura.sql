-- For how long the stock of each known code of a list lasts, by two measures: what left in the 30 days
-- before today (exits are active negative movements), and the open exits alone, as if nothing came in.
-- An infinite date never comes. Reads the movements with its owner's rights: who may run it need not
-- have any on them.
CREATE FUNCTION estoque_cobertura(codigos text[])
RETURNS TABLE (
    codigo_consultado text, cod_produto text, nome_produto text, estoque_atual numeric(15,3),
    saida_diaria numeric, dias_por_consumo numeric, dias_por_documentos integer
)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path FROM CURRENT
SET row_security = off
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off
SET jit = off
AS $body$
#variable_conflict use_column
DECLARE
    v_hoje date := estoque_hoje();
BEGIN
    RETURN QUERY
    SELECT x.codigo, p.cod_produto, p.nome_produto, p.saldo_atual, round(s.soma / 30, 3),
        round(greatest(p.saldo_atual, 0) * 30 / nullif(s.soma, 0), 1),
        CASE WHEN p.saldo_atual < 0 THEN 0 ELSE (
            SELECT min(a.dia) - v_hoje
            FROM (
                SELECT greatest(m.data_prevista, v_hoje) AS dia,
                    sum(m.saida_prevista) OVER (ORDER BY greatest(m.data_prevista, v_hoje)) AS saidas
                FROM movimentacao_prevista AS m
                -- A range of the key, never the days of all products: docs/decisoes/15.
                WHERE ROW(m.cod_produto, m.data_prevista) >= ROW(p.cod_produto, '-infinity'::date)
                    AND ROW(m.cod_produto, m.data_prevista) < ROW(p.cod_produto, 'infinity'::date)
            ) AS a
            WHERE a.saidas > p.saldo_atual) END
    FROM (SELECT DISTINCT unnest(codigos)) AS x (codigo)
    CROSS JOIN LATERAL (
        SELECT t.cod_produto, t.nome_produto, t.saldo_atual
        FROM estoque_codigo_conhecido AS c
        JOIN estoque_tempo_real AS t ON t.cod_produto = c.cod_produto
        WHERE c.codigo = x.codigo OFFSET 0
    ) AS p
    CROSS JOIN LATERAL (
        SELECT coalesce(-sum(f.quantidade), 0) AS soma
        FROM (
            SELECT c.codigo FROM estoque_codigo_conhecido AS c
            WHERE c.cod_produto = p.cod_produto OFFSET 0
        ) AS c
        CROSS JOIN LATERAL (
            SELECT _estoque_contribuicao_movimentacao(f.qtd_movimentacao::numeric, f.ativo) AS quantidade
            FROM movimentacao_estoque AS f
            WHERE ROW(f.cod_produto, f.data_movimentacao) >= ROW(c.codigo, v_hoje - 30)
                AND ROW(f.cod_produto, f.data_movimentacao) < ROW(c.codigo, v_hoje) OFFSET 0
        ) AS f
        WHERE f.quantidade < 0
    ) AS s
    ORDER BY x.codigo;
END
$body$;

REVOKE ALL ON FUNCTION estoque_cobertura(text[]) FROM PUBLIC;
COMMENT ON FUNCTION estoque_cobertura(text[]) IS
    'Days for which each known code of the list lasts, by what left lately and by the open exits.';
