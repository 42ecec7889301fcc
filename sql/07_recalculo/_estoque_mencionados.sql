-- The codes that any row of a source mentions, whatever it contributes, and those of active
-- unifications. NULL asks for all; otherwise only the codes given are looked for.
CREATE FUNCTION _estoque_mencionados(p_codigos text[] DEFAULT NULL) RETURNS SETOF text
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
SET plan_cache_mode = force_custom_plan
AS $body$
BEGIN
    IF p_codigos IS NULL THEN
        RETURN QUERY
        SELECT f.cod_produto::text FROM movimentacao_estoque AS f
        WHERE f.cod_produto IS NOT NULL GROUP BY f.cod_produto
        UNION
        SELECT f.cod_produto::text FROM pre_separacao_item AS f WHERE f.cod_produto IS NOT NULL
        UNION
        SELECT f.cod_produto::text FROM separacao AS f WHERE f.cod_produto IS NOT NULL
        UNION
        SELECT f.cod_produto::text FROM programacao_producao AS f WHERE f.cod_produto IS NOT NULL
        UNION
        SELECT k.codigo FROM _estoque_canonicos() AS k;
    ELSE
        RETURN QUERY
        SELECT x.c FROM unnest(p_codigos) AS x (c)
        WHERE EXISTS (SELECT FROM movimentacao_estoque AS f WHERE f.cod_produto = x.c)
            OR EXISTS (SELECT FROM pre_separacao_item AS f WHERE f.cod_produto = x.c)
            OR EXISTS (SELECT FROM separacao AS f WHERE f.cod_produto = x.c)
            OR EXISTS (SELECT FROM programacao_producao AS f WHERE f.cod_produto = x.c)
            OR x.c IN (SELECT k.codigo FROM _estoque_canonicos() AS k);
    END IF;
END
$body$;

COMMENT ON FUNCTION _estoque_mencionados(text[]) IS
    'Codes that the sources mention, among those given or all.';
