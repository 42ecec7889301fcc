-- Puts back what guards the sources: triggers that are missing, as on a partition made since, or
-- disabled, and functions that were changed or dropped. What was written past the triggers is counted
-- then: everything is compared with the sources, and rebuilt where it differs. What a function that
-- was not ours did otherwise is found by the audit.
-- Returns the number of triggers and functions put back. Runs with the caller's rights: the owner's of
-- the sources.
CREATE FUNCTION estoque_vigiar() RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET search_path FROM CURRENT
AS $body$
DECLARE
    v_tabelas regclass[];
    v_gatilhos bigint;
    v_funcoes integer := _estoque_restaurar();
BEGIN
    SELECT v.tabelas, v.gatilhos INTO v_tabelas, v_gatilhos FROM _estoque_vigiar() AS v;
    PERFORM _estoque_recontar(v_tabelas);
    RETURN v_gatilhos + v_funcoes;
END
$body$;

REVOKE ALL ON FUNCTION estoque_vigiar() FROM PUBLIC;
COMMENT ON FUNCTION estoque_vigiar() IS
    'Puts missing or disabled triggers and changed functions back, and counts what the triggers missed.';
