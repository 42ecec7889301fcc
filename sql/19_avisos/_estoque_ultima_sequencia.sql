-- The number of the last transition of a product that is kept; 0 where there is none.
CREATE FUNCTION _estoque_ultima_sequencia(p_produto text) RETURNS bigint
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
SET enable_seqscan = off
AS $body$
BEGIN
    RETURN coalesce(
        (SELECT max(t.sequencia) FROM estoque_transicao AS t WHERE t.cod_produto = p_produto), 0);
END
$body$;

REVOKE ALL ON FUNCTION _estoque_ultima_sequencia(text) FROM PUBLIC;
COMMENT ON FUNCTION _estoque_ultima_sequencia(text) IS
    'The number of the last transition of a product; inner use.';
