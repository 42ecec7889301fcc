-- Refuses to install on tables that do not fit, naming every misfit at once. Raises EP003.
CREATE FUNCTION _estoque_exigir_fontes() RETURNS void
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $body$
DECLARE
    v_desajustes text;
BEGIN
    SELECT string_agg(d.texto, E'\n' ORDER BY d.nome, d.texto) INTO v_desajustes
    FROM (
        SELECT * FROM _estoque_desajustes_das_colunas()
        UNION ALL
        SELECT * FROM _estoque_desajustes_das_tabelas()
        UNION ALL
        SELECT * FROM _estoque_desajustes_dos_indices()
    ) AS d;
    IF v_desajustes IS NOT NULL THEN
        RAISE EXCEPTION USING
            ERRCODE = 'EP003',
            MESSAGE = format('the tables of schema %I do not fit', current_schema()),
            DETAIL = v_desajustes,
            HINT = 'Mend what is named, or choose another schema, then install again.';
    END IF;
END
$body$;

REVOKE ALL ON FUNCTION _estoque_exigir_fontes() FROM PUBLIC;
COMMENT ON FUNCTION _estoque_exigir_fontes() IS
    'Raises EP003 for source tables that do not fit; inner use.';
