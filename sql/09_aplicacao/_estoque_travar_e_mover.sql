-- The second half of _estoque_aplicar: locks the products of codes and writes what changed. Where
-- _estoque_tentar_travar did not get all of them it asks again; with p_voltar it raises VOLTA
-- instead, and _estoque_aplicar undoes this attempt first. p_registrar makes codes known that are not.
CREATE FUNCTION _estoque_travar_e_mover(
    p_deltas _estoque_delta[], p_codigos text[], p_rever text[], p_recalcular text[],
    p_registrar boolean, p_voltar boolean
) RETURNS void
LANGUAGE plpgsql VOLATILE
AS $body$
DECLARE
    v_novos text[];
    v_recalcular text[];
    v_nomear text[];
    v_todos boolean;
BEGIN
    LOOP
        SELECT v_novos || t.novos, t.recalculados, t.todos INTO v_novos, v_recalcular, v_todos
        FROM _estoque_tentar_travar(p_codigos, p_registrar) AS t;
        EXIT WHEN v_todos;
        IF p_voltar THEN
            RAISE SQLSTATE 'VOLTA';
        END IF;
    END LOOP;
    -- A code forgotten by a statement inside this one comes back: what it had is to be read again.
    IF v_novos IS NOT NULL
        AND current_setting('estoque_pg.esqueceu', true) = pg_current_xact_id()::text
    THEN
        p_rever := p_rever || v_novos;
        p_recalcular := p_recalcular || v_novos;
    END IF;
    IF cardinality(p_recalcular) > 0 THEN
        v_recalcular := v_recalcular || ARRAY(
            SELECT c.cod_produto FROM estoque_codigo_conhecido AS c
            WHERE c.codigo = ANY (p_recalcular)
            EXCEPT
            SELECT unnest(v_recalcular));
    END IF;

    IF EXISTS (SELECT FROM unnest(p_deltas) AS d WHERE d.data IS NOT NULL) THEN
        PERFORM _estoque_prever_varios(p_deltas);
    END IF;
    v_nomear := _estoque_mover_saldos(p_deltas);
    IF v_recalcular IS NOT NULL THEN
        PERFORM _estoque_recalcular(v_recalcular);
    END IF;
    IF v_nomear IS NOT NULL THEN
        PERFORM _estoque_nomear(v_nomear);
    END IF;
    IF p_rever IS NOT NULL THEN
        PERFORM _estoque_revisar(p_rever);
    END IF;
END
$body$;

REVOKE ALL ON FUNCTION
    _estoque_travar_e_mover(_estoque_delta[], text[], text[], text[], boolean, boolean) FROM PUBLIC;
COMMENT ON FUNCTION
    _estoque_travar_e_mover(_estoque_delta[], text[], text[], text[], boolean, boolean) IS
    'Locks products and writes the changes of one statement; inner use.';
