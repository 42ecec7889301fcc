-- The short way of one new source row: its product is locked, its forecast row moved where it has
-- a date, and the D7 fields projected. Returns false, having done nothing, for a new code, another
-- name, or a product rebuilt in this transaction: then it goes through _estoque_aplicar, where the
-- locks are explained.
CREATE FUNCTION _estoque_aplicar_linha(
    p_codigo text, p_data date, p_saldo numeric, p_entrada numeric, p_saida numeric, p_nome text
) RETURNS boolean
LANGUAGE plpgsql VOLATILE
AS $body$
DECLARE
    v_produto text;
    v_saldo numeric;
    v_vazia boolean;
BEGIN
    SELECT t.cod_produto, t.saldo_atual + p_saldo INTO v_produto, v_saldo
    FROM estoque_codigo_conhecido AS c
    JOIN estoque_tempo_real AS t ON t.cod_produto = c.cod_produto
    WHERE c.codigo = p_codigo
        AND (p_nome IS NULL OR t.nome_produto = p_nome)
        AND t.reconstruido_por IS DISTINCT FROM pg_current_xact_id()
    FOR NO KEY UPDATE OF t;
    IF NOT FOUND THEN
        RETURN false;
    END IF;

    IF p_data IS NOT NULL THEN
        INSERT INTO movimentacao_prevista AS m
            (cod_produto, data_prevista, entrada_prevista, saida_prevista)
        VALUES (v_produto, p_data, p_entrada, p_saida)
        ON CONFLICT (cod_produto, data_prevista) DO UPDATE
        SET entrada_prevista = m.entrada_prevista + EXCLUDED.entrada_prevista,
            saida_prevista = m.saida_prevista + EXCLUDED.saida_prevista
        RETURNING m.entrada_prevista = 0 AND m.saida_prevista = 0 INTO v_vazia;
        IF v_vazia THEN
            DELETE FROM movimentacao_prevista AS m
            WHERE m.cod_produto = v_produto AND m.data_prevista = p_data;
        END IF;
    END IF;
    PERFORM _estoque_projetar(ARRAY[v_produto], ARRAY[v_saldo]);
    RETURN true;
END
$body$;

REVOKE ALL ON FUNCTION _estoque_aplicar_linha(text, date, numeric, numeric, numeric, text) FROM PUBLIC;
COMMENT ON FUNCTION _estoque_aplicar_linha(text, date, numeric, numeric, numeric, text) IS
    'Applies one new source row of a known product; inner use.';
