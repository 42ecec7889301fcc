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
    WITH movimento AS MATERIALIZED (
        SELECT m.id, k.cod_produto, nullif(m.nota, '') AS nota,
            CASE WHEN nullif(m.nota, '') IS NULL THEN m.lote END AS lote, m.quantidade, m.data
        FROM _estoque_movimentos_ligados(v_lotes, v_notas) AS m
        JOIN estoque_codigo_conhecido AS k ON k.codigo = m.codigo
    ),
    demais AS (
        SELECT m.cod_produto, m.nota, m.lote, sum(m.quantidade) AS quantidade,
            max(m.data) FILTER (WHERE m.quantidade > 0) AS data
        FROM movimento AS m
        WHERE m.nota IS NOT NULL OR m.lote IS NOT NULL
        GROUP BY m.cod_produto, m.nota, m.lote
        HAVING sum(m.quantidade) > 0 AND min(m.quantidade) < 0
    )
    SELECT 'estorno repetido', d.cod_produto,
        _estoque_citados('movimentacao_estoque', array_agg(m.id ORDER BY length(m.id), m.id),
            array_agg(m.nota)),
        d.data, d.quantidade, 'conferir_estorno'
    FROM demais AS d
    JOIN movimento AS m ON m.cod_produto = d.cod_produto
        AND (m.nota = d.nota OR d.nota IS NULL AND m.nota IS NULL AND m.lote = d.lote)
    WHERE d.data >= v_desde
    GROUP BY d.cod_produto, d.nota, d.lote, d.data, d.quantidade;
END
$body$;

REVOKE ALL ON FUNCTION _estoque_incoerencias_de_estornos() FROM PUBLIC;
COMMENT ON FUNCTION _estoque_incoerencias_de_estornos() IS
    'Where more came back than went out; inner use.';
