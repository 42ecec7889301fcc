-- Refuses to install on tables that do not fit, naming every misfit at once. Raises EP003.
CREATE FUNCTION _estoque_exigir_fontes(
    p_dica text DEFAULT 'Mend what is named, or choose another schema, then install again.'
) RETURNS void
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $body$
DECLARE
    v_desajustes text := (
        SELECT string_agg(d.texto, E'\n' ORDER BY d.nome, d.texto)
        FROM estoque_desajustes(current_user) AS d);
BEGIN
    IF v_desajustes IS NOT NULL THEN
        RAISE EXCEPTION USING
            ERRCODE = 'EP003',
            MESSAGE = format('the tables of schema %I do not fit', current_schema()),
            DETAIL = v_desajustes,
            HINT = p_dica;
    END IF;
END
$body$;

REVOKE ALL ON FUNCTION _estoque_exigir_fontes(text) FROM PUBLIC;
COMMENT ON FUNCTION _estoque_exigir_fontes(text) IS
    'Raises EP003 for source tables that do not fit; inner use.';
