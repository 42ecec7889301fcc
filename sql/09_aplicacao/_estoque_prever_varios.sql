-- Moves the forecast rows of locked products by what one statement changed; those that come to
-- nothing do not stay behind: nobody else moves them, so they are still where they were written.
-- What _estoque_prever does for one.
CREATE FUNCTION _estoque_prever_varios(p_deltas _estoque_delta[]) RETURNS void
LANGUAGE plpgsql VOLATILE
AS $body$
DECLARE
    v_vazias tid[];
BEGIN
    WITH movida AS (
        INSERT INTO movimentacao_prevista AS m
            (cod_produto, data_prevista, entrada_prevista, saida_prevista)
        SELECT c.cod_produto, d.data, sum(d.entrada), sum(d.saida)
        FROM unnest(p_deltas) AS d
        CROSS JOIN LATERAL (
            SELECT c.cod_produto FROM estoque_codigo_conhecido AS c
            WHERE c.codigo = d.codigo OFFSET 0
        ) AS c
        WHERE d.data IS NOT NULL
        GROUP BY c.cod_produto, d.data
        HAVING sum(d.entrada) <> 0 OR sum(d.saida) <> 0
        ON CONFLICT (cod_produto, data_prevista) DO UPDATE
        SET entrada_prevista = m.entrada_prevista + EXCLUDED.entrada_prevista,
            saida_prevista = m.saida_prevista + EXCLUDED.saida_prevista
        RETURNING m.ctid AS linha, m.entrada_prevista = 0 AND m.saida_prevista = 0 AS vazia
    )
    SELECT array_agg(m.linha) FILTER (WHERE m.vazia) INTO v_vazias FROM movida AS m;
    IF v_vazias IS NOT NULL THEN
        DELETE FROM movimentacao_prevista AS m WHERE m.ctid = ANY (v_vazias);
    END IF;
END
$body$;

REVOKE ALL ON FUNCTION _estoque_prever_varios(_estoque_delta[]) FROM PUBLIC;
COMMENT ON FUNCTION _estoque_prever_varios(_estoque_delta[]) IS
    'Moves the forecast rows of locked products; inner use.';
