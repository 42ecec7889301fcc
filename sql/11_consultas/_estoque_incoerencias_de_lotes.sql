-- What invoices, shipments, separations and movements say of the lots of the last 90 days, where they
-- contradict each other. A lot is of these days by a separation of it: by the later of its date and
-- of the day it was made; one of which neither is known counts as of today. The movements of a lot are
-- those that bear it, or an invoice number of its items: of one that is invoiced the numbers that
-- invoice it, of one that is not those that invoice no other.
-- A name without its table is the ERP's column where there is one, otherwise the NULL of falta.
CREATE FUNCTION _estoque_incoerencias_de_lotes() RETURNS SETOF _estoque_incoerencia
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
SET plan_cache_mode = force_custom_plan
SET enable_nestloop = off
SET jit = off
AS $body$
DECLARE
    v_desde date := estoque_hoje() - 90;
    -- Without either column nothing is known of the movements of a lot.
    v_ligados boolean := EXISTS (
        SELECT FROM pg_attribute AS a
        WHERE a.attrelid = to_regclass('movimentacao_estoque') AND NOT a.attisdropped
            AND a.attname IN ('separacao_lote_id', 'numero_nf'));
    v_lotes text[];
BEGIN
    SELECT array_agg(DISTINCT f.lote) INTO v_lotes
    FROM (SELECT NULL::timestamp AS criado_em) AS falta
    CROSS JOIN LATERAL (
        SELECT f.separacao_lote_id::text AS lote, f.expedicao::date AS data, criado_em::date AS criada
        FROM separacao AS f
    ) AS f
    WHERE f.lote IS NOT NULL AND coalesce(greatest(f.data, f.criada), 'infinity') >= v_desde;

    RETURN QUERY
    WITH recente AS MATERIALIZED (SELECT x.lote FROM unnest(v_lotes) AS x (lote)),
    item AS MATERIALIZED (
        SELECT i.*, coalesce(i.nota, i.pedido) AS documento
        FROM (SELECT NULL::text AS pedido, NULL::text AS id) AS falta
        CROSS JOIN LATERAL (
            SELECT r.lote, id::text AS id, pedido::text AS pedido, nullif(e.nota_fiscal, '') AS nota,
                coalesce(e.status = 'ativo', false) AS ativo, e.erro_validacao IS NOT NULL AS erro,
                _estoque_fatura(e.status, e.nota_fiscal, e.erro_validacao) AS fatura
            FROM recente AS r
            JOIN embarque_itens AS e ON e.separacao_lote_id::text = r.lote
        ) AS i
    ),
    faturado AS MATERIALIZED (
        SELECT i.lote, array_agg(i.id ORDER BY length(i.id), i.id) AS ids,
            array_agg(i.documento ORDER BY length(i.id), i.id) AS documentos
        FROM item AS i
        WHERE i.fatura GROUP BY i.lote
    ),
    separado AS MATERIALIZED (
        SELECT s.*, k.cod_produto, greatest(_estoque_quantidade(s.bruta), 0) AS quantidade,
            coalesce(s.propria, s.momento::date) AS data, t.lote IS NOT NULL AS faturado
        FROM (SELECT NULL::text AS num_pedido, NULL::timestamp AS criado_em) AS falta
        CROSS JOIN LATERAL (
            SELECT r.lote, f.id, num_pedido::text AS pedido, f.cod_produto::text AS codigo,
                f.qtd_saldo::numeric AS bruta, f.expedicao::date AS propria,
                criado_em::timestamp AS momento
            FROM recente AS r
            JOIN separacao AS f ON f.separacao_lote_id::text = r.lote
        ) AS s
        JOIN estoque_codigo_conhecido AS k ON k.codigo = s.codigo
        LEFT JOIN faturado AS t ON t.lote = s.lote
    ),
    -- The products of each lot.
    par AS MATERIALIZED (
        SELECT s.lote, s.cod_produto, s.faturado, sum(s.quantidade) AS quantidade,
            min(s.data) AS data, array_agg(s.id::text ORDER BY s.id) AS ids,
            array_agg(s.pedido ORDER BY s.id) AS documentos
        FROM separado AS s GROUP BY s.lote, s.cod_produto, s.faturado
    ),
    nota AS MATERIALIZED (
        SELECT DISTINCT i.lote, i.nota
        FROM item AS i
        LEFT JOIN faturado AS t ON t.lote = i.lote
        LEFT JOIN (SELECT DISTINCT o.nota FROM item AS o WHERE o.fatura) AS o ON o.nota = i.nota
        WHERE i.nota IS NOT NULL AND (i.fatura OR t.lote IS NULL AND o.nota IS NULL)
    ),
    movimento AS MATERIALIZED (
        SELECT m.*, k.cod_produto
        FROM _estoque_movimentos_ligados(v_lotes, ARRAY(SELECT DISTINCT n.nota FROM nota AS n)) AS m
        JOIN estoque_codigo_conhecido AS k ON k.codigo = m.codigo
    ),
    ligado AS MATERIALIZED (
        SELECT r.lote, m.id, m.cod_produto, m.quantidade, m.data, m.momento, m.nota
        FROM movimento AS m JOIN recente AS r ON r.lote = m.lote
        UNION
        SELECT n.lote, m.id, m.cod_produto, m.quantidade, m.data, m.momento, m.nota
        FROM movimento AS m JOIN nota AS n ON n.nota = m.nota
    ),
    saldo AS MATERIALIZED (
        SELECT l.lote, l.cod_produto, sum(l.quantidade) AS quantidade,
            min(l.data) FILTER (WHERE l.quantidade < 0) AS data,
            array_agg(l.id ORDER BY length(l.id), l.id) AS ids,
            array_agg(nullif(l.nota, '') ORDER BY length(l.id), l.id) AS documentos
        FROM ligado AS l GROUP BY l.lote, l.cod_produto
    ),
    -- The orders of each invoiced lot: whether an active item invoices them, and without an error.
    pedido AS MATERIALIZED (
        SELECT i.lote, i.pedido, bool_or(i.ativo) AS ativo, bool_or(i.fatura) AS faturado,
            bool_or(i.ativo AND i.erro) AS erro, array_agg(i.id ORDER BY length(i.id), i.id) AS ids,
            array_agg(i.documento ORDER BY length(i.id), i.id) AS documentos
        FROM item AS i WHERE i.pedido IS NOT NULL GROUP BY i.lote, i.pedido
    )
    SELECT 'faturado sem movimento', p.cod_produto,
        _estoque_citados('separacao', p.ids, p.documentos)
            || _estoque_citados('embarque_itens', t.ids, t.documentos),
        p.data, p.quantidade, 'lancar_movimento'
    FROM par AS p
    JOIN faturado AS t ON t.lote = p.lote
    LEFT JOIN saldo AS s ON s.lote = p.lote AND s.cod_produto = p.cod_produto
    WHERE v_ligados AND p.quantidade > 0 AND coalesce(s.quantidade, 0) >= 0
    UNION ALL
    SELECT 'movimento sem fatura', p.cod_produto,
        _estoque_citados('movimentacao_estoque', s.ids, s.documentos)
            || _estoque_citados('separacao', p.ids, p.documentos),
        s.data, -s.quantidade, 'conferir_fatura'
    FROM par AS p
    JOIN saldo AS s ON s.lote = p.lote AND s.cod_produto = p.cod_produto
    WHERE NOT p.faturado AND s.quantidade < 0
    UNION ALL
    -- An order is of the lot by an active item, or by the separations that are joined to it.
    SELECT 'lote faturado em parte', s.cod_produto,
        _estoque_citados('separacao', array_agg(s.id::text ORDER BY s.id),
                array_agg(s.pedido ORDER BY s.id))
            || _estoque_citados('embarque_itens', o.ids, o.documentos),
        min(s.data), sum(s.quantidade), 'faturar_pedido'
    FROM pedido AS o
    JOIN separado AS s ON s.lote = o.lote AND s.pedido = o.pedido
    WHERE s.faturado AND (NOT o.faturado OR o.erro)
    GROUP BY o.lote, o.pedido, o.ids, o.documentos, s.cod_produto
    HAVING sum(s.quantidade) > 0
    UNION ALL
    SELECT 'lote reutilizado', s.cod_produto,
        _estoque_citados('separacao', ARRAY[s.id::text], ARRAY[s.pedido])
            || _estoque_citados('embarque_itens', t.ids, t.documentos),
        s.data, s.quantidade, 'trocar_lote'
    FROM separado AS s
    JOIN faturado AS t ON t.lote = s.lote
    LEFT JOIN (
        SELECT l.lote, max(l.momento) AS momento FROM ligado AS l
        WHERE l.quantidade < 0 GROUP BY l.lote
    ) AS m ON m.lote = s.lote
    LEFT JOIN pedido AS o ON o.lote = s.lote AND o.pedido = s.pedido
    LEFT JOIN (
        SELECT DISTINCT i.lote FROM item AS i WHERE i.pedido IS NULL
    ) AS i ON i.lote = s.lote
    WHERE s.quantidade > 0
        AND coalesce(s.momento > m.momento, s.pedido IS NOT NULL AND o.pedido IS NULL AND i.lote IS NULL);
END
$body$;

REVOKE ALL ON FUNCTION _estoque_incoerencias_de_lotes() FROM PUBLIC;
COMMENT ON FUNCTION _estoque_incoerencias_de_lotes() IS
    'What contradicts itself in the lots of the last 90 days; inner use.';
