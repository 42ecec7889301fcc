-- Takes up again all that was given up for a subscription, or (NULL) for all that are active, as
-- estoque_reenviar does of one; how many. What was given up by a pause waits for its subscription to go on.
CREATE FUNCTION estoque_reenviar_mortas(inscricao bigint DEFAULT NULL) RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path FROM CURRENT
AS $body$
BEGIN
    RETURN _estoque_reviver(ARRAY(
        SELECT e.id
        FROM estoque_entrega AS e
        JOIN estoque_inscricao AS i ON i.id = e.inscricao
        WHERE e.estado = 'morta' AND CASE
            WHEN estoque_reenviar_mortas.inscricao IS NULL THEN i.ativa
            ELSE i.id = estoque_reenviar_mortas.inscricao END));
END
$body$;

REVOKE ALL ON FUNCTION estoque_reenviar_mortas(bigint) FROM PUBLIC;
COMMENT ON FUNCTION estoque_reenviar_mortas(bigint) IS
    'Takes up again all that was given up, for all subscriptions or for one; how many.';
