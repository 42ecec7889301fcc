-- The part of estoque_vigiar that needs the writers held off: triggers, and what they missed.
-- Returns the number of triggers put back. Called by _estoque_insistir.
CREATE FUNCTION _estoque_repor() RETURNS bigint
LANGUAGE plpgsql VOLATILE
AS $body$
DECLARE
    v_tabelas regclass[];
    v_gatilhos bigint;
BEGIN
    SELECT v.tabelas, v.gatilhos INTO v_tabelas, v_gatilhos FROM _estoque_vigiar() AS v;
    PERFORM _estoque_recontar(v_tabelas);
    RETURN v_gatilhos;
END
$body$;

REVOKE ALL ON FUNCTION _estoque_repor() FROM PUBLIC;
COMMENT ON FUNCTION _estoque_repor() IS
    'Puts triggers back and counts what they missed; inner use.';
