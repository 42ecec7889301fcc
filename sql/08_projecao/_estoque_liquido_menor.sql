-- What the forecast takes at most from the balance within the eight days: the lowest of its sums after
-- a change, or 0. Balance and this make the minimum, as in _estoque_d7.
CREATE FUNCTION _estoque_liquido_menor(p_liquidos numeric[], p_mudanca numeric[]) RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN least(0,
    p_liquidos[1] + p_mudanca[1],
    p_liquidos[2] + p_mudanca[2],
    p_liquidos[3] + p_mudanca[3],
    p_liquidos[4] + p_mudanca[4],
    p_liquidos[5] + p_mudanca[5],
    p_liquidos[6] + p_mudanca[6],
    p_liquidos[7] + p_mudanca[7],
    p_liquidos[8] + p_mudanca[8]);

REVOKE ALL ON FUNCTION _estoque_liquido_menor(numeric[], numeric[]) FROM PUBLIC;
COMMENT ON FUNCTION _estoque_liquido_menor(numeric[], numeric[]) IS
    'The lowest of the changed sums of the forecast, at most 0; inner use.';
