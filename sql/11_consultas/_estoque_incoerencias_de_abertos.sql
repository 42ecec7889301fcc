-- What is wrong with exits that are open: without a date, overdue by more than a week, repeated, or a
-- pre-separation of a lot that is separated or invoiced already. The sources of documents are read
-- through, once.
-- A name without its table is the ERP's column where there is one, otherwise the NULL of falta.
CREATE FUNCTION _estoque_incoerencias_de_abertos() RETURNS SETOF _estoque_incoerencia
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
SET plan_cache_mode = force_custom_plan
SET enable_nestloop = off
SET jit = off
AS $body$
DECLARE
    v_limite date := estoque_hoje() - 7;
BEGIN
    RETURN QUERY
    WITH aberto AS MATERIALIZED (
        SELECT k.cod_produto, f.origem, f.id, f.codigo, f.data, f.lote, f.documento,
            _estoque_quantidade(f.quantidade) AS quantidade
        FROM _estoque_contribuicoes(NULL, true, 'previsao') AS f
        JOIN estoque_codigo_conhecido AS k ON k.codigo = f.codigo
        WHERE f.aberto AND NOT f.entra AND NOT f.faturado AND _estoque_quantidade(f.quantidade) > 0
    ),
    lote AS MATERIALIZED (
        SELECT DISTINCT a.lote FROM aberto AS a
        WHERE a.origem = 'pre_separacao_item' AND a.lote IS NOT NULL
    ),
    -- The lots of pre-separations that are separated, with what is in them, or invoiced.
    separado AS MATERIALIZED (
        SELECT f.lote, k.cod_produto, f.id, f.documento
        FROM (SELECT NULL::text AS num_pedido) AS falta
        CROSS JOIN LATERAL (
            SELECT l.lote, f.id, f.cod_produto::text AS codigo, num_pedido::text AS documento
            FROM lote AS l
            JOIN separacao AS f ON f.separacao_lote_id::text = l.lote
        ) AS f
        LEFT JOIN estoque_codigo_conhecido AS k ON k.codigo = f.codigo
    ),
    tomado AS (
        SELECT s.lote FROM separado AS s
        UNION
        SELECT e.separacao_lote_id::text FROM embarque_itens AS e
        WHERE _estoque_fatura(e.status, e.nota_fiscal, e.erro_validacao)
    )
    SELECT 'pre-separacao repetida', a.cod_produto,
        _estoque_citados(a.origem, ARRAY[a.id], ARRAY[a.documento])
            || _estoque_citados('separacao', s.ids, s.documentos),
        a.data, a.quantidade, 'encerrar_pre_separacao'
    FROM aberto AS a
    JOIN tomado AS t ON t.lote = a.lote
    LEFT JOIN (
        SELECT s.lote, s.cod_produto, array_agg(s.id::text ORDER BY s.id) AS ids,
            array_agg(s.documento ORDER BY s.id) AS documentos
        FROM separado AS s GROUP BY s.lote, s.cod_produto
    ) AS s ON s.lote = a.lote AND s.cod_produto = a.cod_produto
    WHERE a.origem = 'pre_separacao_item'
    UNION ALL
    SELECT 'separacao repetida', a.cod_produto,
        _estoque_citados('separacao', array_agg(a.id ORDER BY length(a.id), a.id),
            array_agg(a.documento)),
        a.data, a.quantidade * (count(*) - 1), 'excluir_repetida'
    FROM aberto AS a
    WHERE a.origem = 'separacao' AND a.lote IS NOT NULL AND a.documento IS NOT NULL
    GROUP BY a.cod_produto, a.lote, a.documento, a.codigo, a.quantidade, a.data
    HAVING count(*) > 1
    UNION ALL
    SELECT 'demanda sem data', a.cod_produto,
        _estoque_citados(a.origem, ARRAY[a.id], ARRAY[a.documento]), NULL::date, a.quantidade,
        'informar_data'
    FROM aberto AS a
    WHERE a.data IS NULL
    UNION ALL
    SELECT 'saida atrasada', a.cod_produto,
        _estoque_citados(a.origem, ARRAY[a.id], ARRAY[a.documento]), a.data, a.quantidade,
        'remarcar_saida'
    FROM aberto AS a
    WHERE a.data < v_limite;
END
$body$;

REVOKE ALL ON FUNCTION _estoque_incoerencias_de_abertos() FROM PUBLIC;
COMMENT ON FUNCTION _estoque_incoerencias_de_abertos() IS
    'What is wrong with open exits; inner use.';
