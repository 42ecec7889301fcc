-- Turns the day: projects anew exactly the products whose stored D7 fields do not hold today.
-- Returns how many. Locks those rows in order. Correctness never waits for it: readers project
-- what has expired.
CREATE FUNCTION estoque_virada() RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path FROM CURRENT
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
        ORDER BY t.cod_produto
        FOR NO KEY UPDATE
    ) AS x;

    RETURN _estoque_projetar(v_produtos, v_saldos);
END
$body$;

REVOKE ALL ON FUNCTION estoque_virada() FROM PUBLIC;
COMMENT ON FUNCTION estoque_virada() IS
    'Refreshes the D7 fields that no longer hold and returns the number of products refreshed.';
