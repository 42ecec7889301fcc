-- Adds a quantity to one forecast row of a locked product, or takes it away (negative); a row that
-- comes to nothing does not stay behind.
CREATE FUNCTION _estoque_prever(p_produto text, p_data date, p_entra boolean, p_quantidade numeric)
RETURNS void
LANGUAGE plpgsql VOLATILE
AS $body$
DECLARE
    v_entrada numeric := CASE WHEN p_entra THEN p_quantidade ELSE 0 END;
    v_saida numeric := CASE WHEN p_entra THEN 0 ELSE p_quantidade END;
    v_vazia boolean;
BEGIN
    IF p_quantidade < 0 THEN
        -- As a range of one, the row is sought by its key, never by the day alone: docs/decisoes/15.
        DELETE FROM movimentacao_prevista AS m
        WHERE ROW(m.cod_produto, m.data_prevista) >= ROW(p_produto, p_data)
            AND ROW(m.cod_produto, m.data_prevista) <= ROW(p_produto, p_data)
            AND m.entrada_prevista = -v_entrada AND m.saida_prevista = -v_saida;
        IF FOUND THEN
            RETURN;
        END IF;
    END IF;
    INSERT INTO movimentacao_prevista AS m
        (cod_produto, data_prevista, entrada_prevista, saida_prevista)
    VALUES (p_produto, p_data, v_entrada, v_saida)
    ON CONFLICT (cod_produto, data_prevista) DO UPDATE
    SET entrada_prevista = m.entrada_prevista + EXCLUDED.entrada_prevista,
        saida_prevista = m.saida_prevista + EXCLUDED.saida_prevista
    RETURNING m.entrada_prevista = 0 AND m.saida_prevista = 0 INTO v_vazia;
    -- A trigger of the ERP's may have taken away first what is brought now.
    IF v_vazia THEN
        DELETE FROM movimentacao_prevista AS m
        WHERE ROW(m.cod_produto, m.data_prevista) >= ROW(p_produto, p_data)
            AND ROW(m.cod_produto, m.data_prevista) <= ROW(p_produto, p_data);
    END IF;
END
$body$;

REVOKE ALL ON FUNCTION _estoque_prever(text, date, boolean, numeric) FROM PUBLIC;
COMMENT ON FUNCTION _estoque_prever(text, date, boolean, numeric) IS
    'Moves one forecast row of a locked product; inner use.';
