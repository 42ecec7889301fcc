-- The active unifications that contradict each other and therefore unify nothing: an origin with
-- several destinations, a chain that runs into a circle (a code unified with itself is the shortest).
-- The trigger refuses to make one; rows older than the installation, or written past the triggers,
-- may be such. NULL asks for all, otherwise for those of the origins given.
CREATE FUNCTION estoque_contradicoes(origens text[] DEFAULT NULL)
RETURNS TABLE (codigo_origem text, codigo_destino text, motivo text)
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $body$
BEGIN
    RETURN QUERY
    SELECT c.codigo_origem, c.codigo_destino, format(c.motivo[1], VARIADIC c.motivo[2:])
    FROM _estoque_contradicoes(origens) AS c;
END
$body$;

GRANT EXECUTE ON FUNCTION estoque_contradicoes(text[]) TO PUBLIC;
COMMENT ON FUNCTION estoque_contradicoes(text[]) IS
    'Active unifications that contradict each other and are left out, with the reason.';
