-- What a destination is reached by, together with others of its channel: e-mail by the one mail server, a
-- webhook by the machine in its address, an Apprise address by itself.
CREATE FUNCTION _estoque_servidor_do_destino(p_canal text, p_destino text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE p_canal
    WHEN 'email' THEN ''
    WHEN 'webhook' THEN coalesce(substring(p_destino FROM '^[a-z]+://[^/?#]+'), p_destino)
    ELSE p_destino END;

REVOKE ALL ON FUNCTION _estoque_servidor_do_destino(text, text) FROM PUBLIC;
COMMENT ON FUNCTION _estoque_servidor_do_destino(text, text) IS
    'The server that a destination is reached by; inner use.';
