-- Puts back what an installation consists of: triggers that are missing, as on a partition made since,
-- or disabled; tables, keys, indexes, functions, rights and owners that are not as they were installed.
-- What was written past the triggers is counted then, and so is a restored copy: everything is compared
-- with the sources, and rebuilt where it differs. What a function that was not ours did otherwise is
-- found by the audit.
-- It does so with the writers held off, and gives way to those it would have to wait for
-- (_estoque_insistir, which raises 55P03 in the end); only functions are put back beside them. Writers
-- wait while it builds an index on their table, as `estoque vigiar` does not let them.
-- Returns the number of parts and triggers put back. Runs with the caller's rights: the owner's of the
-- sources. Raises EP003 where the sources do not fit any more.
CREATE FUNCTION estoque_vigiar() RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET search_path FROM CURRENT
AS $body$
DECLARE
    v_restauradas record;
BEGIN
    SELECT r.* INTO v_restauradas FROM _estoque_restaurar(false) AS r;
    -- Where all is in place nobody is to wait.
    IF EXISTS (SELECT FROM estoque_gatilhos() AS g WHERE g.estado NOT IN ('ok', 'always'))
        OR EXISTS (SELECT FROM estoque_alterados())
        OR EXISTS (SELECT FROM estoque_desajustes())
        OR NOT EXISTS (SELECT FROM estoque_controle AS c WHERE c.lugar = _estoque_lugar())
    THEN
        RETURN v_restauradas.pecas + _estoque_insistir('_estoque_reparar');
    END IF;
    RETURN v_restauradas.pecas + _estoque_entregar();
END
$body$;

REVOKE ALL ON FUNCTION estoque_vigiar() FROM PUBLIC;
COMMENT ON FUNCTION estoque_vigiar() IS
    'Puts back missing triggers and changed parts of the installation, and counts what was missed.';
