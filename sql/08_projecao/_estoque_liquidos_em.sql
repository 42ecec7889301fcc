-- The eight sums of the forecast that a product's row holds, as they stand p_dias days after the day they
-- were summed for. While the row holds, nothing comes in on the days that have passed, nor goes out or
-- comes in on the days that have entered the window: see valido_ate in _estoque_d7.
CREATE FUNCTION _estoque_liquidos_em(p_liquidos numeric[], p_dias integer) RETURNS numeric[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN p_dias <= 0 THEN p_liquidos
    ELSE p_liquidos[1 + least(p_dias, 7):8] || array_fill(p_liquidos[8], ARRAY[least(p_dias, 7)]) END;

GRANT EXECUTE ON FUNCTION _estoque_liquidos_em(numeric[], integer) TO PUBLIC;
COMMENT ON FUNCTION _estoque_liquidos_em(numeric[], integer) IS
    'The summed forecast of eight days, some days later; inner use.';
