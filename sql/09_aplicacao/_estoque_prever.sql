-- Moves one forecast row of a locked product; one that comes to nothing does not stay behind.
CREATE FUNCTION _estoque_prever(p_produto text, p_data date, p_entrada numeric, p_saida numeric)
RETURNS void
LANGUAGE plpgsql VOLATILE
AS $body$
DECLARE
    v_vazia boolean;
BEGIN
    INSERT INTO movimentacao_prevista AS m
        (cod_produto, data_prevista, entrada_prevista, saida_prevista)
    VALUES (p_produto, p_data, p_entrada, p_saida)
    ON CONFLICT (cod_produto, data_prevista) DO UPDATE
    SET entrada_prevista = m.entrada_prevista + EXCLUDED.entrada_prevista,
        saida_prevista = m.saida_prevista + EXCLUDED.saida_prevista
    RETURNING m.entrada_prevista = 0 AND m.saida_prevista = 0 INTO v_vazia;
    IF v_vazia THEN
        DELETE FROM movimentacao_prevista AS m
        WHERE m.cod_produto = p_produto AND m.data_prevista = p_data;
    END IF;
END
$body$;

REVOKE ALL ON FUNCTION _estoque_prever(text, date, numeric, numeric) FROM PUBLIC;
COMMENT ON FUNCTION _estoque_prever(text, date, numeric, numeric) IS
    'Moves one forecast row of a locked product; inner use.';
