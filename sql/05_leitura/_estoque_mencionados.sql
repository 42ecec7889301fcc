-- The codes that any row of a source mentions, whatever it contributes, and those of active
-- unifications. NULL asks for all; otherwise only the codes given are looked for, each until the
-- first row that bears it.
CREATE FUNCTION _estoque_mencionados(p_codigos text[] DEFAULT NULL) RETURNS SETOF text
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
SET plan_cache_mode = force_custom_plan
AS $body$
BEGIN
    IF p_codigos IS NULL THEN
        RETURN QUERY
        SELECT f.codigo FROM _estoque_contribuicoes(NULL, true, NULL) AS f
        WHERE f.codigo IS NOT NULL GROUP BY f.codigo
        UNION
        SELECT k.codigo FROM _estoque_canonicos() AS k;
    ELSE
        RETURN QUERY
        SELECT x.c FROM unnest(p_codigos) AS x (c)
        WHERE EXISTS (SELECT FROM _estoque_contribuicoes(ARRAY[x.c], false, NULL))
            OR x.c IN (SELECT k.codigo FROM _estoque_canonicos() AS k);
    END IF;
END
$body$;

GRANT EXECUTE ON FUNCTION _estoque_mencionados(text[]) TO PUBLIC;
COMMENT ON FUNCTION _estoque_mencionados(text[]) IS
    'Codes that the sources mention, among those given or all.';
