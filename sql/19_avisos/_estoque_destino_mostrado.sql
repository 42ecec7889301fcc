-- A destination as it may be shown: of a webhook without its query, of an Apprise address the service
-- alone, since both are where passwords stand.
CREATE FUNCTION _estoque_destino_mostrado(p_canal text, p_destino text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE p_canal
    WHEN 'webhook' THEN regexp_replace(p_destino, '\?.*$', '?...')
    WHEN 'apprise' THEN regexp_replace(p_destino, '://.*$', '://...')
    ELSE p_destino END;

REVOKE ALL ON FUNCTION _estoque_destino_mostrado(text, text) FROM PUBLIC;
COMMENT ON FUNCTION _estoque_destino_mostrado(text, text) IS
    'A destination without what is secret in it; inner use.';
