-- The short way of one movement, made, changed or taken away: the forecast stays as it is, so balance
-- and minimum move by the same amount. Only a product has a row under its own code: a code that is not
-- canonical, or not known, finds none.
-- p_nome is the name the row bears, where it was made or taken away (p_saiu); NULL where it stays.
-- Returns false, having done nothing, where that is not enough (no row, _estoque_basta_somar, a product
-- rebuilt in this transaction): then it goes through _estoque_aplicar, where the locks are explained.
CREATE FUNCTION _estoque_somar(p_codigo text, p_saldo numeric, p_nome text, p_saiu boolean)
RETURNS boolean
LANGUAGE plpgsql VOLATILE
AS $body$
DECLARE
    v_hoje date := estoque_hoje();
    v_rompe boolean;
    v_nome text;
    v_renomear boolean;
    v_certo text;
BEGIN
    UPDATE estoque_tempo_real AS t
    SET saldo_atual = t.saldo_atual + p_saldo,
        menor_estoque_d7 = t.menor_estoque_d7 + p_saldo,
        atualizado_em = now()
    WHERE t.cod_produto = p_codigo
        AND _estoque_basta_somar(t.menor_estoque_d7, p_saldo, v_hoje, t.valido_desde, t.valido_ate)
        AND t.recalculado_por IS DISTINCT FROM pg_current_xact_id()
    RETURNING t.menor_estoque_d7 < 0 OR t.dia_ruptura IS NOT NULL,
        t.nome_produto,
        coalesce(p_nome, '') <> '' AND (t.nome_produto IS NOT DISTINCT FROM p_nome) = p_saiu
    INTO v_rompe, v_nome, v_renomear;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    IF v_rompe THEN
        PERFORM _estoque_romper(ARRAY[p_codigo]);
    END IF;
    IF v_renomear THEN
        -- The row is locked: of names, what is committed by now is seen.
        v_certo := _estoque_nome(p_codigo);
        IF v_certo IS DISTINCT FROM v_nome THEN
            UPDATE estoque_tempo_real AS t SET nome_produto = v_certo WHERE t.cod_produto = p_codigo;
        END IF;
    END IF;
    RETURN true;
END
$body$;

REVOKE ALL ON FUNCTION _estoque_somar(text, numeric, text, boolean) FROM PUBLIC;
COMMENT ON FUNCTION _estoque_somar(text, numeric, text, boolean) IS
    'Adds one movement to its product; inner use.';
