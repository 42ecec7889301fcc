-- Trigger function for TRUNCATE of any source: there are no rows to compare, so everything is rebuilt.
CREATE FUNCTION _estoque_gatilho_truncar() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path FROM CURRENT
SET plan_cache_mode = force_generic_plan
AS $body$
BEGIN
    PERFORM _estoque_reconstruir_tudo();
    RETURN NULL;
END
$body$;

REVOKE ALL ON FUNCTION _estoque_gatilho_truncar() FROM PUBLIC;
