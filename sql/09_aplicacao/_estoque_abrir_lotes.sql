-- Sets the gate of lots to what their shipment items say and returns those whose gate turned.
-- Locks the lots in order before it reads the items: of two sessions at one lot, the second sees
-- the first. A separation takes the same lock (see _estoque_gatilho_separacao).
CREATE FUNCTION _estoque_abrir_lotes(p_lotes text[])
RETURNS TABLE (lote text, faturado boolean)
LANGUAGE plpgsql VOLATILE
SET enable_seqscan = off
SET jit = off
AS $body$
BEGIN
    PERFORM _estoque_travar_lotes(p_lotes);

    RETURN QUERY
    UPDATE estoque_lote AS l
    SET faturado = NOT l.faturado, alterado_por = pg_current_xact_id()
    WHERE l.separacao_lote_id = ANY (p_lotes)
        AND l.faturado <> EXISTS (
            SELECT FROM embarque_itens AS e
            WHERE e.separacao_lote_id = l.separacao_lote_id
                AND _estoque_fatura(e.status, e.nota_fiscal, e.erro_validacao))
    RETURNING l.separacao_lote_id, l.faturado;
END
$body$;

REVOKE ALL ON FUNCTION _estoque_abrir_lotes(text[]) FROM PUBLIC;
COMMENT ON FUNCTION _estoque_abrir_lotes(text[]) IS
    'Opens and closes the gates of lots as their shipment items say; inner use.';
