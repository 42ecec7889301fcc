-- What of the sources does not fit: columns that are missing or of another type, owners, policies, names
-- of our indexes that something else bears; and what the owner of our functions may not do. Empty is
-- good. dito is texto in parts: a model of format() and its values. p_papel is who owns them, or is about to; NULL who does.
CREATE FUNCTION _estoque_desajustes(p_papel name)
RETURNS TABLE (nome text, texto text, dito text[])
LANGUAGE plpgsql STABLE ROWS 1
SET search_path FROM CURRENT
AS $body$
DECLARE
    v_papel name := coalesce(p_papel, (
        SELECT pg_get_userbyid(p.proowner) FROM pg_proc AS p
        WHERE p.oid = 'estoque_desajustes'::regproc));
BEGIN
    RETURN QUERY
    SELECT d.nome, format(d.dito[1], VARIADIC d.dito[2:]), d.dito
    FROM (
        SELECT * FROM _estoque_desajustes_das_colunas()
        UNION ALL
        SELECT * FROM _estoque_desajustes_das_tabelas(v_papel)
        UNION ALL
        SELECT * FROM _estoque_desajustes_dos_indices()
    ) AS d
    ORDER BY 1, 2;
END
$body$;

GRANT EXECUTE ON FUNCTION _estoque_desajustes(name) TO PUBLIC;
COMMENT ON FUNCTION _estoque_desajustes(name) IS
    'What of the sources does not fit, also in parts: a model and its values; inner use.';
