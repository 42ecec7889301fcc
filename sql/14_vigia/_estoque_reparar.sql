-- The part of estoque_vigiar that needs the writers held off: tables, keys, indexes, triggers, and
-- what was missed without them. Returns the number of parts and triggers put back. Called by
-- _estoque_insistir. Raises EP003 where the sources do not fit any more.
CREATE FUNCTION _estoque_reparar() RETURNS bigint
LANGUAGE plpgsql VOLATILE
AS $body$
DECLARE
    v_restauradas record;
    v_indices bigint;
    v_entregues bigint;
    v_tabelas regclass[];
    v_gatilhos bigint;
BEGIN
    SELECT r.* INTO v_restauradas FROM _estoque_restaurar(true) AS r;
    PERFORM _estoque_exigir_fontes('Mend what is named: give a column that was renamed its old name'
        ' back, or the table a generated column of that name; then run `estoque vigiar` again.');
    SELECT count(*) INTO v_indices FROM estoque_alterados() AS a WHERE a.tipo = 'index';
    PERFORM _estoque_indexar_fontes();
    v_entregues := _estoque_entregar();
    SELECT v.tabelas, v.gatilhos INTO v_tabelas, v_gatilhos FROM _estoque_vigiar() AS v;
    IF v_restauradas.dados OR NOT EXISTS (
        SELECT FROM estoque_controle AS c WHERE c.lugar = _estoque_lugar())
    THEN
        PERFORM _estoque_refazer();
    ELSE
        PERFORM _estoque_recontar(v_tabelas);
    END IF;
    RETURN v_restauradas.pecas + v_indices + v_entregues + v_gatilhos;
END
$body$;

REVOKE ALL ON FUNCTION _estoque_reparar() FROM PUBLIC;
COMMENT ON FUNCTION _estoque_reparar() IS
    'Puts back what needs the writers held off, and counts what was missed; inner use.';
