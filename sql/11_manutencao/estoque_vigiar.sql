-- Mends what guards the sources: triggers that are missing, as on a partition made since, or disabled.
-- What was written past them is counted then: everything is compared with the sources, and rebuilt
-- where it differs.
-- Returns the number of triggers mended. Runs with the caller's rights: the owner of the sources'.
CREATE FUNCTION estoque_vigiar() RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET search_path FROM CURRENT
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

REVOKE ALL ON FUNCTION estoque_vigiar() FROM PUBLIC;
COMMENT ON FUNCTION estoque_vigiar() IS
    'Puts missing or disabled triggers back on the sources and their partitions, and counts what they missed.';
