-- Refuses to install over rows that cannot be counted, listing all of them with queries that find
-- them. With the setting estoque_pg.tolerante = 'on', or where rows were left out before, they are
-- left out instead, with a notice.
-- Raises EP001 for quantities, else EP002 for unifications.
CREATE FUNCTION _estoque_exigir_linhas() RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path FROM CURRENT
AS $body$
DECLARE
    v_linha record;
    v_lista text := '';
    v_ditos json[] := ARRAY[]::json[];
    v_codigo text;
    v_modelo text;
BEGIN
    FOR v_linha IN SELECT r.* FROM _estoque_linhas_recusadas() AS r LOOP
        v_modelo := CASE WHEN v_linha.linhas > 1 THEN '%s: %s rows, %s' ELSE '%s: %s row, %s' END;
        v_lista := v_lista || format(E'\n' || v_modelo || E'\n    %s;', v_linha.tabela,
            v_linha.linhas, v_linha.motivo, v_linha.consulta);
        v_ditos := v_ditos
            || json_build_array(v_modelo, v_linha.tabela, v_linha.linhas, v_linha.motivos)
            || json_build_array('    %s;', v_linha.consulta);
        v_codigo := coalesce(v_codigo,
            CASE v_linha.tabela WHEN 'unificacao_codigos' THEN 'EP002' ELSE 'EP001' END);
    END LOOP;
    IF v_codigo IS NULL THEN
        RETURN;
    END IF;
    IF current_setting('estoque_pg.tolerante', true) = 'on'
        OR EXISTS (SELECT FROM estoque_controle AS c WHERE c.recusadas)
    THEN
        v_modelo := 'estoque_pg: left out:';
        RAISE NOTICE USING MESSAGE = v_modelo || v_lista, CONSTRAINT = v_modelo,
            DATATYPE = json_build_object('detalhe', v_ditos)::text;
        UPDATE estoque_controle SET recusadas = true;
        RETURN;
    END IF;
    v_modelo := 'the source tables have rows that cannot be counted';
    RAISE EXCEPTION USING ERRCODE = v_codigo, MESSAGE = v_modelo, CONSTRAINT = v_modelo,
        DETAIL = ltrim(v_lista, E'\n'), DATATYPE = json_build_object('detalhe', v_ditos)::text,
        HINT = 'Mend the rows the queries find, then install again; or leave them out with'
            ' --tolerante (SET estoque_pg.tolerante = on).';
END
$body$;

REVOKE ALL ON FUNCTION _estoque_exigir_linhas() FROM PUBLIC;
COMMENT ON FUNCTION _estoque_exigir_linhas() IS
    'Raises for source rows that cannot be counted, or leaves them out; inner use.';
