-- The deliveries that wait, the oldest 100, with what is to be told, when it is tried next and what the last
-- attempt met with; of a digest or a test cod_produto and tipo are NULL.
CREATE FUNCTION estoque_entregas_pendentes()
RETURNS TABLE (
    id bigint, inscricao bigint, canal text, destino text, cod_produto text, sequencia bigint,
    tipo text, criada_em timestamptz, tentativas integer, proxima_em timestamptz, erro text
)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path FROM CURRENT
AS $body$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT e.id, e.inscricao, i.canal, _estoque_destino_mostrado(i.canal, i.destino), t.cod_produto,
        t.sequencia, t.tipo, e.criada_em, e.tentativas, greatest(e.proxima_em, i.pausada_ate), e.erro
    FROM estoque_entrega AS e
    JOIN estoque_inscricao AS i ON i.id = e.inscricao
    LEFT JOIN estoque_transicao AS t ON t.id = e.transicao
    WHERE e.estado = 'pendente'
    ORDER BY e.id
    LIMIT 100;
END
$body$;

REVOKE ALL ON FUNCTION estoque_entregas_pendentes() FROM PUBLIC;
COMMENT ON FUNCTION estoque_entregas_pendentes() IS
    'Deliveries that wait, the oldest 100, with the next attempt and the last error.';
