-- Every code that a row of a source bears, whatever the row contributes, with what its rows add to
-- the balance: the sources read once. NULL asks for all codes. Planned anew at each call, because one
-- code and all of them want different plans. Of PL/pgSQL's statements only RETURN QUERY may be carried
-- out in parallel.
CREATE FUNCTION _estoque_saldos_por_codigo(p_codigos text[] DEFAULT NULL)
RETURNS TABLE (codigo text, saldo numeric)
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
SET plan_cache_mode = force_custom_plan
AS $body$
BEGIN
    RETURN QUERY
    SELECT f.codigo, sum(f.saldo)
    FROM _estoque_contribuicoes(p_codigos, p_codigos IS NULL, NULL) AS f
    WHERE f.codigo IS NOT NULL
    GROUP BY f.codigo;
END
$body$;

GRANT EXECUTE ON FUNCTION _estoque_saldos_por_codigo(text[]) TO PUBLIC;
COMMENT ON FUNCTION _estoque_saldos_por_codigo(text[]) IS
    'Codes that rows of the sources bear, each with what they add to the balance; inner use.';
