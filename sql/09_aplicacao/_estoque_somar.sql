-- The short way of one movement of a code: where it leaves the outlook in the clear, the minimum
-- moves by the same amount and there is no rupture, so nothing else need be read.
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
    FROM estoque_codigo_conhecido AS c
    WHERE c.codigo = p_codigo
        AND t.cod_produto = c.cod_produto
        AND t.menor_estoque_d7 + p_saldo >= 0
        AND estoque_hoje() BETWEEN t.valido_desde AND t.valido_ate
        AND t.nome_produto = p_nome
        AND t.reconstruido_por IS DISTINCT FROM pg_current_xact_id();
    RETURN FOUND;
END
$body$;

REVOKE ALL ON FUNCTION _estoque_somar(text, numeric, text) FROM PUBLIC;
COMMENT ON FUNCTION _estoque_somar(text, numeric, text) IS
    'Adds one movement where the outlook stays in the clear; inner use.';
