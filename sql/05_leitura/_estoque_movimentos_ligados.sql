-- The active movements that bear one of the lots or one of the invoice numbers given, each once, whatever
-- their dates: by the indexes of these two columns, which an ERP may lack. ordem is the order of ids.
-- A name without its table is the ERP's column where there is one, otherwise the NULL of falta.
CREATE FUNCTION _estoque_movimentos_ligados(p_lotes text[], p_notas text[])
RETURNS TABLE (
    ordem bigint, id text, cod_produto text, lote text, nota text, quantidade numeric, data date,
    momento timestamp
)
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
SET enable_seqscan = off
SET enable_nestloop = on
SET jit = off
AS $body$
BEGIN
    RETURN QUERY
    SELECT row_number() OVER (ORDER BY m.id), m.id::text, k.cod_produto, m.lote, m.nota, m.quantidade,
        m.data, m.momento
    FROM (SELECT NULL::text AS separacao_lote_id, NULL::text AS numero_nf, NULL::timestamp AS criado_em)
        AS falta
    CROSS JOIN LATERAL (
        SELECT f.id, f.cod_produto::text AS codigo, f.lote, f.nota, f.quantidade, f.data, f.momento
        FROM (SELECT DISTINCT unnest(p_lotes)) AS x (lote)
        CROSS JOIN LATERAL (
            SELECT f.id, f.cod_produto, separacao_lote_id::text AS lote, numero_nf::text AS nota,
                _estoque_contribuicao_movimentacao(f.qtd_movimentacao::numeric, f.ativo) AS quantidade,
                f.data_movimentacao::date AS data, criado_em::timestamp AS momento
            FROM movimentacao_estoque AS f WHERE separacao_lote_id::text = x.lote OFFSET 0
        ) AS f
        UNION
        SELECT f.id, f.cod_produto::text, f.lote, f.nota, f.quantidade, f.data, f.momento
        FROM (SELECT DISTINCT unnest(p_notas)) AS x (nota)
        CROSS JOIN LATERAL (
            SELECT f.id, f.cod_produto, separacao_lote_id::text AS lote, numero_nf::text AS nota,
                _estoque_contribuicao_movimentacao(f.qtd_movimentacao::numeric, f.ativo) AS quantidade,
                f.data_movimentacao::date AS data, criado_em::timestamp AS momento
            FROM movimentacao_estoque AS f WHERE numero_nf::text = x.nota OFFSET 0
        ) AS f
    ) AS m
    CROSS JOIN LATERAL (
        SELECT c.cod_produto FROM estoque_codigo_conhecido AS c WHERE c.codigo = m.codigo OFFSET 0
    ) AS k
    WHERE m.quantidade <> 0;
END
$body$;

REVOKE ALL ON FUNCTION _estoque_movimentos_ligados(text[], text[]) FROM PUBLIC;
COMMENT ON FUNCTION _estoque_movimentos_ligados(text[], text[]) IS
    'Active movements that bear one of some lots or invoice numbers; inner use.';
