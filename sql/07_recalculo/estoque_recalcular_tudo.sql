-- Rebuilds every product, code and gate from the sources. Idempotent; writers wait for its end, and
-- it gives way to those it would have to wait for (_estoque_insistir, which raises 55P03 in the end).
CREATE FUNCTION estoque_recalcular_tudo() RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path FROM CURRENT
SET row_security = off
AS $body$
BEGIN
    RETURN _estoque_insistir('_estoque_refazer');
END
$body$;

REVOKE ALL ON FUNCTION estoque_recalcular_tudo() FROM PUBLIC;
COMMENT ON FUNCTION estoque_recalcular_tudo() IS
    'Rebuilds everything from the sources; the number of products corrected.';
