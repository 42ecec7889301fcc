-- Whether a canonical product has an open document, with a date or without, or a movement since a day.
CREATE FUNCTION _estoque_em_uso(p_produto text, p_desde date) RETURNS boolean
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off
SET enable_nestloop = on
SET enable_bitmapscan = off
AS $body$
BEGIN
    RETURN EXISTS (SELECT FROM movimentacao_prevista AS m
                   WHERE ROW(m.cod_produto, m.data_prevista) >= ROW(p_produto, '-infinity'::date)
                       AND ROW(m.cod_produto, m.data_prevista) <= ROW(p_produto, 'infinity'::date)
                       AND (m.entrada_prevista > 0 OR m.saida_prevista > 0))
        OR EXISTS (SELECT FROM unnest(_estoque_membros(ARRAY[p_produto])) AS k (codigo)
                   CROSS JOIN LATERAL (
                       SELECT FROM movimentacao_estoque AS m
                       WHERE m.cod_produto = k.codigo AND m.data_movimentacao >= p_desde
                       LIMIT 1
                   ) AS m)
        OR EXISTS (SELECT FROM _estoque_abertos(ARRAY[p_produto], true) AS a
                   WHERE NOT a.faturado AND a.quantidade > 0);
END
$body$;

REVOKE ALL ON FUNCTION _estoque_em_uso(text, date) FROM PUBLIC;
COMMENT ON FUNCTION _estoque_em_uso(text, date) IS
    'Whether a product has an open document or a movement since a day; inner use.';
