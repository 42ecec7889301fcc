-- Moves the forecast rows of locked products by what one statement changed; those that come to
-- nothing do not stay behind. What _estoque_prever does for one.
CREATE FUNCTION _estoque_prever_varios(p_deltas _estoque_delta[]) RETURNS void
LANGUAGE plpgsql VOLATILE
AS $body$
BEGIN
    INSERT INTO movimentacao_prevista AS m
        (cod_produto, data_prevista, entrada_prevista, saida_prevista)
    SELECT c.cod_produto, d.data, sum(d.entrada), sum(d.saida)
    FROM unnest(p_deltas) AS d
    JOIN estoque_codigo_conhecido AS c ON c.codigo = d.codigo
    WHERE d.data IS NOT NULL
    GROUP BY c.cod_produto, d.data
    HAVING sum(d.entrada) <> 0 OR sum(d.saida) <> 0
    ON CONFLICT (cod_produto, data_prevista) DO UPDATE
    SET entrada_prevista = m.entrada_prevista + EXCLUDED.entrada_prevista,
        saida_prevista = m.saida_prevista + EXCLUDED.saida_prevista;

    DELETE FROM movimentacao_prevista AS m
    USING unnest(p_deltas) AS d
    JOIN estoque_codigo_conhecido AS c ON c.codigo = d.codigo
    WHERE m.cod_produto = c.cod_produto AND m.data_prevista = d.data
        AND m.entrada_prevista = 0 AND m.saida_prevista = 0;
END
$body$;

REVOKE ALL ON FUNCTION _estoque_prever_varios(_estoque_delta[]) FROM PUBLIC;
COMMENT ON FUNCTION _estoque_prever_varios(_estoque_delta[]) IS
    'Moves the forecast rows of locked products; inner use.';
