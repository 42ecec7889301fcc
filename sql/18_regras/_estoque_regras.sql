-- The rule of each product that has one of its own, its canonical code's before that of an alias, with
-- what it leaves open from the row without a code; with p_geral that row itself besides, under the product
-- NULL, all of it zero or NULL where there is none.
CREATE FUNCTION _estoque_regras(p_geral boolean DEFAULT false)
RETURNS TABLE (
    cod_produto text, minimo numeric, prazo_reposicao integer, tolerancia numeric, responsavel text
)
LANGUAGE plpgsql STABLE ROWS 100
SET search_path FROM CURRENT
SET enable_seqscan = on
SET enable_nestloop = off
AS $body$
#variable_conflict use_column
DECLARE
    g estoque_regra;
BEGIN
    SELECT r.* INTO g FROM estoque_regra AS r WHERE r.cod_produto IS NULL;
    RETURN QUERY
    SELECT DISTINCT ON (k.cod_produto) k.cod_produto, coalesce(r.minimo, g.minimo, 0),
        coalesce(r.prazo_reposicao, g.prazo_reposicao), coalesce(r.tolerancia, g.tolerancia, 0),
        coalesce(r.responsavel, g.responsavel)
    FROM estoque_regra AS r
    JOIN estoque_codigo_conhecido AS k ON k.codigo = r.cod_produto
    ORDER BY k.cod_produto, r.cod_produto <> k.cod_produto, r.cod_produto;
    IF p_geral THEN
        RETURN QUERY SELECT NULL::text, coalesce(g.minimo, 0), g.prazo_reposicao,
            coalesce(g.tolerancia, 0), g.responsavel;
    END IF;
END
$body$;

GRANT EXECUTE ON FUNCTION _estoque_regras(boolean) TO PUBLIC;
COMMENT ON FUNCTION _estoque_regras(boolean) IS
    'The rule of each product that has one of its own; inner use.';
