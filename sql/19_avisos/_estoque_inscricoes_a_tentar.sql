-- The subscriptions by the channels given whose destinations may be tried now, in the order in which they
-- are to be: those where nothing failed last, those at a server where something did, those that failed.
-- What failed may take the whole time of an attempt again: a server of such is tried by one at a time
-- (p_tentadas are being tried), and what is healthy goes first. Reads all subscriptions.
CREATE FUNCTION _estoque_inscricoes_a_tentar(p_canais text[], p_tentadas bigint[])
RETURNS TABLE (nivel integer, inscricoes bigint[])
LANGUAGE plpgsql VOLATILE ROWS 3
SET search_path FROM CURRENT
SET enable_seqscan = on
SET enable_sort = on
AS $body$
#variable_conflict use_column
DECLARE
    v_agora timestamptz := clock_timestamp();
BEGIN
    RETURN QUERY
    WITH alvo AS MATERIALIZED (
        SELECT i.id, i.canal, i.falhas > 0 AS falha, i.pausada_ate,
            _estoque_servidor_do_destino(i.canal, i.destino) AS servidor
        FROM estoque_inscricao AS i
        WHERE i.canal = ANY (p_canais)
    ),
    ruim AS (
        SELECT a.canal, a.servidor, bool_or(a.id = ANY (p_tentadas)) AS tentado
        FROM alvo AS a
        WHERE a.falha
        GROUP BY a.canal, a.servidor
    )
    SELECT x.nivel, array_agg(x.id)
    FROM (
        SELECT a.id, CASE WHEN a.falha THEN 2 WHEN r.canal IS NOT NULL THEN 1 ELSE 0 END AS nivel
        FROM alvo AS a
        LEFT JOIN ruim AS r ON r.canal = a.canal AND r.servidor = a.servidor
        WHERE a.pausada_ate > v_agora IS NOT TRUE AND NOT (a.falha AND r.tentado)
    ) AS x
    GROUP BY x.nivel
    ORDER BY x.nivel;
END
$body$;

REVOKE ALL ON FUNCTION _estoque_inscricoes_a_tentar(text[], bigint[]) FROM PUBLIC;
COMMENT ON FUNCTION _estoque_inscricoes_a_tentar(text[], bigint[]) IS
    'The subscriptions whose destinations may be tried now, best first; inner use.';
