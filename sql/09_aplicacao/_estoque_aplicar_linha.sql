-- The short way of one new source row: its product is locked, its forecast row moved where it has
-- a date (a forecast moves no balance: p_saldo is 0 then), and the D7 fields projected. Returns
-- false, having done nothing, for a new code, another name, or a product rebuilt in this
-- transaction: then it goes through _estoque_aplicar, where the locks are explained.
CREATE FUNCTION _estoque_aplicar_linha(
    p_codigo text, p_data date, p_saldo numeric, p_entrada numeric, p_saida numeric, p_nome text
) RETURNS boolean
LANGUAGE plpgsql VOLATILE
AS $body$
DECLARE
    v_hoje date := estoque_hoje();
    v_produto text;
    v_saldo numeric;
BEGIN
    -- Beyond the horizon nothing moves; only the day on which it comes into sight may be nearer.
    IF p_data > v_hoje + 7 THEN
        UPDATE estoque_tempo_real AS t
        SET valido_ate = least(t.valido_ate, p_data - 8), atualizado_em = now()
        WHERE t.cod_produto = (
                SELECT c.cod_produto FROM estoque_codigo_conhecido AS c WHERE c.codigo = p_codigo)
            AND (p_nome IS NULL OR t.nome_produto = p_nome)
            AND v_hoje BETWEEN t.valido_desde AND t.valido_ate
            AND t.recalculado_por IS DISTINCT FROM pg_current_xact_id()
        RETURNING t.cod_produto INTO v_produto;
        IF FOUND THEN
            PERFORM _estoque_prever(v_produto, p_data, p_entrada, p_saida);
            RETURN true;
        END IF;
    END IF;

    SELECT t.cod_produto, t.saldo_atual + p_saldo INTO v_produto, v_saldo
    FROM estoque_tempo_real AS t
    WHERE t.cod_produto = (
            SELECT c.cod_produto FROM estoque_codigo_conhecido AS c WHERE c.codigo = p_codigo)
        AND (p_nome IS NULL OR t.nome_produto = p_nome)
        AND t.recalculado_por IS DISTINCT FROM pg_current_xact_id()
    FOR NO KEY UPDATE OF t;
    IF NOT FOUND THEN
        RETURN false;
    END IF;

    IF p_data IS NOT NULL THEN
        PERFORM _estoque_prever(v_produto, p_data, p_entrada, p_saida);
    END IF;
    PERFORM _estoque_projetar(ARRAY[v_produto], ARRAY[v_saldo]);
    RETURN true;
END
$body$;

REVOKE ALL ON FUNCTION _estoque_aplicar_linha(text, date, numeric, numeric, numeric, text) FROM PUBLIC;
COMMENT ON FUNCTION _estoque_aplicar_linha(text, date, numeric, numeric, numeric, text) IS
    'Applies one new source row of a known product; inner use.';
