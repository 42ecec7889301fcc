-- Takes transitions as announced: the second half of estoque_anunciar. Written before they are: where a
-- snapshot is older than what another call announced, it ends here in 40001. Without p_contar these
-- are no transitions, and the numbers of the products stay.
CREATE FUNCTION _estoque_guardar_anuncio(p_transicoes estoque_transicao[], p_contar boolean)
RETURNS void
LANGUAGE plpgsql VOLATILE
AS $body$
BEGIN
    INSERT INTO estoque_anuncio AS a (cod_produto, nome_produto, sequencia, ruptura, falta)
    SELECT t.cod_produto, t.nome_produto, CASE WHEN p_contar THEN t.sequencia
        ELSE _estoque_ultima_sequencia(t.cod_produto) END, t.dia_depois, t.falta_depois
    FROM unnest(p_transicoes) AS t
    WHERE t.tipo NOT IN ('abaixo_do_minimo', 'acima_do_minimo')
    ON CONFLICT (cod_produto) DO UPDATE
    SET nome_produto = EXCLUDED.nome_produto, sequencia = EXCLUDED.sequencia,
        ruptura = EXCLUDED.ruptura, falta = EXCLUDED.falta;

    INSERT INTO estoque_anuncio AS a (cod_produto, nome_produto, sequencia, abaixo, falta_do_minimo)
    SELECT t.cod_produto, t.nome_produto, CASE WHEN p_contar THEN t.sequencia
        ELSE _estoque_ultima_sequencia(t.cod_produto) END, t.dia_depois, t.falta_depois
    FROM unnest(p_transicoes) AS t
    WHERE t.tipo IN ('abaixo_do_minimo', 'acima_do_minimo')
    ON CONFLICT (cod_produto) DO UPDATE
    SET nome_produto = EXCLUDED.nome_produto, sequencia = EXCLUDED.sequencia,
        abaixo = EXCLUDED.abaixo, falta_do_minimo = EXCLUDED.falta_do_minimo;
END
$body$;

REVOKE ALL ON FUNCTION _estoque_guardar_anuncio(estoque_transicao[], boolean) FROM PUBLIC;
COMMENT ON FUNCTION _estoque_guardar_anuncio(estoque_transicao[], boolean) IS
    'Takes transitions as announced; inner use.';
