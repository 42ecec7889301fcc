-- Locks lots in order, making those not seen before. The row is written, not only locked, so that a
-- REPEATABLE READ session that had not seen this one fails with 40001 instead of overlooking it.
-- Returns each gate, and whether this transaction turned it.
CREATE FUNCTION _estoque_travar_lotes(p_lotes text[])
RETURNS TABLE (lote text, faturado boolean, mudou boolean)
LANGUAGE plpgsql VOLATILE
AS $body$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    INSERT INTO estoque_lote AS l (separacao_lote_id, faturado)
    SELECT DISTINCT x.lote, false FROM unnest(p_lotes) AS x (lote) ORDER BY x.lote
    ON CONFLICT (separacao_lote_id) DO UPDATE SET faturado = l.faturado
    RETURNING l.separacao_lote_id, l.faturado,
        l.alterado_por IS NOT DISTINCT FROM pg_current_xact_id();
END
$body$;

REVOKE ALL ON FUNCTION _estoque_travar_lotes(text[]) FROM PUBLIC;
COMMENT ON FUNCTION _estoque_travar_lotes(text[]) IS 'Locks lots in order; inner use.';
