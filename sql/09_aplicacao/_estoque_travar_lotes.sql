-- Locks lots in order, making those not seen before. The row is written, not only locked, so that a
-- REPEATABLE READ session that had not seen this one fails with 40001 instead of overlooking it.
CREATE FUNCTION _estoque_travar_lotes(p_lotes text[]) RETURNS void
LANGUAGE plpgsql VOLATILE
AS $body$
BEGIN
    INSERT INTO estoque_lote AS l (separacao_lote_id, faturado)
    SELECT DISTINCT x.lote, false FROM unnest(p_lotes) AS x (lote) ORDER BY x.lote
    ON CONFLICT (separacao_lote_id) DO UPDATE SET faturado = l.faturado;
END
$body$;

REVOKE ALL ON FUNCTION _estoque_travar_lotes(text[]) FROM PUBLIC;
COMMENT ON FUNCTION _estoque_travar_lotes(text[]) IS 'Locks lots in order; inner use.';
