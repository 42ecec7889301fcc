-- Notes what became of a delivery: entregue, morta, or pendente, to be tried again after p_espera. With
-- p_destino = 'pausar' nothing else is tried at the destination until then; with 'encerrar' the
-- subscription ends and what waits for it is given up. Whether it was heard: not after another deliverer
-- has taken it up. What was given up meanwhile stays so, unless it has arrived.
CREATE FUNCTION _estoque_concluir_entrega(
    p_entrega bigint, p_reserva uuid, p_estado text, p_erro text, p_espera interval, p_destino text
) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path FROM CURRENT
SET enable_seqscan = off
SET jit = off
AS $body$
DECLARE
    v_agora timestamptz := clock_timestamp();
    v_inscricao bigint;
BEGIN
    UPDATE estoque_entrega AS e
    SET estado = CASE WHEN e.estado = 'morta' AND p_estado = 'pendente' THEN 'morta'
            ELSE p_estado END,
        erro = p_erro, reserva = NULL,
        proxima_em = v_agora + coalesce(p_espera, '0'),
        entregue_em = CASE WHEN p_estado = 'entregue' THEN v_agora END
    WHERE e.id = p_entrega AND e.reserva = p_reserva
    RETURNING e.inscricao INTO v_inscricao;
    IF v_inscricao IS NULL THEN
        RETURN false;
    END IF;
    IF p_destino = 'pausar' THEN
        UPDATE estoque_inscricao AS i SET pausada_ate = v_agora + p_espera
        WHERE i.id = v_inscricao;
    ELSIF p_destino = 'encerrar' THEN
        UPDATE estoque_inscricao AS i SET ativa = false, motivo = p_erro WHERE i.id = v_inscricao;
        UPDATE estoque_entrega AS e SET estado = 'morta', erro = p_erro
        WHERE e.inscricao = v_inscricao AND e.estado = 'pendente';
    ELSIF p_estado = 'entregue' THEN
        UPDATE estoque_inscricao AS i SET pausada_ate = NULL
        WHERE i.id = v_inscricao AND i.pausada_ate IS NOT NULL;
    END IF;
    RETURN true;
END
$body$;

REVOKE ALL ON FUNCTION _estoque_concluir_entrega(bigint, uuid, text, text, interval, text) FROM PUBLIC;
COMMENT ON FUNCTION _estoque_concluir_entrega(bigint, uuid, text, text, interval, text) IS
    'Notes what became of a delivery, if its lease still holds; inner use.';
