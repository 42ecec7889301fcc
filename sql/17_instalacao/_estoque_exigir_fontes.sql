-- Refuses to install on tables that do not fit, naming every misfit at once. Raises EP003.
CREATE FUNCTION _estoque_exigir_fontes(
    p_dica text DEFAULT 'Mend what is named, or choose another schema, then install again.'
) RETURNS void
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $body$
DECLARE
    v_modelo CONSTANT text := 'the tables of schema %s do not fit';
    v_desajustes text;
    v_ditos json;
BEGIN
    SELECT string_agg(d.texto, E'\n' ORDER BY d.nome, d.texto),
        json_agg(d.dito ORDER BY d.nome, d.texto)
    INTO v_desajustes, v_ditos
    FROM _estoque_desajustes(current_user) AS d;
    IF v_desajustes IS NOT NULL THEN
        RAISE EXCEPTION USING
            ERRCODE = 'EP003',
            MESSAGE = format(v_modelo, quote_ident(current_schema())),
            DETAIL = v_desajustes,
            HINT = p_dica,
            CONSTRAINT = v_modelo,
            DATATYPE = json_build_object('valores', json_build_array(quote_ident(current_schema())),
                'detalhe', v_ditos)::text;
    END IF;
END
$body$;

REVOKE ALL ON FUNCTION _estoque_exigir_fontes(text) FROM PUBLIC;
COMMENT ON FUNCTION _estoque_exigir_fontes(text) IS
    'Raises EP003 for source tables that do not fit; inner use.';
