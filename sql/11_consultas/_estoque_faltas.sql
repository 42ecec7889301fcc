-- Of each product given that ends some day of today to p_fim below zero, by more than its tolerance: the
-- first such day, the largest shortage, and the last such day, NULL where that is p_fim.
CREATE FUNCTION _estoque_faltas(p_produtos text[], p_fim date)
RETURNS TABLE (cod_produto text, ruptura date, falta numeric, fim date)
LANGUAGE plpgsql STABLE ROWS 1000
SET search_path FROM CURRENT
AS $body$
#variable_conflict use_column
DECLARE
    v_geral numeric := coalesce(
        (SELECT r.tolerancia FROM estoque_regra AS r WHERE r.cod_produto IS NULL), 0);
BEGIN
    RETURN QUERY
    SELECT d.cod_produto, min(d.data), -min(d.saldo),
        nullif(max(coalesce(d.proximo - 1, p_fim)), p_fim)
    FROM (
        -- Between two days on which it moves, the balance stays.
        SELECT x.*, lead(x.data) OVER (PARTITION BY x.cod_produto ORDER BY x.data) AS proximo
        FROM _estoque_dias(p_produtos, p_fim) AS x
    ) AS d
    LEFT JOIN (
        -- As _estoque_regras, but of these products: the rules of all others are not looked up.
        SELECT DISTINCT ON (k.cod_produto) k.cod_produto, e.tolerancia
        FROM estoque_codigo_conhecido AS k
        JOIN estoque_regra AS e ON e.cod_produto = k.codigo
        WHERE k.cod_produto = ANY (p_produtos)
        ORDER BY k.cod_produto, e.cod_produto <> k.cod_produto, e.cod_produto
    ) AS r ON r.cod_produto = d.cod_produto
    WHERE d.saldo < 0 AND d.saldo < -coalesce(r.tolerancia, v_geral)
    GROUP BY d.cod_produto;
END
$body$;

GRANT EXECUTE ON FUNCTION _estoque_faltas(text[], date) TO PUBLIC;
COMMENT ON FUNCTION _estoque_faltas(text[], date) IS
    'First and last day below zero and the largest shortage of products; inner use.';
