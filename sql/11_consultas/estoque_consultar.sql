-- What there is of each code asked for, under its canonical code, with the forecast of the next days.
-- One row per distinct known code; unknown codes give no row, an empty or NULL list none at all.
CREATE FUNCTION estoque_consultar(codigos text[])
RETURNS TABLE (
    codigo_consultado text, cod_produto text, nome_produto text, estoque_atual numeric(15,3),
    menor_estoque_d7 numeric(15,3), dia_ruptura date, movimentacoes_previstas jsonb
)
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
SET enable_seqscan = off
SET enable_nestloop = off
AS $body$
#variable_conflict use_column
DECLARE
    v_hoje date := estoque_hoje();
    v_produtos text[];
BEGIN
    SELECT array_agg(DISTINCT c.cod_produto) INTO v_produtos
    FROM estoque_codigo_conhecido AS c WHERE c.codigo = ANY (codigos);
    IF v_produtos IS NULL THEN
        RETURN;
    END IF;

    RETURN QUERY
    SELECT c.codigo, t.cod_produto, t.nome_produto, t.saldo_atual,
        CASE WHEN v.cod_produto IS NULL THEN t.menor_estoque_d7 ELSE v.menor_estoque_d7 END,
        CASE WHEN v.cod_produto IS NULL THEN t.dia_ruptura ELSE v.dia_ruptura END, (
            SELECT coalesce(jsonb_agg(jsonb_build_object(
                'data', m.data_prevista,
                'entrada', trim_scale(m.entrada_prevista),
                'saida', trim_scale(m.saida_prevista),
                'saldo_dia', trim_scale(m.entrada_prevista - m.saida_prevista))
                ORDER BY m.data_prevista), '[]')
            FROM movimentacao_prevista AS m
            -- A range of the key, never the days of all products: docs/decisoes/15.
            WHERE ROW(m.cod_produto, m.data_prevista) >= ROW(t.cod_produto, v_hoje)
                AND ROW(m.cod_produto, m.data_prevista) <= ROW(t.cod_produto, v_hoje + 7))
    FROM estoque_codigo_conhecido AS c
    JOIN estoque_tempo_real AS t ON t.cod_produto = c.cod_produto
    LEFT JOIN _estoque_vencidos(v_produtos) AS v ON v.cod_produto = t.cod_produto
    WHERE c.codigo = ANY (codigos) AND t.cod_produto = ANY (v_produtos)
    ORDER BY c.codigo;
END
$body$;

GRANT EXECUTE ON FUNCTION estoque_consultar(text[]) TO PUBLIC;
COMMENT ON FUNCTION estoque_consultar(text[]) IS
    'Balance, seven-day minimum, rupture day and forecast of each known code of the list.';
