-- Takes the next delivery by one of the channels that is due, or the one named, for as long as p_reserva:
-- no other deliverer gets it before. Whoever is gone by then has it taken up by the next; what he still
-- reports is not heard (_estoque_concluir_entrega), since the lease has another number (reserva) then.
-- In a queue only the first that waits is due; what is due at destinations where nothing failed goes before
-- the rest. chave is the idempotency key: the same at every attempt; falhas says how often in a row the
-- destination failed. No row when nothing is due. The one named is taken although its destination is paused.
CREATE FUNCTION _estoque_tomar_entrega(
    p_canais text[], p_reserva interval, p_uma bigint DEFAULT NULL
)
RETURNS TABLE (
    entrega bigint, reserva uuid, chave text, tentativa integer, falhas integer, canal text,
    destino text, segredo text, idioma text, aviso jsonb
)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER ROWS 1
SET search_path FROM CURRENT
SET enable_seqscan = off
SET enable_bitmapscan = off
SET enable_sort = off
SET enable_incremental_sort = off
SET jit = off
AS $body$
#variable_conflict use_column
DECLARE
    v_agora timestamptz := clock_timestamp();
    v_entrega bigint;
    v_inscricoes bigint[];
BEGIN
    IF pg_is_in_recovery() THEN
        RETURN;
    ELSIF p_uma IS NOT NULL THEN
        SELECT e.id INTO v_entrega
        FROM estoque_entrega AS e
        WHERE e.id = p_uma AND e.estado = 'pendente' AND e.proxima_em <= v_agora
            AND EXISTS (SELECT FROM estoque_inscricao AS i
                        WHERE i.id = e.inscricao AND i.canal = ANY (p_canais) OFFSET 0)
        FOR UPDATE SKIP LOCKED;
    ELSE
        FOR v_inscricoes IN
            SELECT x.inscricoes
            FROM _estoque_inscricoes_a_tentar(p_canais, ARRAY(
                SELECT e.inscricao FROM estoque_entrega AS e
                WHERE e.estado = 'pendente' AND e.proxima_em > v_agora AND e.reserva IS NOT NULL
            )) AS x
        LOOP
            SELECT e.id INTO v_entrega
            FROM estoque_entrega AS e
            WHERE e.estado = 'pendente' AND e.proxima_em <= v_agora
                AND e.inscricao = ANY (v_inscricoes)
                AND NOT EXISTS (
                    SELECT FROM estoque_entrega AS a
                    WHERE a.estado = 'pendente' AND a.fila = e.fila AND a.id < e.id OFFSET 0)
            ORDER BY e.proxima_em, e.id
            LIMIT 1
            FOR UPDATE SKIP LOCKED;
            EXIT WHEN FOUND;
        END LOOP;
    END IF;

    RETURN QUERY
    UPDATE estoque_entrega AS e
    SET tentativas = e.tentativas + 1, proxima_em = v_agora + p_reserva,
        reserva = gen_random_uuid()
    FROM estoque_inscricao AS i
    WHERE e.id = v_entrega AND i.id = e.inscricao
    RETURNING e.id, e.reserva, format('%s-%s', (SELECT replace(a.instalacao::text, '-', '')
            FROM estoque_avisador AS a WHERE a.unico), e.chave),
        e.tentativas, i.falhas, i.canal, i.destino, i.segredo, i.idioma,
        coalesce((SELECT to_jsonb(t) FROM estoque_transicao AS t WHERE t.id = e.transicao),
            e.conteudo);
END
$body$;

REVOKE ALL ON FUNCTION _estoque_tomar_entrega(text[], interval, bigint) FROM PUBLIC;
COMMENT ON FUNCTION _estoque_tomar_entrega(text[], interval, bigint) IS
    'Takes the next delivery that is due, for the time of a lease; inner use.';
