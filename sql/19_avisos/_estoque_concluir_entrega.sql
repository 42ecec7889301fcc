-- Notes what became of a delivery: entregue, morta, or pendente, to be tried again after p_espera. p_alcance
-- is what failed: with destino nothing is tried at the destination for p_pausa, with servidor nowhere that
-- its server is needed for, and what has waited there for p_desistir is given up (NULL: nothing is); with
-- inscricao the subscription ends, and what waits for it is given up. A success wakes what was paused with
-- it. Whether it was heard: not after another deliverer has taken it up. What was given up meanwhile stays
-- so, unless it has arrived. Locks subscriptions before deliveries, by number, as who cancels one does.
CREATE FUNCTION _estoque_concluir_entrega(
    p_entrega bigint, p_reserva uuid, p_estado text, p_erro text, p_espera interval, p_alcance text,
    p_pausa interval, p_desistir interval
) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path FROM CURRENT
SET enable_seqscan = off
SET jit = off
AS $body$
DECLARE
    i estoque_inscricao;
    v_lugar bigint[];
BEGIN
    SELECT x.* INTO i
    FROM estoque_entrega AS e
    JOIN estoque_inscricao AS x ON x.id = e.inscricao
    WHERE e.id = p_entrega;
    v_lugar := ARRAY(
        SELECT x.id
        FROM estoque_inscricao AS x
        WHERE x.canal = i.canal AND CASE
            WHEN p_estado = 'entregue' THEN (x.falhas > 0 OR x.pausada_ate IS NOT NULL)
                AND (x.destino = i.destino
                    OR i.falhas > 0 AND _estoque_servidor_do_destino(x.canal, x.destino)
                        = _estoque_servidor_do_destino(i.canal, i.destino))
            WHEN p_alcance = 'servidor' THEN _estoque_servidor_do_destino(x.canal, x.destino)
                = _estoque_servidor_do_destino(i.canal, i.destino)
            WHEN p_alcance = 'destino' THEN x.destino = i.destino
            ELSE p_alcance = 'inscricao' AND x.id = i.id END
        ORDER BY x.id
        FOR NO KEY UPDATE);

    UPDATE estoque_entrega AS e
    SET estado = CASE WHEN e.estado = 'morta' AND p_estado = 'pendente' THEN 'morta'
            ELSE p_estado END,
        erro = p_erro, reserva = NULL,
        proxima_em = clock_timestamp() + coalesce(p_espera, '0'),
        entregue_em = CASE WHEN p_estado = 'entregue' THEN clock_timestamp() END
    WHERE e.id = p_entrega AND e.reserva = p_reserva;
    IF NOT FOUND THEN
        RETURN false;
    ELSIF p_estado = 'entregue' THEN
        UPDATE estoque_inscricao AS x SET falhas = 0, pausada_ate = NULL WHERE x.id = ANY (v_lugar);
        -- Not after a single failure, which may be the fault of the message that met with it.
        UPDATE estoque_entrega AS e SET proxima_em = clock_timestamp()
        WHERE i.falhas > 1 AND e.inscricao = ANY (v_lugar) AND e.estado = 'pendente'
            AND e.reserva IS NULL AND e.proxima_em > clock_timestamp();
    ELSIF p_alcance IN ('destino', 'servidor') THEN
        UPDATE estoque_inscricao AS x
        SET falhas = x.falhas + 1, pausada_ate = greatest(x.pausada_ate, clock_timestamp() + p_pausa)
        WHERE x.id = ANY (v_lugar);
        UPDATE estoque_entrega AS e SET estado = 'morta', erro = p_erro
        WHERE p_desistir IS NOT NULL AND e.inscricao = ANY (v_lugar) AND e.estado = 'pendente'
            AND e.criada_em <= clock_timestamp() - p_desistir;
    ELSIF p_alcance = 'inscricao' THEN
        UPDATE estoque_inscricao AS x SET ativa = false, motivo = p_erro WHERE x.id = i.id;
        UPDATE estoque_entrega AS e SET estado = 'morta', erro = p_erro
        WHERE e.inscricao = i.id AND e.estado = 'pendente';
    END IF;
    RETURN true;
END
$body$;

REVOKE ALL ON FUNCTION _estoque_concluir_entrega(
    bigint, uuid, text, text, interval, text, interval, interval) FROM PUBLIC;
COMMENT ON FUNCTION _estoque_concluir_entrega(
    bigint, uuid, text, text, interval, text, interval, interval) IS
    'Notes what became of a delivery, if its lease still holds; inner use.';
