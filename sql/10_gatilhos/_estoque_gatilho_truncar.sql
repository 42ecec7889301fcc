-- Trigger function for TRUNCATE of any source: with no rows to compare, everything is rebuilt.
-- Raises 0A000 under REPEATABLE READ and SERIALIZABLE, EP007 for a table that is no source.
CREATE FUNCTION _estoque_gatilho_truncar() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path FROM CURRENT
SET row_security = off
SET plan_cache_mode = force_generic_plan
AS $body$
BEGIN
    PERFORM _estoque_exigir_propria(TG_RELID, NULL);
    -- TRUNCATE does not respect snapshots: an older one would rebuild without seeing everything.
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        PERFORM _estoque_acusar('0A000', '', 'TRUNCATE of %s needs the isolation level READ COMMITTED',
            'Use DELETE in this transaction, or TRUNCATE in one of READ COMMITTED.',
            quote_ident(TG_TABLE_NAME));
    END IF;
    PERFORM _estoque_recalcular_tudo();
    RETURN NULL;
END
$body$;

REVOKE ALL ON FUNCTION _estoque_gatilho_truncar() FROM PUBLIC;
COMMENT ON FUNCTION _estoque_gatilho_truncar() IS
    'Rebuilds everything after TRUNCATE of a source; inner use.';
