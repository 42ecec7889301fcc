-- Documents as estoque_incoerencias names them: of one source, in the order given.
CREATE FUNCTION _estoque_citados(p_origem text, p_ids text[]) RETURNS jsonb
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (SELECT coalesce(jsonb_agg(jsonb_build_object('origem', p_origem, 'id', x.id) ORDER BY x.n), '[]')
        FROM unnest(p_ids) WITH ORDINALITY AS x (id, n));

GRANT EXECUTE ON FUNCTION _estoque_citados(text, text[]) TO PUBLIC;
COMMENT ON FUNCTION _estoque_citados(text, text[]) IS
    'Source and id of each document of a list, as JSON; inner use.';
