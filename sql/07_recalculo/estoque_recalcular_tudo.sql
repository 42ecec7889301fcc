-- Rebuilds every product, code and gate from the sources. Idempotent; writers wait for its end.
CREATE FUNCTION estoque_recalcular_tudo() RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path FROM CURRENT
SET row_security = off
AS $body$
DECLARE
    v_corrigidos bigint := _estoque_recalcular_tudo();
BEGIN
    UPDATE estoque_controle SET recusadas = EXISTS (SELECT FROM estoque_linhas_recusadas())
    WHERE recusadas;
    RETURN v_corrigidos;
END
$body$;

REVOKE ALL ON FUNCTION estoque_recalcular_tudo() FROM PUBLIC;
COMMENT ON FUNCTION estoque_recalcular_tudo() IS
    'Rebuilds everything from the sources; the number of products corrected.';
