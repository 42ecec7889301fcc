-- Of each product given that ends some day of today to p_fim below zero, by more than its tolerance: the
-- first such day, the largest shortage, and the last such day, NULL where that is p_fim.
CREATE FUNCTION _estoque_faltas(p_produtos text[], p_fim date)
RETURNS TABLE (cod_produto text, ruptura date, falta numeric, fim date)
LANGUAGE plpgsql STABLE ROWS 1000
SET search_path FROM CURRENT
AS $body$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT d.cod_produto, min(d.data), -min(d.saldo),
        nullif(max(coalesce(d.proximo - 1, p_fim)), p_fim)
    FROM (
        -- Between two days on which it moves, the balance stays.
        SELECT x.*, lead(x.data) OVER (PARTITION BY x.cod_produto ORDER BY x.data) AS proximo
        FROM _estoque_dias(p_produtos, p_fim) AS x
    ) AS d
    JOIN _estoque_tolerancias(p_produtos) AS r ON r.cod_produto = d.cod_produto
    WHERE d.saldo < -r.tolerancia
    GROUP BY d.cod_produto;
END
$body$;

GRANT EXECUTE ON FUNCTION _estoque_faltas(text[], date) TO PUBLIC;
COMMENT ON FUNCTION _estoque_faltas(text[], date) IS
    'First and last day below zero and the largest shortage of products; inner use.';
