-- Takes up again those of the deliveries given that were given up, as if they had just been made; how many.
-- Who asks for it thinks that they will arrive: their destinations are paused no more. Locks subscriptions
-- before deliveries, by number, as who cancels one does.
CREATE FUNCTION _estoque_reviver(p_entregas bigint[]) RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET enable_seqscan = off
AS $body$
DECLARE
    v_quantas bigint;
BEGIN
    PERFORM FROM estoque_inscricao AS i
    WHERE i.id IN (SELECT e.inscricao FROM estoque_entrega AS e WHERE e.id = ANY (p_entregas))
    ORDER BY i.id
    FOR NO KEY UPDATE;
    WITH revivida AS (
        UPDATE estoque_entrega AS e
        SET estado = 'pendente', tentativas = 0, proxima_em = now(), erro = NULL, criada_em = now()
        WHERE e.id = ANY (p_entregas) AND e.estado = 'morta'
        RETURNING e.inscricao
    ),
    acordada AS (
        UPDATE estoque_inscricao AS i SET pausada_ate = NULL
        FROM (SELECT DISTINCT r.inscricao FROM revivida AS r) AS r
        WHERE i.id = r.inscricao AND i.pausada_ate IS NOT NULL
    )
    SELECT count(*) INTO v_quantas FROM revivida;
    RETURN v_quantas;
END
$body$;

REVOKE ALL ON FUNCTION _estoque_reviver(bigint[]) FROM PUBLIC;
COMMENT ON FUNCTION _estoque_reviver(bigint[]) IS
    'Takes up again deliveries that were given up; inner use.';
