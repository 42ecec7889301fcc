-- Puts back what guards the sources: triggers that are missing, as on a partition made since, or
-- disabled, and functions that were changed or dropped. What was written past the triggers is counted
-- then: everything is compared with the sources, and rebuilt where it differs. What a function that
-- was not ours did otherwise is found by the audit.
-- Triggers are put back with the writers held off, and it gives way to those it would have to wait for
-- (_estoque_insistir, which raises 55P03 in the end).
-- Returns the number of triggers and functions put back. Runs with the caller's rights: the owner's of
-- the sources.
CREATE FUNCTION estoque_vigiar() RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET search_path FROM CURRENT
AS $body$
DECLARE
    v_funcoes integer := _estoque_restaurar();
BEGIN
    -- Where all are in place nobody is to wait.
    IF NOT EXISTS (SELECT FROM estoque_gatilhos() AS g WHERE g.estado NOT IN ('ok', 'always')) THEN
        RETURN v_funcoes::bigint;
    END IF;
    RETURN v_funcoes + _estoque_insistir('_estoque_repor');
END
$body$;

REVOKE ALL ON FUNCTION estoque_vigiar() FROM PUBLIC;
COMMENT ON FUNCTION estoque_vigiar() IS
    'Puts missing or disabled triggers and changed functions back, and counts what the triggers missed.';
