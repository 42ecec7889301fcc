-- The name borne by rows whose names lie between two: that name when they are one, '' when several
-- (which matches no stored name, so the sources are asked), NULL when there is none.
CREATE FUNCTION _estoque_nome_unico(p_menor text, p_maior text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN p_menor = p_maior THEN p_menor WHEN p_menor <> p_maior THEN '' END;

GRANT EXECUTE ON FUNCTION _estoque_nome_unico(text, text) TO PUBLIC;
COMMENT ON FUNCTION _estoque_nome_unico(text, text) IS
    'The one name of a set of rows, from its least and greatest; empty for several.';
