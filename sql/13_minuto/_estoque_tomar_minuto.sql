-- Whether this transaction may do the maintenance: one at a time per schema, and never on a standby,
-- which gets its primary's. Waits for nobody; the lock goes with the transaction.
CREATE FUNCTION _estoque_tomar_minuto() RETURNS boolean
LANGUAGE plpgsql VOLATILE
AS $body$
BEGIN
    IF pg_is_in_recovery() THEN
        RETURN false;
    END IF;
    RETURN pg_try_advisory_xact_lock(hashtextextended('estoque_minuto ' || current_schema(), 0));
END
$body$;

REVOKE ALL ON FUNCTION _estoque_tomar_minuto() FROM PUBLIC;
COMMENT ON FUNCTION _estoque_tomar_minuto() IS
    'Takes the turn to maintain this schema, if nobody has it; inner use.';
