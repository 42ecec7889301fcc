-- Takes up again a delivery that was given up, as if it had never been tried; whether there was one. It
-- comes after what its product was told meanwhile, under its old key.
CREATE FUNCTION estoque_reenviar(entrega bigint) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path FROM CURRENT
AS $body$
BEGIN
    UPDATE estoque_entrega AS e
    SET estado = 'pendente', tentativas = 0, proxima_em = now(), erro = NULL
    WHERE e.id = entrega AND e.estado = 'morta';
    RETURN FOUND;
END
$body$;

REVOKE ALL ON FUNCTION estoque_reenviar(bigint) FROM PUBLIC;
COMMENT ON FUNCTION estoque_reenviar(bigint) IS
    'Takes up again a delivery that was given up; whether there was one.';
