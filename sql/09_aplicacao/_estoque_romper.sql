-- Sets the rupture day of locked products by their balances and the sums of the forecast their rows
-- hold; the fields then hold until that day at most. For products whose minimum is below zero, or was.
CREATE FUNCTION _estoque_romper(p_produtos text[]) RETURNS void
LANGUAGE plpgsql VOLATILE
AS $body$
BEGIN
    UPDATE estoque_tempo_real AS t
    SET dia_ruptura = _estoque_dia_negativo(t.saldo_atual, t.liquidos, t.valido_desde),
        valido_ate = least(t.valido_ate,
            _estoque_dia_negativo(t.saldo_atual, t.liquidos, t.valido_desde))
    WHERE t.cod_produto = ANY (p_produtos)
        AND t.dia_ruptura IS DISTINCT FROM
            _estoque_dia_negativo(t.saldo_atual, t.liquidos, t.valido_desde);
END
$body$;

REVOKE ALL ON FUNCTION _estoque_romper(text[]) FROM PUBLIC;
COMMENT ON FUNCTION _estoque_romper(text[]) IS
    'Sets the rupture day of locked products from what their rows hold; inner use.';
