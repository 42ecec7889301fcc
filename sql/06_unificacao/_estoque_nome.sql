-- The name of a canonical product: the newest one its own code bears; only where there is none, that
-- of its aliases, in the order of their codes.
CREATE FUNCTION _estoque_nome(p_produto text) RETURNS text
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off
AS $body$
DECLARE
    v_codigo text;
    v_nome text := _estoque_nome_proprio(p_produto);
BEGIN
    IF v_nome IS NOT NULL THEN
        RETURN v_nome;
    END IF;
    FOR v_codigo IN
        SELECT c.codigo FROM estoque_codigo_conhecido AS c
        WHERE c.cod_produto = p_produto AND c.codigo <> p_produto ORDER BY c.codigo
    LOOP
        v_nome := _estoque_nome_proprio(v_codigo);
        EXIT WHEN v_nome IS NOT NULL;
    END LOOP;
    RETURN v_nome;
END
$body$;

GRANT EXECUTE ON FUNCTION _estoque_nome(text) TO PUBLIC;
COMMENT ON FUNCTION _estoque_nome(text) IS
    'Name of a canonical product, its own before an alias'' one; NULL when no source names it.';
