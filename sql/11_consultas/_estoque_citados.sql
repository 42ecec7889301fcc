-- Documents as estoque_incoerencias names them: of one source, in the order given, each with what people
-- call it where p_documentos says so.
CREATE FUNCTION _estoque_citados(p_origem text, p_ids text[], p_documentos text[] DEFAULT NULL)
RETURNS jsonb
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (SELECT coalesce(jsonb_agg(
            jsonb_build_object('origem', p_origem, 'id', x.id, 'documento', x.documento) ORDER BY x.n), '[]')
        FROM ROWS FROM (unnest(p_ids), unnest(p_documentos)) WITH ORDINALITY AS x (id, documento, n));

GRANT EXECUTE ON FUNCTION _estoque_citados(text, text[], text[]) TO PUBLIC;
COMMENT ON FUNCTION _estoque_citados(text, text[], text[]) IS
    'Source, id and name of each document of a list, as JSON; inner use.';
