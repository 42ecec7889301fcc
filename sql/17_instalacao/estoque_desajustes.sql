-- What of the sources does not fit: columns that are missing or of another type, owners, policies, names
-- of our indexes that something else bears; and what the owner of our functions may not do. Empty is
-- good. papel is who owns them, or is about to; NULL who does.
CREATE FUNCTION estoque_desajustes(papel name DEFAULT NULL) RETURNS TABLE (nome text, texto text)
LANGUAGE plpgsql STABLE ROWS 1
SET search_path FROM CURRENT
AS $body$
BEGIN
    RETURN QUERY SELECT d.nome, d.texto FROM _estoque_desajustes(papel) AS d;
END
$body$;

GRANT EXECUTE ON FUNCTION estoque_desajustes(name) TO PUBLIC;
COMMENT ON FUNCTION estoque_desajustes(name) IS
    'What of the sources does not fit, and what the owner of our functions may not do.';
