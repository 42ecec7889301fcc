-- The eight sums of the forecast that a product's row holds, moved by what a document changes of each.
CREATE FUNCTION _estoque_liquidos(p_liquidos numeric[], p_mudanca numeric[]) RETURNS numeric[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN ARRAY[
    p_liquidos[1] + p_mudanca[1],
    p_liquidos[2] + p_mudanca[2],
    p_liquidos[3] + p_mudanca[3],
    p_liquidos[4] + p_mudanca[4],
    p_liquidos[5] + p_mudanca[5],
    p_liquidos[6] + p_mudanca[6],
    p_liquidos[7] + p_mudanca[7],
    p_liquidos[8] + p_mudanca[8]];

REVOKE ALL ON FUNCTION _estoque_liquidos(numeric[], numeric[]) FROM PUBLIC;
COMMENT ON FUNCTION _estoque_liquidos(numeric[], numeric[]) IS
    'The summed forecast of eight days, changed; inner use.';
