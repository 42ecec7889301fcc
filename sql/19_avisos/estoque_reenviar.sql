-- Takes up again a delivery that was given up, as if it had just been made; whether there was one. It is
-- tried at once, although its destination is paused, and comes after what its product was told meanwhile,
-- under its old key.
CREATE FUNCTION estoque_reenviar(entrega bigint) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path FROM CURRENT
AS $body$
BEGIN
    RETURN _estoque_reviver(ARRAY(
        SELECT e.id FROM estoque_entrega AS e WHERE e.id = entrega AND e.estado = 'morta')) > 0;
END
$body$;

REVOKE ALL ON FUNCTION estoque_reenviar(bigint) FROM PUBLIC;
COMMENT ON FUNCTION estoque_reenviar(bigint) IS
    'Takes up again a delivery that was given up; whether there was one.';
