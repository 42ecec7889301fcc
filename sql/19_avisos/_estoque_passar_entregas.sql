-- Before a subscription goes or rests: a delivery that it has not got yet, of a transition that another one
-- of the same destination asked for too, goes by that one, under the key it has. Locks the subscriptions
-- of the destination, in order: two that end at once would pass theirs on to each other.
CREATE FUNCTION _estoque_passar_entregas(p_inscricao bigint) RETURNS void
LANGUAGE plpgsql VOLATILE
SET plan_cache_mode = force_custom_plan
AS $body$
DECLARE
    i estoque_inscricao;
BEGIN
    SELECT x.* INTO i FROM estoque_inscricao AS x WHERE x.id = p_inscricao;
    PERFORM FROM estoque_inscricao AS x
    WHERE x.canal = i.canal AND x.destino = i.destino
    ORDER BY x.id
    FOR UPDATE;
    UPDATE estoque_entrega AS e
    SET inscricao = n.inscricao
    FROM (
        SELECT x.id AS entrega, min(o.id) AS inscricao
        FROM estoque_entrega AS x
        JOIN estoque_transicao AS t ON t.id = x.transicao
        LEFT JOIN _estoque_responsaveis(ARRAY(
            SELECT y.cod_produto
            FROM estoque_entrega AS z
            JOIN estoque_transicao AS y ON y.id = z.transicao
            WHERE z.inscricao = p_inscricao AND z.estado <> 'entregue')) AS r
            ON r.cod_produto = t.cod_produto
        JOIN estoque_inscricao AS o ON o.canal = i.canal AND o.destino = i.destino
            AND o.segredo IS NOT DISTINCT FROM i.segredo AND o.id <> i.id AND o.ativa
            AND o.resumo_as IS NULL AND o.criada_em <= t.em
        WHERE x.inscricao = p_inscricao AND x.estado <> 'entregue'
            AND _estoque_interessa(o.tipos, o.prefixo, o.responsavel, o.produtos,
                t.cod_produto, r.responsavel, t.tipo)
        GROUP BY x.id
    ) AS n
    WHERE e.id = n.entrega;
END
$body$;

REVOKE ALL ON FUNCTION _estoque_passar_entregas(bigint) FROM PUBLIC;
COMMENT ON FUNCTION _estoque_passar_entregas(bigint) IS
    'Hands what a subscription shares with others over to them; inner use.';
