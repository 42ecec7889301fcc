-- Refuses a channel that there is not, and a destination or secret that is none of its channel. An
-- address is one line and holds nothing that would end a header. Raises 22023.
CREATE FUNCTION _estoque_exigir_destino(p_canal text, p_destino text, p_segredo text) RETURNS void
LANGUAGE plpgsql IMMUTABLE
SET search_path FROM CURRENT
AS $body$
BEGIN
    IF p_canal IS NULL OR p_canal NOT IN ('email', 'webhook', 'apprise') THEN
        PERFORM _estoque_acusar('22023', 'canal', 'canal must be email, webhook or apprise, not %s',
            'Give the way in which messages are to go.', coalesce(p_canal, 'NULL'));
    ELSIF p_destino IS NULL OR p_destino ~ '[[:cntrl:][:space:]]' OR NOT (CASE p_canal
        WHEN 'email' THEN p_destino ~ '^[^][@<>(),;:"\\]+@[^][@<>(),;:"\\]+$'
            AND length(p_destino) <= 254
        WHEN 'webhook' THEN p_destino
            ~ '^https?://(\[[0-9A-Fa-f:.]+\]|[^][/?#@:\\]+)(:[0-9]{1,5})?([/?][^#]*)?$'
        ELSE p_destino ~ '^[a-z][a-z0-9.+-]*://.' END) THEN
        -- Not shown: it may hold a password.
        PERFORM _estoque_acusar('22023', 'destino', 'destino is no address of the channel %s',
            'email: name@domain; webhook: http(s)://host/path, without a password; apprise: '
            'service://...', p_canal);
    ELSIF p_segredo IS NOT NULL AND p_canal <> 'webhook' THEN
        PERFORM _estoque_acusar('22023', 'segredo', 'only a webhook has a secret, not %s',
            'Leave segredo out.', p_canal);
    ELSIF p_segredo IS NOT NULL AND (p_segredo !~ '^whsec_[A-Za-z0-9+/]{32,88}={0,2}$'
        OR (length(p_segredo) - 6) % 4 <> 0
        OR octet_length(decode(substr(p_segredo, 7), 'base64')) NOT BETWEEN 24 AND 64) THEN
        PERFORM _estoque_acusar('22023', 'segredo',
            'segredo must be whsec_ and 24 to 64 bytes in base64, not %s characters',
            'Leave it out: one is made.', length(p_segredo)::text);
    END IF;
END
$body$;

REVOKE ALL ON FUNCTION _estoque_exigir_destino(text, text, text) FROM PUBLIC;
COMMENT ON FUNCTION _estoque_exigir_destino(text, text, text) IS
    'Raises 22023 for a bad channel, destination or secret; inner use.';
