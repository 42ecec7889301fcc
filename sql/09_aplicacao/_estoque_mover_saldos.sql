-- Moves the balances of locked products by what one statement changed, and brings their D7 fields to
-- it: where _estoque_basta_somar the minimum moves along, as in _estoque_somar;
-- every other product is projected, once. Returns the products whose name may be another now.
CREATE FUNCTION _estoque_mover_saldos(p_deltas _estoque_delta[]) RETURNS text[]
LANGUAGE plpgsql VOLATILE
AS $body$
DECLARE
    v_hoje date := estoque_hoje();
    v_somar tid[];
    v_somas numeric[];
    v_romper text[];
    v_projetar text[];
    v_saldos numeric[];
    v_nomear text[];
BEGIN
    SELECT array_agg(p.linha) FILTER (WHERE p.basta_somar),
        array_agg(p.saldo) FILTER (WHERE p.basta_somar),
        array_agg(p.cod_produto) FILTER (WHERE NOT p.basta_somar),
        array_agg(p.saldo_atual + p.saldo) FILTER (WHERE NOT p.basta_somar),
        array_agg(p.cod_produto) FILTER (WHERE p.renomear)
    INTO v_somar, v_somas, v_projetar, v_saldos, v_nomear
    FROM (
        SELECT t.linha, t.cod_produto, t.saldo_atual, s.saldo,
            NOT s.prevista AND _estoque_basta_somar(t.menor_estoque_d7, s.saldo, v_hoje,
                t.valido_desde, t.valido_ate) AS basta_somar,
            s.nome_menor <> s.nome_maior OR t.nome_produto IS DISTINCT FROM s.nome_menor
                AND s.nome_menor IS NOT NULL AS renomear
        FROM (
            SELECT c.cod_produto, sum(d.saldo) AS saldo,
                bool_or(d.entrada <> 0 OR d.saida <> 0) AS prevista,
                min(d.nome COLLATE "C") AS nome_menor, max(d.nome COLLATE "C") AS nome_maior
            FROM unnest(p_deltas) AS d
            CROSS JOIN LATERAL (
                SELECT c.cod_produto FROM estoque_codigo_conhecido AS c
                WHERE c.codigo = d.codigo OFFSET 0
            ) AS c
            GROUP BY c.cod_produto
        ) AS s
        CROSS JOIN LATERAL (
            SELECT t.ctid AS linha, t.* FROM estoque_tempo_real AS t
            WHERE t.cod_produto = s.cod_produto OFFSET 0
        ) AS t
    ) AS p;

    IF v_somar IS NOT NULL THEN
        WITH somado AS (
            UPDATE estoque_tempo_real AS t
            SET saldo_atual = t.saldo_atual + s.saldo,
                menor_estoque_d7 = t.menor_estoque_d7 + s.saldo,
                atualizado_em = now()
            FROM unnest(v_somar, v_somas) AS s (linha, saldo)
            WHERE t.ctid = s.linha
            RETURNING t.cod_produto, t.menor_estoque_d7 < 0 OR t.dia_ruptura IS NOT NULL AS rompe
        )
        SELECT array_agg(x.cod_produto) INTO v_romper FROM somado AS x WHERE x.rompe;
        IF v_romper IS NOT NULL THEN
            PERFORM _estoque_romper(v_romper);
        END IF;
    END IF;
    IF v_projetar IS NOT NULL THEN
        PERFORM _estoque_projetar(v_projetar, v_saldos);
    END IF;
    RETURN v_nomear;
END
$body$;

REVOKE ALL ON FUNCTION _estoque_mover_saldos(_estoque_delta[]) FROM PUBLIC;
COMMENT ON FUNCTION _estoque_mover_saldos(_estoque_delta[]) IS
    'Moves balances and D7 fields of locked products; inner use.';
