-- Forgets a delivery that was given up; whether there was one. Of who was to get it nothing else changes.
CREATE FUNCTION estoque_descartar_entrega(entrega bigint) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path FROM CURRENT
AS $body$
BEGIN
    DELETE FROM estoque_entrega AS e WHERE e.id = entrega AND e.estado = 'morta';
    RETURN FOUND;
END
$body$;

REVOKE ALL ON FUNCTION estoque_descartar_entrega(bigint) FROM PUBLIC;
COMMENT ON FUNCTION estoque_descartar_entrega(bigint) IS
    'Forgets a delivery that was given up; whether there was one.';
