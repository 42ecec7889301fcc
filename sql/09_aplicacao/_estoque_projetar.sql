-- Writes balances and the D7 fields projected from them; returns how many rows.
-- The caller holds the lock on the rows, and has switched sequential scans off: an array of one can
-- only be looked up in the index (docs/decisoes/15), neither merged nor hashed.
CREATE FUNCTION _estoque_projetar(p_produtos text[], p_saldos numeric[]) RETURNS bigint
LANGUAGE plpgsql VOLATILE
AS $body$
DECLARE
    v_hoje date := estoque_hoje();
    v_escritos bigint;
BEGIN
    UPDATE estoque_tempo_real AS t
    SET saldo_atual = d.saldo, menor_estoque_d7 = d.menor, dia_ruptura = d.dia_ruptura,
        valido_desde = v_hoje, valido_ate = d.valido_ate, liquidos = d.liquidos,
        atualizado_em = now()
    FROM _estoque_d7(p_produtos, p_saldos) AS d
    WHERE t.cod_produto = ANY (ARRAY[d.cod_produto]);
    GET DIAGNOSTICS v_escritos = ROW_COUNT;
    RETURN v_escritos;
END
$body$;

REVOKE ALL ON FUNCTION _estoque_projetar(text[], numeric[]) FROM PUBLIC;
COMMENT ON FUNCTION _estoque_projetar(text[], numeric[]) IS
    'Writes balances and their projection to locked product rows; inner use.';
