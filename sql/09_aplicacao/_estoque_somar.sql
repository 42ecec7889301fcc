-- The short way of one movement of a code, where the minimum moves along (_estoque_basta_somar).
-- Returns false, having done nothing, where that does not hold (fields that have expired, another
-- name, a new code, a product rebuilt in this transaction): _estoque_aplicar_linha is asked next.
CREATE FUNCTION _estoque_somar(p_codigo text, p_saldo numeric, p_nome text) RETURNS boolean
LANGUAGE plpgsql VOLATILE
AS $body$
BEGIN
    UPDATE estoque_tempo_real AS t
    SET saldo_atual = t.saldo_atual + p_saldo,
        menor_estoque_d7 = t.menor_estoque_d7 + p_saldo,
        dia_ruptura = NULL,
        atualizado_em = now()
    WHERE t.cod_produto = (
            SELECT c.cod_produto FROM estoque_codigo_conhecido AS c WHERE c.codigo = p_codigo)
        AND _estoque_basta_somar(t.menor_estoque_d7, p_saldo, estoque_hoje(), t.valido_desde,
            t.valido_ate)
        AND t.nome_produto = p_nome
        AND t.recalculado_por IS DISTINCT FROM pg_current_xact_id();
    RETURN FOUND;
END
$body$;

REVOKE ALL ON FUNCTION _estoque_somar(text, numeric, text) FROM PUBLIC;
COMMENT ON FUNCTION _estoque_somar(text, numeric, text) IS
    'Adds one movement where the outlook stays in the clear; inner use.';
