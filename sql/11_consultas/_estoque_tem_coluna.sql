-- Whether a table of the search_path has a column; false for a column that is NULL.
CREATE FUNCTION _estoque_tem_coluna(p_tabela text, p_coluna text) RETURNS boolean
LANGUAGE sql STABLE
RETURN EXISTS (
    SELECT FROM pg_attribute AS a
    WHERE a.attrelid = to_regclass(quote_ident(p_tabela)) AND a.attname = p_coluna AND NOT a.attisdropped);

GRANT EXECUTE ON FUNCTION _estoque_tem_coluna(text, text) TO PUBLIC;
COMMENT ON FUNCTION _estoque_tem_coluna(text, text) IS 'Whether a table has a column; inner use.';
