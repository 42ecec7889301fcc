-- The first of the eight days of the outlook that ends below zero, from the sums of the forecast that a
-- product's row holds; NULL when none does.
CREATE FUNCTION _estoque_dia_negativo(p_saldo numeric, p_liquidos numeric[], p_desde date)
RETURNS date
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
    WHEN p_saldo + p_liquidos[1] < 0 THEN p_desde
    WHEN p_saldo + p_liquidos[2] < 0 THEN p_desde + 1
    WHEN p_saldo + p_liquidos[3] < 0 THEN p_desde + 2
    WHEN p_saldo + p_liquidos[4] < 0 THEN p_desde + 3
    WHEN p_saldo + p_liquidos[5] < 0 THEN p_desde + 4
    WHEN p_saldo + p_liquidos[6] < 0 THEN p_desde + 5
    WHEN p_saldo + p_liquidos[7] < 0 THEN p_desde + 6
    WHEN p_saldo + p_liquidos[8] < 0 THEN p_desde + 7 END;

REVOKE ALL ON FUNCTION _estoque_dia_negativo(numeric, numeric[], date) FROM PUBLIC;
COMMENT ON FUNCTION _estoque_dia_negativo(numeric, numeric[], date) IS
    'First day that ends below zero, from balance and summed forecast; inner use.';
