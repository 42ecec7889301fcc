-- Rebuilds everything, with the writers of the sources held off, and looks whether rows are still
-- left out. Returns the number of products corrected. Called by _estoque_insistir.
CREATE FUNCTION _estoque_refazer() RETURNS bigint
LANGUAGE plpgsql VOLATILE
AS $body$
DECLARE
    v_corrigidos bigint := _estoque_recalcular_tudo();
BEGIN
    UPDATE estoque_controle SET recusadas = EXISTS (SELECT FROM estoque_linhas_recusadas())
    WHERE recusadas;
    RETURN v_corrigidos;
END
$body$;

REVOKE ALL ON FUNCTION _estoque_refazer() FROM PUBLIC;
COMMENT ON FUNCTION _estoque_refazer() IS
    'Rebuilds everything and looks whether rows are left out; inner use.';
