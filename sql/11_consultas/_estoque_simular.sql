-- What the changes of a simulation do to each product, before and after, on the days of today to today +
-- p_dias on which its balance moves then or now. Besides a row without a product for each item whose
-- filter met no document: aviso is its number.
CREATE FUNCTION _estoque_simular(p_mudancas jsonb, p_dias integer, p_produto text DEFAULT NULL)
RETURNS TABLE (
    aviso integer, cod_produto text, data date, entrada_antes numeric, saida_antes numeric,
    saldo_antes numeric, entrada_depois numeric, saida_depois numeric, saldo_depois numeric
)
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
SET enable_nestloop = off
AS $body$
#variable_conflict use_column
DECLARE
    v_hoje date := estoque_hoje();
    v_fim date := v_hoje + p_dias;
    v_mudado record;
    v_diferenca _estoque_aberto[];
    v_produtos text[];
BEGIN
    SELECT * INTO v_mudado FROM _estoque_mudar(p_mudancas);
    RETURN QUERY SELECT a.n, NULL::text, NULL::date, NULL::numeric, NULL::numeric, NULL::numeric,
        NULL::numeric, NULL::numeric, NULL::numeric FROM unnest(v_mudado.avisos) AS a (n);

    -- What is as it was counts on neither side; what is gone counts against.
    v_diferenca := ARRAY(
        SELECT ROW(d.cod_produto, d.codigo, d.origem, d.id, d.numero, d.documento, d.lote,
            c.dia, d.entra, d.quantidade * x.sinal, false)::_estoque_aberto
        FROM (SELECT a AS d, -1 AS sinal FROM unnest(v_mudado.antes) AS a
              UNION ALL SELECT a, 1 FROM unnest(v_mudado.depois) AS a) AS x,
            LATERAL (SELECT (x.d).*) AS d,
            LATERAL (SELECT _estoque_dia_que_conta(d.data, d.entra, v_hoje) AS dia) AS c
        WHERE c.dia <= v_fim AND (p_produto IS NULL OR d.cod_produto = p_produto));
    v_produtos := CASE WHEN p_produto IS NOT NULL THEN ARRAY[p_produto] ELSE ARRAY(
        SELECT d.cod_produto FROM (
            SELECT x.cod_produto, sum(CASE WHEN x.entra THEN x.quantidade ELSE -x.quantidade END) AS liquido
            FROM unnest(v_diferenca) AS x GROUP BY x.cod_produto, x.data
        ) AS d
        WHERE d.liquido <> 0 GROUP BY d.cod_produto) END;

    RETURN QUERY
    WITH parcela AS (
        SELECT d.cod_produto, d.data, d.entrada, d.saida, d.saldo - lag(d.saldo, 1, 0::numeric)
            OVER (PARTITION BY d.cod_produto ORDER BY d.data) AS liquido,
            0::numeric AS mais_entrada, 0::numeric AS mais_saida
        FROM _estoque_dias(v_produtos, v_fim) AS d
        UNION ALL
        SELECT x.cod_produto, x.data, 0, 0, 0, CASE WHEN x.entra THEN x.quantidade ELSE 0 END,
            CASE WHEN x.entra THEN 0 ELSE x.quantidade END
        FROM unnest(v_diferenca) AS x
        WHERE x.cod_produto = ANY (v_produtos)
    ),
    dia AS (
        SELECT p.cod_produto, p.data, sum(p.entrada) AS entrada, sum(p.saida) AS saida,
            sum(p.liquido) AS liquido, sum(p.mais_entrada) AS mais_entrada, sum(p.mais_saida) AS mais_saida
        FROM parcela AS p
        GROUP BY p.cod_produto, p.data
    )
    SELECT NULL::integer, d.cod_produto, d.data, d.entrada, d.saida, sum(d.liquido) OVER ate_aqui,
        d.entrada + d.mais_entrada, d.saida + d.mais_saida,
        sum(d.liquido + d.mais_entrada - d.mais_saida) OVER ate_aqui
    FROM dia AS d
    WINDOW ate_aqui AS (PARTITION BY d.cod_produto ORDER BY d.data)
    ORDER BY d.cod_produto, d.data;
END
$body$;

REVOKE ALL ON FUNCTION _estoque_simular(jsonb, integer, text) FROM PUBLIC;
COMMENT ON FUNCTION _estoque_simular(jsonb, integer, text) IS
    'Balances before and after the changes of a simulation; inner use.';
