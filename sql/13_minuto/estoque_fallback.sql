-- Compares the products that have gone longest without it with the sources, and rebuilds those that
-- are wrong; also finds codes that a bypass of the triggers left without a product. Compares without
-- a lock; only what differs is locked, and what is locked is left for the next time.
-- Returns zeros while another run is under way, and on a standby. Raises 22023 for a lote below 1.
CREATE FUNCTION estoque_fallback(lote integer DEFAULT 10)
RETURNS TABLE (processados bigint, corrigidos bigint, falhas bigint)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER ROWS 1
SET search_path FROM CURRENT
SET row_security = off
AS $body$
BEGIN
    IF lote IS NULL OR lote < 1 THEN
        PERFORM _estoque_acusar('22023', 'lote', 'lote must be 1 or more, not %s',
            'Give the number of products to compare.', coalesce(lote::text, 'NULL'));
    END IF;
    IF _estoque_tomar_minuto() THEN
        RETURN QUERY SELECT c.* FROM _estoque_corrigir(_estoque_comparar(lote, NULL, 0, 0), NULL) AS c;
    ELSE
        RETURN QUERY SELECT 0::bigint, 0::bigint, 0::bigint;
    END IF;
END
$body$;

REVOKE ALL ON FUNCTION estoque_fallback(integer) FROM PUBLIC;
COMMENT ON FUNCTION estoque_fallback(integer) IS
    'Compares the products longest not looked at with the sources and mends them; how many.';
