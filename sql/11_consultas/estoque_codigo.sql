-- The canonical code of a code; the code itself when it has no unification or is not known.
CREATE FUNCTION estoque_codigo(codigo text) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
SET enable_seqscan = off
BEGIN ATOMIC
    SELECT coalesce(
        (SELECT c.cod_produto FROM estoque_codigo_conhecido AS c
         WHERE c.codigo = estoque_codigo.codigo),
        estoque_codigo.codigo);
END;

GRANT EXECUTE ON FUNCTION estoque_codigo(text) TO PUBLIC;
COMMENT ON FUNCTION estoque_codigo(text) IS
    'Canonical code of a code: the end of its chain of unifications, or the code itself.';
