-- Of one product and invoice number, or lot where a movement bears no number, more came back than went
-- out. Looked for where something came in within the last 90 days; what went out may be older. Where
-- nothing went out it is a purchase.
-- A name without its table is the ERP's column where there is one, otherwise the NULL of falta.
CREATE FUNCTION _estoque_incoerencias_de_estornos() RETURNS SETOF _estoque_incoerencia
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
SET plan_cache_mode = force_custom_plan
SET enable_nestloop = off
SET jit = off
AS $body$
DECLARE
    v_desde date := estoque_hoje() - 90;
    v_lotes text[];
    v_notas text[];
BEGIN
    SELECT array_agg(DISTINCT e.lote) FILTER (WHERE e.nota IS NULL), array_agg(DISTINCT e.nota)
    INTO v_lotes, v_notas
    FROM (SELECT NULL::text AS separacao_lote_id, NULL::text AS numero_nf) AS falta
    CROSS JOIN LATERAL (
        SELECT separacao_lote_id::text AS lote, nullif(numero_nf::text, '') AS nota
        FROM movimentacao_estoque AS f
        WHERE f.data_movimentacao >= v_desde
            AND _estoque_contribuicao_movimentacao(f.qtd_movimentacao::numeric, f.ativo) > 0
    ) AS e
    WHERE e.nota IS NOT NULL OR e.lote IS NOT NULL;

    RETURN QUERY
    SELECT 'estorno repetido', m.cod_produto,
        _estoque_citados('movimentacao_estoque', array_agg(m.id ORDER BY m.ordem)),
        max(m.data) FILTER (WHERE m.quantidade > 0), sum(m.quantidade), 'conferir_estorno'
    FROM _estoque_movimentos_ligados(v_lotes, array_remove(v_notas, NULL)) AS m
    WHERE nullif(m.nota, '') IS NOT NULL OR m.lote IS NOT NULL
    GROUP BY m.cod_produto, nullif(m.nota, ''), CASE WHEN nullif(m.nota, '') IS NULL THEN m.lote END
    HAVING sum(m.quantidade) > 0 AND min(m.quantidade) < 0
        AND max(m.data) FILTER (WHERE m.quantidade > 0) >= v_desde;
END
$body$;

REVOKE ALL ON FUNCTION _estoque_incoerencias_de_estornos() FROM PUBLIC;
COMMENT ON FUNCTION _estoque_incoerencias_de_estornos() IS
    'Where more came back than went out; inner use.';
