-- Writes the names of the products given where they differ from what the sources say.
-- Called for the few rows whose name a statement may have changed. Locks the rows in order, and reads
-- the sources in a statement that begins after that: a name committed meanwhile is seen.
CREATE FUNCTION _estoque_nomear(p_produtos text[]) RETURNS void
LANGUAGE plpgsql VOLATILE
AS $body$
DECLARE
    v_nomes text[];
BEGIN
    PERFORM FROM (SELECT p.produto FROM unnest(p_produtos) AS p (produto) ORDER BY 1) AS p
    CROSS JOIN LATERAL (
        SELECT FROM estoque_tempo_real AS t WHERE t.cod_produto = p.produto FOR NO KEY UPDATE
    ) AS t;

    v_nomes := ARRAY(SELECT _estoque_nome(p.produto)
                     FROM unnest(p_produtos) WITH ORDINALITY AS p (produto, n) ORDER BY p.n);
    UPDATE estoque_tempo_real AS t
    SET nome_produto = n.nome, atualizado_em = now()
    FROM unnest(p_produtos, v_nomes) AS n (produto, nome)
    WHERE t.cod_produto = ANY (ARRAY[n.produto]) AND t.nome_produto IS DISTINCT FROM n.nome;
END
$body$;

REVOKE ALL ON FUNCTION _estoque_nomear(text[]) FROM PUBLIC;
COMMENT ON FUNCTION _estoque_nomear(text[]) IS 'Refreshes product names from the sources; inner use.';
