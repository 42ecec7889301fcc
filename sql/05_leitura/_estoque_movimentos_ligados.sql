-- The active movements that bear one of the lots or one of the invoice numbers given, each once, whatever
-- their dates: by the indexes of these two columns, which an ERP may lack.
-- A name without its table is the ERP's column where there is one, otherwise the NULL of falta.
CREATE FUNCTION _estoque_movimentos_ligados(p_lotes text[], p_notas text[])
RETURNS TABLE (
    id text, codigo text, lote text, nota text, quantidade numeric, data date, momento timestamp
)
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
SET plan_cache_mode = force_custom_plan
SET enable_seqscan = off
SET enable_nestloop = on
SET jit = off
AS $body$
BEGIN
    RETURN QUERY
    SELECT m.*
    FROM (SELECT NULL::text AS separacao_lote_id, NULL::text AS numero_nf, NULL::timestamp AS criado_em)
        AS falta
    CROSS JOIN LATERAL (
        SELECT f.*
        FROM (SELECT DISTINCT unnest(p_lotes)) AS x (lote)
        CROSS JOIN LATERAL (
            SELECT f.id::text, f.cod_produto::text, separacao_lote_id::text, numero_nf::text,
                _estoque_contribuicao_movimentacao(f.qtd_movimentacao::numeric, f.ativo) AS quantidade,
                f.data_movimentacao::date, criado_em::timestamp
            FROM movimentacao_estoque AS f WHERE separacao_lote_id::text = x.lote OFFSET 0
        ) AS f
        UNION ALL
        SELECT f.*
        FROM (SELECT DISTINCT unnest(p_notas)) AS x (nota)
        CROSS JOIN LATERAL (
            SELECT f.id::text, f.cod_produto::text, separacao_lote_id::text, numero_nf::text,
                _estoque_contribuicao_movimentacao(f.qtd_movimentacao::numeric, f.ativo) AS quantidade,
                f.data_movimentacao::date, criado_em::timestamp
            FROM movimentacao_estoque AS f
            WHERE numero_nf::text = x.nota
                AND (separacao_lote_id::text = ANY (p_lotes)) IS NOT TRUE OFFSET 0
        ) AS f
    ) AS m
    WHERE m.quantidade <> 0;
END
$body$;

REVOKE ALL ON FUNCTION _estoque_movimentos_ligados(text[], text[]) FROM PUBLIC;
COMMENT ON FUNCTION _estoque_movimentos_ligados(text[], text[]) IS
    'Active movements that bear one of some lots or invoice numbers; inner use.';
