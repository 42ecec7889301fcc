-- The canonical codes of the codes given that are known; NULL where none is.
CREATE FUNCTION _estoque_produtos(p_codigos text[]) RETURNS text[]
LANGUAGE sql STABLE
SET enable_seqscan = off
BEGIN ATOMIC
    SELECT array_agg(DISTINCT c.cod_produto)
    FROM estoque_codigo_conhecido AS c WHERE c.codigo = ANY (p_codigos);
END;

GRANT EXECUTE ON FUNCTION _estoque_produtos(text[]) TO PUBLIC;
COMMENT ON FUNCTION _estoque_produtos(text[]) IS
    'Canonical codes of those of the codes given that are known; inner use.';
