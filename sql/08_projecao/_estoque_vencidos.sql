-- The products, of those given or of all, whose stored D7 fields do not hold today, with what they
-- are today. Where all hold, it looks at the rows given, or at no more than the two ends of the
-- validity of all: each is one look into an index, with or without statistics.
CREATE FUNCTION _estoque_vencidos(p_produtos text[] DEFAULT NULL)
RETURNS TABLE (
    cod_produto text, menor_estoque_d7 numeric(15,3), dia_ruptura date, valido_ate date,
    liquidos numeric[]
)
LANGUAGE plpgsql STABLE ROWS 100
SET search_path FROM CURRENT
AS $body$
DECLARE
    v_hoje date := estoque_hoje();
    v_vencidos text[];
    v_saldos numeric[];
BEGIN
    IF p_produtos IS NOT NULL THEN
        SELECT array_agg(t.cod_produto), array_agg(t.saldo_atual) INTO v_vencidos, v_saldos
        FROM estoque_tempo_real AS t
        WHERE t.cod_produto = ANY (p_produtos)
            AND v_hoje NOT BETWEEN t.valido_desde AND t.valido_ate;
    ELSIF (SELECT v_hoje NOT BETWEEN max(t.valido_desde) AND min(t.valido_ate)
           FROM estoque_tempo_real AS t) THEN
        SELECT array_agg(t.cod_produto), array_agg(t.saldo_atual) INTO v_vencidos, v_saldos
        FROM estoque_tempo_real AS t
        WHERE v_hoje NOT BETWEEN t.valido_desde AND t.valido_ate;
    END IF;

    IF v_vencidos IS NOT NULL THEN
        RETURN QUERY
        SELECT d.cod_produto, d.menor, d.dia_ruptura, d.valido_ate, d.liquidos
        FROM _estoque_d7(v_vencidos, v_saldos) AS d;
    END IF;
END
$body$;

GRANT EXECUTE ON FUNCTION _estoque_vencidos(text[]) TO PUBLIC;
COMMENT ON FUNCTION _estoque_vencidos(text[]) IS
    'Products, of those given or of all, whose stored D7 fields have expired, projected for today.';
