-- Makes a delivery of each transition from the id given on (NULL: none) to every subscription concerned
-- that is told at once. A destination that several subscriptions name is told once. Its queue is that of
-- the product at the destination, whichever subscription it goes by.
CREATE FUNCTION _estoque_encaminhar(p_primeira bigint) RETURNS void
LANGUAGE plpgsql VOLATILE
SET enable_nestloop = on
AS $body$
DECLARE
    v_agora timestamptz := now();
    v_transicoes bigint[];
    v_inscricoes bigint[];
    v_filas bigint[];
    v_ultima bigint;
BEGIN
    IF p_primeira IS NULL THEN
        RETURN;
    END IF;
    -- Who cancels one waits, and removes what is made for it here.
    PERFORM FROM estoque_inscricao AS i
    WHERE i.ativa AND i.resumo_as IS NULL
    ORDER BY i.id
    FOR KEY SHARE;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    SELECT array_agg(x.transicao ORDER BY x.transicao, x.inscricao),
        array_agg(x.inscricao ORDER BY x.transicao, x.inscricao),
        array_agg(x.fila ORDER BY x.transicao, x.inscricao)
    INTO v_transicoes, v_inscricoes, v_filas
    FROM (
        SELECT DISTINCT ON (t.id, i.canal, i.destino, i.segredo) t.id AS transicao,
            i.id AS inscricao, hashtextextended(
                jsonb_build_array(i.canal, i.destino, t.cod_produto)::text, 0) AS fila
        FROM estoque_transicao AS t
        CROSS JOIN estoque_inscricao AS i
        LEFT JOIN _estoque_responsaveis(ARRAY(
            SELECT x.cod_produto FROM estoque_transicao AS x WHERE x.id >= p_primeira)) AS r
            ON r.cod_produto = t.cod_produto
        WHERE t.id >= p_primeira AND i.ativa AND i.resumo_as IS NULL
            AND _estoque_interessa(i.tipos, i.prefixo, i.responsavel, i.produtos,
                t.cod_produto, r.responsavel, t.tipo)
        ORDER BY t.id, i.canal, i.destino, i.segredo, i.id
    ) AS x;
    IF v_transicoes IS NULL THEN
        RETURN;
    END IF;
    v_ultima := _estoque_numerar('entregas', cardinality(v_transicoes));
    INSERT INTO estoque_entrega (id, chave, inscricao, transicao, fila, proxima_em, criada_em)
    SELECT v_ultima + x.n, format('t%s-i%s', x.transicao, x.inscricao), x.inscricao, x.transicao,
        x.fila, v_agora, v_agora
    FROM unnest(v_transicoes, v_inscricoes, v_filas) WITH ORDINALITY
        AS x (transicao, inscricao, fila, n);
END
$body$;

REVOKE ALL ON FUNCTION _estoque_encaminhar(bigint) FROM PUBLIC;
COMMENT ON FUNCTION _estoque_encaminhar(bigint) IS
    'Makes the deliveries of the transitions from an id on; inner use.';
