-- A fingerprint of a row's id and name; sums of it differ when the rows of a code do.
CREATE FUNCTION _estoque_digital(p_id text, p_nome text) RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN hashtextextended(coalesce(p_id, '') || ' ' || coalesce(p_nome, ''), 0)::numeric;

GRANT EXECUTE ON FUNCTION _estoque_digital(text, text) TO PUBLIC;
COMMENT ON FUNCTION _estoque_digital(text, text) IS 'Fingerprint of a source row''s id and name.';
