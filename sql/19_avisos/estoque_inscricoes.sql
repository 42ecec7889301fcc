-- The subscriptions, in the order in which they were made, without their secrets: of a webhook's address
-- the query is left out, of an Apprise address all but the service. pendentes and mortas count their
-- deliveries that wait and those that were given up.
CREATE FUNCTION estoque_inscricoes()
RETURNS TABLE (
    id bigint, canal text, destino text, produtos text[], prefixo text, responsavel text, tipos text[],
    resumo_as time, idioma text, fuso text, ativa boolean, motivo text, criada_em timestamptz,
    criada_por text, pendentes bigint, mortas bigint
)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path FROM CURRENT
AS $body$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT i.id, i.canal, _estoque_destino_mostrado(i.canal, i.destino), i.produtos, i.prefixo,
        i.responsavel, i.tipos, i.resumo_as, i.idioma, i.fuso, i.ativa, i.motivo, i.criada_em,
        i.criada_por, count(*) FILTER (WHERE e.estado = 'pendente'),
        count(*) FILTER (WHERE e.estado = 'morta')
    FROM estoque_inscricao AS i
    LEFT JOIN estoque_entrega AS e ON e.inscricao = i.id AND e.estado <> 'entregue'
    GROUP BY i.id
    ORDER BY i.id;
END
$body$;

REVOKE ALL ON FUNCTION estoque_inscricoes() FROM PUBLIC;
COMMENT ON FUNCTION estoque_inscricoes() IS
    'The subscriptions to transitions, without their secrets.';
