-- Projects anew the products given, or all, whose D7 fields do not hold today; see estoque_virada.
-- Takes the rows in order of their codes, leaving out those that another session holds.
CREATE FUNCTION _estoque_virar(p_produtos text[] DEFAULT NULL) RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET plan_cache_mode = force_custom_plan
SET enable_seqscan = on
AS $body$
DECLARE
    v_hoje date := estoque_hoje();
    v_produtos text[];
    v_saldos numeric[];
BEGIN
    SELECT array_agg(x.cod_produto), array_agg(x.saldo_atual) INTO v_produtos, v_saldos
    FROM (
        SELECT t.cod_produto, t.saldo_atual
        FROM estoque_tempo_real AS t
        WHERE v_hoje NOT BETWEEN t.valido_desde AND t.valido_ate
            AND (p_produtos IS NULL OR t.cod_produto = ANY (p_produtos))
        ORDER BY t.cod_produto
        FOR NO KEY UPDATE SKIP LOCKED
    ) AS x;

    -- Read through above, written by key: docs/decisoes/15.
    PERFORM set_config('enable_seqscan', 'off', true);
    RETURN _estoque_projetar(v_produtos, v_saldos);
END
$body$;

REVOKE ALL ON FUNCTION _estoque_virar(text[]) FROM PUBLIC;
COMMENT ON FUNCTION _estoque_virar(text[]) IS
    'Refreshes the expired D7 fields of the products given, or of all; inner use.';
