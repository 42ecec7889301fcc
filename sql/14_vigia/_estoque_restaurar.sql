-- Puts back what is not as it was installed, as far as that can be; returns how many parts, and
-- whether tables or keys are among them, so that everything has to be compared with the sources.
-- Where a key is gone, rows that are there twice go with it: all but the first. A table or a type
-- whose columns were changed stays as it is. A part that was dropped gets its comment and the rights
-- of everybody back, not those granted to roles since.
-- What a part needs may be missing too: again and again, then, as long as any is put back. Without
-- p_tudo only types, functions and views, which no writer has to be held off for, and as many as can.
CREATE FUNCTION _estoque_restaurar(p_tudo boolean, OUT pecas integer, OUT dados boolean)
LANGUAGE plpgsql VOLATILE
SET search_path FROM CURRENT
SET check_function_bodies = off
AS $body$
DECLARE
    v_peca record;
    v_feitas integer;
    v_falha text;
    v_modelo CONSTANT text := 'could not put back the %s';
BEGIN
    pecas := 0;
    dados := false;
    LOOP
        v_feitas := 0;
        v_falha := NULL;
        FOR v_peca IN
            SELECT x.* FROM estoque_alterados() AS x
            WHERE (p_tudo OR x.tipo IN ('type', 'function', 'view'))
                AND (x.tipo NOT IN ('table', 'type') OR x.estado <> 'changed')
            ORDER BY array_position(
                ARRAY['type', 'table', 'constraint', 'index', 'function', 'view'], x.tipo), x.objeto
        LOOP
            -- An index on a source is none of those that were signed.
            CONTINUE WHEN NOT EXISTS (
                SELECT FROM estoque_assinatura AS a
                WHERE a.tipo = v_peca.tipo AND a.objeto = v_peca.objeto);
            BEGIN
                PERFORM _estoque_repor(v_peca.tipo, v_peca.objeto, v_peca.estado);
                v_feitas := v_feitas + 1;
                dados := dados OR v_peca.tipo = 'table' AND v_peca.estado = 'missing'
                    OR v_peca.tipo = 'constraint';
            EXCEPTION WHEN undefined_function OR undefined_table OR undefined_object THEN
                v_falha := coalesce(v_falha, format('%s %s: %s', v_peca.tipo, v_peca.objeto, SQLERRM));
            END;
        END LOOP;
        IF v_feitas > 0 THEN
            PERFORM _estoque_ajustar_ao_citus();
        END IF;
        pecas := pecas + v_feitas;
        EXIT WHEN v_falha IS NULL OR v_feitas = 0 AND NOT p_tudo;
        IF v_feitas = 0 THEN
            RAISE EXCEPTION USING ERRCODE = 'object_not_in_prerequisite_state',
                MESSAGE = format(v_modelo, v_falha),
                CONSTRAINT = v_modelo, DATATYPE = json_build_array(v_falha)::text,
                HINT = '`estoque uninstall`, then `estoque install`, makes everything anew; the'
                    ' sources are not touched.';
        END IF;
    END LOOP;
END
$body$;

REVOKE ALL ON FUNCTION _estoque_restaurar(boolean) FROM PUBLIC;
COMMENT ON FUNCTION _estoque_restaurar(boolean) IS
    'Puts back parts that are not as they were installed; inner use.';
