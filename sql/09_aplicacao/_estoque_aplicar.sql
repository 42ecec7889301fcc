-- The general way of a change into the result tables. Every trigger brings what its statement changed,
-- per code and date; codes become products, product rows are locked in the order of their codes,
-- forecast and balance move by the differences, and the D7 fields are projected once per product
-- (_estoque_travar_e_mover).
--
-- Lock order: product rows by code, before anything derived. What is read after the lock is read in
-- a statement that begins after it, so under READ COMMITTED it includes what the last holder wrote.
-- Every change writes the product row, so a stale REPEATABLE READ snapshot ends in 40001.
--
-- Where a group changes under a statement that holds some of its products already, the product it
-- needs instead may come before those: all is undone, which gives them back, and done anew. Once a
-- transaction: in one of several such statements the order is its own affair, and hundreds of
-- subtransactions would slow down everybody who looks at what they wrote.
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
    v_transacao text;
    v_registrar boolean := false;
BEGIN
    SELECT c.deltas, c.codigos, c.rever INTO v_deltas, v_codigos, v_rever
    FROM _estoque_compensar(p_deltas) AS c;
    v_codigos := v_codigos || (
        SELECT array_agg(x.c)
        FROM (SELECT unnest(p_recalcular) EXCEPT SELECT unnest(v_codigos)) AS x (c));
    IF v_codigos IS NULL THEN
        RETURN;
    END IF;

    -- One code alone is waited for with no product in hand.
    v_transacao := pg_current_xact_id()::text;
    IF cardinality(v_codigos) = 1
        OR current_setting('estoque_pg.varios', true) = v_transacao
    THEN
        PERFORM _estoque_travar_e_mover(v_deltas, v_codigos, v_rever, p_recalcular, true, false);
        RETURN;
    END IF;
    -- Few statements bring new codes, and to look for them costs as much as to lock: where all of them
    -- are locked at the first attempt, all of them were known.
    LOOP
        BEGIN
            PERFORM _estoque_travar_e_mover(v_deltas, v_codigos, v_rever, p_recalcular,
                v_registrar, true);
            PERFORM set_config('estoque_pg.varios', v_transacao, true);
            RETURN;
        EXCEPTION WHEN SQLSTATE 'VOLTA' THEN
            v_registrar := true;
        END;
    END LOOP;
END
$body$;

REVOKE ALL ON FUNCTION _estoque_aplicar(_estoque_delta[], text[]) FROM PUBLIC;
COMMENT ON FUNCTION _estoque_aplicar(_estoque_delta[], text[]) IS
    'Applies the changes of one statement to the result tables; inner use.';
