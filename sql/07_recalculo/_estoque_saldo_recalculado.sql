-- The specification of the balance: per canonical product, summed from the movements.
-- NULL asks for all products. Audit, rebuild and installation read it; nothing else defines a balance.
-- Planned anew at each call, because one product and all of them want different plans.
CREATE FUNCTION _estoque_saldo_recalculado(p_produtos text[] DEFAULT NULL)
RETURNS TABLE (cod_produto text, saldo numeric)
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
SET plan_cache_mode = force_custom_plan
SET enable_seqscan = off
SET jit = off
SET enable_nestloop = off
AS $body$
DECLARE
    v_codigos text[] := _estoque_membros(p_produtos);
BEGIN
    -- The sources are asked for each code of a few; for many it may be less to read them once.
    IF v_codigos IS NULL OR cardinality(v_codigos) > 1000 THEN
        PERFORM set_config('enable_seqscan', 'on', true);
    END IF;
    RETURN QUERY
    SELECT coalesce(c.cod_produto, m.codigo), sum(m.saldo)
    FROM (
        SELECT f.codigo, sum(f.saldo) AS saldo
        FROM _estoque_contribuicoes(v_codigos, v_codigos IS NULL, 'saldo') AS f
        WHERE f.codigo IS NOT NULL
        GROUP BY f.codigo
    ) AS m
    LEFT JOIN (
        SELECT c.codigo, c.cod_produto FROM estoque_codigo_conhecido AS c
        WHERE v_codigos IS NULL OR c.codigo = ANY (v_codigos)
    ) AS c ON c.codigo = m.codigo
    GROUP BY 1;
END
$body$;

GRANT EXECUTE ON FUNCTION _estoque_saldo_recalculado(text[]) TO PUBLIC;
COMMENT ON FUNCTION _estoque_saldo_recalculado(text[]) IS
    'Balance per canonical product, summed from the movements.';
