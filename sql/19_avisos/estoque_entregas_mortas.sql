-- The deliveries that were given up, oldest first, with what was to be told and the last error; of a
-- digest or a test cod_produto and tipo are NULL.
CREATE FUNCTION estoque_entregas_mortas()
RETURNS TABLE (
    id bigint, inscricao bigint, canal text, destino text, cod_produto text, sequencia bigint,
    tipo text, criada_em timestamptz, tentativas integer, erro text
)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path FROM CURRENT
AS $body$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT e.id, e.inscricao, i.canal, _estoque_destino_mostrado(i.canal, i.destino), t.cod_produto,
        t.sequencia, t.tipo, e.criada_em, e.tentativas, e.erro
    FROM estoque_entrega AS e
    JOIN estoque_inscricao AS i ON i.id = e.inscricao
    LEFT JOIN estoque_transicao AS t ON t.id = e.transicao
    WHERE e.estado = 'morta'
    ORDER BY e.id;
END
$body$;

REVOKE ALL ON FUNCTION estoque_entregas_mortas() FROM PUBLIC;
COMMENT ON FUNCTION estoque_entregas_mortas() IS
    'Deliveries that were given up, with the last error.';
