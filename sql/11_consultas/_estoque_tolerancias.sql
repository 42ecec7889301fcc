-- The shortage that is none for each product given: of its rule, chosen as in _estoque_regras, where that
-- says so, else of the row without a code. The rules of all others are not looked up.
CREATE FUNCTION _estoque_tolerancias(p_produtos text[])
RETURNS TABLE (cod_produto text, tolerancia numeric)
LANGUAGE plpgsql STABLE ROWS 1000
SET search_path FROM CURRENT
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off
SET enable_nestloop = on
AS $body$
#variable_conflict use_column
DECLARE
    v_geral numeric := coalesce(
        (SELECT r.tolerancia FROM estoque_regra AS r WHERE r.cod_produto IS NULL), 0);
BEGIN
    RETURN QUERY
    SELECT u.p, coalesce(r.tolerancia, v_geral)
    FROM unnest(p_produtos) AS u (p)
    LEFT JOIN (
        SELECT DISTINCT ON (k.cod_produto) k.cod_produto, e.tolerancia
        FROM estoque_codigo_conhecido AS k
        JOIN estoque_regra AS e ON e.cod_produto = k.codigo
        WHERE k.cod_produto = ANY (p_produtos)
        ORDER BY k.cod_produto, e.cod_produto <> k.cod_produto, e.cod_produto
    ) AS r ON r.cod_produto = u.p;
END
$body$;

GRANT EXECUTE ON FUNCTION _estoque_tolerancias(text[]) TO PUBLIC;
COMMENT ON FUNCTION _estoque_tolerancias(text[]) IS
    'Shortages of products up to which there is none; inner use.';
