-- The specification of the balance: per canonical product, summed from the movements.
-- NULL asks for all products. Audit, rebuild and installation read it; nothing else defines a balance.
-- Planned anew at each call, because one product and all of them want different plans.
CREATE FUNCTION _estoque_saldo_recalculado(p_produtos text[] DEFAULT NULL)
RETURNS TABLE (cod_produto text, saldo numeric)
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
SET plan_cache_mode = force_custom_plan
AS $body$
DECLARE
    v_codigos text[] := _estoque_membros(p_produtos);
BEGIN
    RETURN QUERY
    SELECT coalesce(c.cod_produto, m.codigo), sum(m.saldo)
    FROM (
        SELECT f.codigo, sum(f.saldo) AS saldo
        FROM _estoque_contribuicoes(v_codigos, v_codigos IS NULL, 'saldo') AS f
        WHERE f.codigo IS NOT NULL
        GROUP BY f.codigo
    ) AS m
    LEFT JOIN estoque_codigo_conhecido AS c ON c.codigo = m.codigo
    GROUP BY 1;
END
$body$;

GRANT EXECUTE ON FUNCTION _estoque_saldo_recalculado(text[]) TO PUBLIC;
COMMENT ON FUNCTION _estoque_saldo_recalculado(text[]) IS
    'Balance per canonical product, summed from the movements.';
