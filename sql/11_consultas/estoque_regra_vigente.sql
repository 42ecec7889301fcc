-- The rule that holds for a product, by any of its codes: its own, the canonical code's before that of an
-- alias, with what it leaves open from the row without a code; that row itself for NULL. cod_produto is
-- the canonical code. No row for an unknown code.
CREATE FUNCTION estoque_regra_vigente(codigo text)
RETURNS TABLE (
    cod_produto text, minimo numeric, prazo_reposicao integer, tolerancia numeric, responsavel text
)
LANGUAGE plpgsql STABLE ROWS 1
SET search_path FROM CURRENT
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off
AS $body$
#variable_conflict use_column
DECLARE
    v_produto text;
    g estoque_regra;
    r estoque_regra;
BEGIN
    SELECT k.cod_produto INTO v_produto
    FROM estoque_codigo_conhecido AS k
    WHERE k.codigo = estoque_regra_vigente.codigo;
    IF v_produto IS NULL AND estoque_regra_vigente.codigo IS NOT NULL THEN
        RETURN;
    END IF;
    SELECT x.* INTO g FROM estoque_regra AS x WHERE x.cod_produto IS NULL;
    SELECT x.* INTO r
    FROM estoque_regra AS x
    WHERE x.cod_produto = ANY (_estoque_membros(ARRAY[v_produto]))
    ORDER BY x.cod_produto <> v_produto, x.cod_produto
    LIMIT 1;
    RETURN QUERY SELECT v_produto, coalesce(r.minimo, g.minimo, 0),
        coalesce(r.prazo_reposicao, g.prazo_reposicao), coalesce(r.tolerancia, g.tolerancia, 0),
        coalesce(r.responsavel, g.responsavel);
END
$body$;

GRANT EXECUTE ON FUNCTION estoque_regra_vigente(text) TO PUBLIC;
COMMENT ON FUNCTION estoque_regra_vigente(text) IS
    'The rule that holds for a product: minimum, lead time, tolerance, person; NULL: for all others.';
