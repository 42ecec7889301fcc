-- The known codes of the groups of the canonical codes given, and those codes themselves;
-- NULL for NULL, which the recomputation reads as "all".
CREATE FUNCTION _estoque_membros(p_produtos text[]) RETURNS text[]
LANGUAGE sql STABLE
SET enable_seqscan = off
BEGIN ATOMIC
    SELECT CASE WHEN p_produtos IS NOT NULL THEN
        p_produtos || ARRAY(SELECT c.codigo FROM estoque_codigo_conhecido AS c
                            WHERE c.cod_produto = ANY (p_produtos) AND c.codigo <> c.cod_produto)
    END;
END;

GRANT EXECUTE ON FUNCTION _estoque_membros(text[]) TO PUBLIC;
COMMENT ON FUNCTION _estoque_membros(text[]) IS
    'Every known code of the groups of the canonical codes given.';
