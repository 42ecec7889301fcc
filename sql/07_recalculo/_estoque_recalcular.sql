-- Rebuilds products from the sources: forecast, balance, D7 fields, name. Writes only what differs,
-- and marks the rows with the transaction, so that _estoque_aplicar rebuilds them again rather than
-- adding what this rebuild may already have read (see there). Returns how many products were wrong.
-- The caller holds the lock on the rows, and only locked rows are read and written: a product that
-- appears meanwhile is kept by its own triggers. p_todos says that the list is every product there
-- is, so that the sources are read through instead of by product.
CREATE FUNCTION _estoque_recalcular(p_produtos text[], p_todos boolean DEFAULT false)
RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET plan_cache_mode = force_custom_plan
SET enable_nestloop = off
AS $body$
DECLARE
    v_hoje date := estoque_hoje();
    v_agora timestamptz := now();
    v_transacao xid8 := pg_current_xact_id();
    v_pedidos text[] := CASE WHEN NOT p_todos THEN p_produtos END;
    v_alvos text[];
    v_saldos numeric[];
    v_corrigidos text[];
    v_mais text[];
BEGIN
    SELECT array_agg(t.cod_produto), array_agg(coalesce(r.saldo, 0)) INTO v_alvos, v_saldos
    FROM unnest(p_produtos) AS t (cod_produto)
    LEFT JOIN _estoque_saldo_recalculado(v_pedidos) AS r ON r.cod_produto = t.cod_produto;

    WITH certa AS MATERIALIZED (
        SELECT r.* FROM _estoque_previsao_recalculada(v_pedidos) AS r
        WHERE r.cod_produto = ANY (p_produtos)
    ),
    sobra AS (
        DELETE FROM movimentacao_prevista AS m
        WHERE m.cod_produto = ANY (p_produtos)
            AND NOT EXISTS (SELECT FROM certa AS c
                            WHERE c.cod_produto = m.cod_produto
                                AND c.data_prevista = m.data_prevista)
        RETURNING m.cod_produto
    ),
    escrita AS (
        INSERT INTO movimentacao_prevista AS m
            (cod_produto, data_prevista, entrada_prevista, saida_prevista)
        SELECT c.cod_produto, c.data_prevista, c.entrada_prevista, c.saida_prevista
        FROM certa AS c
        ON CONFLICT (cod_produto, data_prevista) DO UPDATE
        SET entrada_prevista = EXCLUDED.entrada_prevista, saida_prevista = EXCLUDED.saida_prevista
        WHERE m.entrada_prevista <> EXCLUDED.entrada_prevista
            OR m.saida_prevista <> EXCLUDED.saida_prevista
        RETURNING m.cod_produto
    )
    SELECT array_agg(DISTINCT x.cod_produto) INTO v_corrigidos
    FROM (SELECT s.cod_produto FROM sobra AS s UNION ALL SELECT e.cod_produto FROM escrita AS e) AS x;

    -- A wrong field counts as a correction only if it claimed to hold today.
    WITH certo AS MATERIALIZED (
        SELECT d.cod_produto, d.saldo, d.menor, d.dia_ruptura, d.valido_ate, d.liquidos, n.nome,
            t.saldo_atual <> d.saldo OR t.nome_produto IS DISTINCT FROM n.nome
            OR (v_hoje BETWEEN t.valido_desde AND t.valido_ate
                AND (t.menor_estoque_d7, t.dia_ruptura, t.valido_ate > d.valido_ate,
                        _estoque_liquidos_em(t.liquidos, v_hoje - t.valido_desde))
                    IS DISTINCT FROM (d.menor, d.dia_ruptura, false, d.liquidos)) AS errado
        FROM _estoque_d7(v_alvos, v_saldos) AS d
        JOIN estoque_tempo_real AS t ON t.cod_produto = d.cod_produto
            AND t.cod_produto = ANY (v_alvos)
        CROSS JOIN LATERAL (SELECT _estoque_nome(d.cod_produto) AS nome) AS n
    ),
    escrito AS (
        UPDATE estoque_tempo_real AS t
        SET nome_produto = c.nome, saldo_atual = c.saldo, menor_estoque_d7 = c.menor,
            dia_ruptura = c.dia_ruptura, valido_desde = v_hoje, valido_ate = c.valido_ate,
            liquidos = c.liquidos,
            atualizado_em = CASE WHEN c.errado THEN v_agora ELSE t.atualizado_em END,
            recalculado_por = v_transacao
        FROM certo AS c
        WHERE t.cod_produto = c.cod_produto AND t.cod_produto = ANY (v_alvos)
    )
    SELECT array_agg(c.cod_produto) INTO v_mais FROM certo AS c WHERE c.errado;

    RETURN (SELECT count(DISTINCT x.p) FROM unnest(v_corrigidos || v_mais) AS x (p));
END
$body$;

REVOKE ALL ON FUNCTION _estoque_recalcular(text[], boolean) FROM PUBLIC;
COMMENT ON FUNCTION _estoque_recalcular(text[], boolean) IS
    'Rebuilds locked products from the sources, returns how many were wrong; inner use.';
