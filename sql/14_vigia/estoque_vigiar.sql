-- Puts back what an installation consists of: triggers that are missing, as on a partition made since,
-- or disabled; tables, keys, indexes, functions and rights that are not as they were installed. What
-- was written past the triggers is counted then, and so is a restored copy: everything is compared
-- with the sources, and rebuilt where it differs. What a function that was not ours did otherwise is
-- found by the audit.
-- Returns the number of parts and triggers put back. Runs with the caller's rights: the owner's of the
-- sources. Writers wait while it builds an index on their table, as `estoque vigiar` does not let them.
-- Raises EP003 where the sources do not fit any more.
CREATE FUNCTION estoque_vigiar() RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET search_path FROM CURRENT
AS $body$
DECLARE
    v_tabelas regclass[];
    v_gatilhos bigint;
    v_restauradas record;
    v_indices bigint;
    v_entregues bigint;
BEGIN
    SELECT r.* INTO v_restauradas FROM _estoque_restaurar() AS r;
    PERFORM _estoque_exigir_fontes('Mend what is named: give a column that was renamed its old name'
        ' back, or the table a generated column of that name; then run `estoque vigiar` again.');
    SELECT count(*) INTO v_indices FROM estoque_alterados() AS a WHERE a.tipo = 'index';
    PERFORM _estoque_indexar_fontes();
    v_entregues := _estoque_entregar();
    SELECT v.tabelas, v.gatilhos INTO v_tabelas, v_gatilhos FROM _estoque_vigiar() AS v;
    IF v_restauradas.dados OR NOT EXISTS (
        SELECT FROM estoque_controle AS c WHERE c.lugar = _estoque_lugar())
    THEN
        PERFORM estoque_recalcular_tudo();
    ELSE
        PERFORM _estoque_recontar(v_tabelas);
    END IF;
    RETURN v_gatilhos + v_restauradas.pecas + v_indices + v_entregues;
END
$body$;

REVOKE ALL ON FUNCTION estoque_vigiar() FROM PUBLIC;
COMMENT ON FUNCTION estoque_vigiar() IS
    'Puts back missing triggers and changed parts of the installation, and counts what was missed.';
