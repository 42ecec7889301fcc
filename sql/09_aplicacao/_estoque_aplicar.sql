-- The general way of a change into the result tables. Every trigger brings what its statement changed,
-- per code and date; here codes become products, product rows are locked in the order of their codes,
-- forecast and balance move by the differences, and the D7 fields are projected once per product.
--
-- Lock order: product rows by code, before anything derived. What is read after the lock is read in
-- a statement that begins after it, so under READ COMMITTED it includes what the last holder wrote.
-- Every change writes the product row, so a stale REPEATABLE READ snapshot ends in 40001.
--
-- A product rebuilt from the sources in this transaction is rebuilt again instead of incremented:
-- several parts of one query may have written before any trigger fires, and that rebuild saw them all.
--
-- p_recalcular: codes to rebuild in any case. Inner use; runs with the caller's pinned search_path.
CREATE FUNCTION _estoque_aplicar(
    p_deltas _estoque_delta[], p_recalcular text[] DEFAULT '{}'
) RETURNS void
LANGUAGE plpgsql VOLATILE
AS $body$
DECLARE
    v_deltas _estoque_delta[];
    v_codigos text[];
    v_rever text[];
    v_novos text[];
    v_recalcular text[];
    v_nomear text[];
BEGIN
    SELECT c.deltas, c.codigos, c.rever INTO v_deltas, v_codigos, v_rever
    FROM _estoque_compensar(p_deltas) AS c;
    v_codigos := v_codigos || (
        SELECT array_agg(x.c)
        FROM (SELECT unnest(p_recalcular) EXCEPT SELECT unnest(v_codigos)) AS x (c));
    IF v_codigos IS NULL THEN
        RETURN;
    END IF;

    SELECT t.novos, t.recalculados INTO v_novos, v_recalcular
    FROM _estoque_travar_produtos(v_codigos, true) AS t;
    -- A code forgotten by a statement inside this one comes back: what it had is to be read again.
    IF v_novos IS NOT NULL
        AND current_setting('estoque_pg.esqueceu', true) = pg_current_xact_id()::text
    THEN
        v_rever := v_rever || v_novos;
        p_recalcular := p_recalcular || v_novos;
    END IF;
    IF cardinality(p_recalcular) > 0 THEN
        v_recalcular := v_recalcular || ARRAY(
            SELECT c.cod_produto FROM estoque_codigo_conhecido AS c
            WHERE c.codigo = ANY (p_recalcular)
            EXCEPT
            SELECT unnest(v_recalcular));
    END IF;

    IF EXISTS (SELECT FROM unnest(v_deltas) AS d WHERE d.data IS NOT NULL) THEN
        PERFORM _estoque_prever_varios(v_deltas);
    END IF;
    v_nomear := _estoque_mover_saldos(v_deltas);
    IF v_recalcular IS NOT NULL THEN
        PERFORM _estoque_recalcular(v_recalcular);
    END IF;
    IF v_nomear IS NOT NULL THEN
        PERFORM _estoque_nomear(v_nomear);
    END IF;
    IF v_rever IS NOT NULL THEN
        PERFORM _estoque_revisar(v_rever);
    END IF;
END
$body$;

REVOKE ALL ON FUNCTION _estoque_aplicar(_estoque_delta[], text[]) FROM PUBLIC;
COMMENT ON FUNCTION _estoque_aplicar(_estoque_delta[], text[]) IS
    'Applies the changes of one statement to the result tables; inner use.';
