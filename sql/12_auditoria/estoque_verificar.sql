-- The audit: recomputes from the sources, in one snapshot, and returns every difference of the
-- result tables and of the tables behind them; empty means exact. NULL asks for everything.
-- D7 fields that have merely expired with the day are no difference.
CREATE FUNCTION estoque_verificar(codigos text[] DEFAULT NULL)
RETURNS TABLE (
    cod_produto text, campo text, data_prevista date, valor_armazenado text, valor_esperado text
)
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
SET row_security = off
SET plan_cache_mode = force_custom_plan
SET enable_seqscan = off
SET jit = off
AS $body$
#variable_conflict use_column
DECLARE
    v_hoje date := estoque_hoje();
    v_produtos text[];
    v_codigos text[];
    v_mencionados text[];
    v_somas numeric[];
    v_previsto_difere boolean;
    v_alvos text[];
    v_saldos numeric[];
    v_lotes text[];
BEGIN
    -- As in _estoque_saldo_recalculado.
    IF codigos IS NULL OR cardinality(codigos) > 1000 THEN
        PERFORM set_config('enable_seqscan', 'on', true);
    END IF;
    IF codigos IS NOT NULL THEN
        v_produtos := ARRAY(
            SELECT c.cod_produto FROM estoque_codigo_conhecido AS c WHERE c.codigo = ANY (codigos)
            UNION
            SELECT k.cod_produto FROM _estoque_canonicos(codigos) AS k);
        v_codigos := _estoque_membros(v_produtos || codigos);
    END IF;

    -- Rows that are there twice, where a key was lost.
    IF EXISTS (
        SELECT FROM unnest(ARRAY['estoque_tempo_real', 'movimentacao_prevista',
            'estoque_codigo_conhecido', 'estoque_lote']) AS t (nome)
        WHERE NOT EXISTS (SELECT FROM pg_index AS x WHERE x.indrelid = to_regclass(t.nome)
                          AND x.indisprimary AND x.indisvalid))
    THEN
        RETURN QUERY
        SELECT r.codigo, 'linhas de ' || r.tabela, r.data, count(*)::text, '1'
        FROM (
            SELECT 'estoque_tempo_real' AS tabela, t.cod_produto AS codigo, NULL::date AS data
            FROM estoque_tempo_real AS t
            UNION ALL
            SELECT 'movimentacao_prevista', m.cod_produto, m.data_prevista
            FROM movimentacao_prevista AS m
            UNION ALL
            SELECT 'estoque_codigo_conhecido', c.codigo, NULL FROM estoque_codigo_conhecido AS c
        ) AS r
        WHERE v_codigos IS NULL OR r.codigo = ANY (v_codigos)
        GROUP BY r.tabela, r.codigo, r.data
        HAVING count(*) > 1
        UNION ALL
        SELECT NULL, 'linhas do lote ' || l.separacao_lote_id, NULL, count(*)::text, '1'
        FROM estoque_lote AS l
        GROUP BY l.separacao_lote_id
        HAVING count(*) > 1;
    END IF;

    -- The movements are read once: for the codes that are mentioned, and for the balances.
    SELECT array_agg(s.codigo), array_agg(s.saldo) INTO v_mencionados, v_somas
    FROM _estoque_saldos_por_codigo(v_codigos) AS s;

    -- Codes: known, and in the right group.
    RETURN QUERY
    SELECT coalesce(m.codigo, c.codigo), 'codigo canonico', NULL::date, c.cod_produto, m.cod_produto
    FROM (
        SELECT coalesce(x.codigo, k.codigo) AS codigo,
            coalesce(k.cod_produto, x.codigo) AS cod_produto
        FROM unnest(v_mencionados) AS x (codigo)
        FULL JOIN (
            SELECT k.codigo, k.cod_produto FROM _estoque_canonicos() AS k
            WHERE v_codigos IS NULL OR k.codigo = ANY (v_codigos)
        ) AS k ON k.codigo = x.codigo
    ) AS m
    FULL JOIN (
        SELECT c.codigo, c.cod_produto FROM estoque_codigo_conhecido AS c
        WHERE v_codigos IS NULL OR c.codigo = ANY (v_codigos)
    ) AS c ON c.codigo = m.codigo
    WHERE m.cod_produto IS DISTINCT FROM c.cod_produto;

    -- Forecasts. Where none differs, projecting what is stored is projecting what the sources say.
    RETURN QUERY
    SELECT coalesce(r.cod_produto, m.cod_produto), x.campo,
        coalesce(r.data_prevista, m.data_prevista), x.armazenado, x.esperado
    FROM _estoque_previsao_recalculada(v_produtos) AS r
    FULL JOIN (
        SELECT p.* FROM movimentacao_prevista AS p
        WHERE v_codigos IS NULL OR p.cod_produto = ANY (v_codigos)
    ) AS m ON m.cod_produto = r.cod_produto AND m.data_prevista = r.data_prevista
    CROSS JOIN LATERAL (
        VALUES
            ('entrada_prevista', m.entrada_prevista::text,
                r.entrada_prevista::numeric(15,3)::text),
            ('saida_prevista', m.saida_prevista::text, r.saida_prevista::numeric(15,3)::text)
    ) AS x (campo, armazenado, esperado)
    WHERE (m.entrada_prevista, m.saida_prevista)
            IS DISTINCT FROM (r.entrada_prevista, r.saida_prevista)
        AND x.armazenado IS DISTINCT FROM x.esperado;
    v_previsto_difere := FOUND;

    -- Products: there, and no others; what the sources say of them.
    SELECT coalesce(array_agg(p.produto), '{}'), array_agg(p.saldo) INTO v_alvos, v_saldos
    FROM (
        SELECT coalesce(c.cod_produto, m.codigo) AS produto, coalesce(sum(m.saldo), 0) AS saldo
        FROM unnest(v_mencionados, v_somas) AS m (codigo, saldo)
        FULL JOIN (
            SELECT c.codigo, c.cod_produto FROM estoque_codigo_conhecido AS c
            WHERE v_codigos IS NULL OR c.codigo = ANY (v_codigos)
        ) AS c ON c.codigo = m.codigo
        GROUP BY 1
        HAVING bool_or(c.codigo IS NOT NULL)
    ) AS p
    WHERE v_produtos IS NULL OR p.produto = ANY (v_produtos);

    RETURN QUERY
    WITH certo AS (
        SELECT d.cod_produto AS produto, d.saldo::numeric(15,3), d.menor::numeric(15,3),
            d.dia_ruptura AS ruptura, d.valido_ate AS ate, d.liquidos,
            coalesce(n.nome, _estoque_nome(d.cod_produto)) AS nome
        FROM _estoque_d7(v_alvos, v_saldos, 7, v_previsto_difere) AS d
        JOIN _estoque_nomes_proprios(v_alvos) AS n ON n.codigo = d.cod_produto
    ),
    atual AS (
        SELECT t.*, v_hoje BETWEEN t.valido_desde AND t.valido_ate AS vale,
            _estoque_liquidos_em(t.liquidos, v_hoje - t.valido_desde) AS somas
        FROM estoque_tempo_real AS t
        WHERE v_codigos IS NULL OR t.cod_produto = ANY (v_codigos)
    )
    SELECT coalesce(c.produto, t.cod_produto), x.campo, NULL::date, x.armazenado, x.esperado
    FROM certo AS c
    FULL JOIN atual AS t ON t.cod_produto = c.produto
    CROSS JOIN LATERAL (
        VALUES
            ('cod_produto', t.cod_produto, c.produto, true),
            ('saldo_atual', t.saldo_atual::text, c.saldo::text, true),
            ('nome_produto', t.nome_produto, c.nome, true),
            ('menor_estoque_d7', t.menor_estoque_d7::text, c.menor::text, t.vale),
            ('dia_ruptura', t.dia_ruptura::text, c.ruptura::text, t.vale),
            ('valido_ate', t.valido_ate::text, c.ate::text, t.vale AND t.valido_ate > c.ate),
            ('liquidos', t.somas::text, c.liquidos::text, t.vale AND t.somas <> c.liquidos)
    ) AS x (campo, armazenado, esperado, conta)
    -- A row that is right in all is not taken apart into texts.
    WHERE (t.cod_produto, t.saldo_atual, t.nome_produto, t.menor_estoque_d7, t.dia_ruptura,
            t.valido_ate > c.ate, t.somas)
            IS DISTINCT FROM
            (c.produto, c.saldo, c.nome, c.menor, c.ruptura, false, c.liquidos)
        AND x.conta AND x.armazenado IS DISTINCT FROM x.esperado
        AND (x.campo = 'cod_produto' OR (t.cod_produto IS NOT NULL AND c.produto IS NOT NULL));

    -- Gates: those of all lots, or of the lots of these products.
    IF v_produtos IS NOT NULL THEN
        v_lotes := ARRAY(
            SELECT DISTINCT s.separacao_lote_id::text FROM separacao AS s
            WHERE s.cod_produto = ANY (v_codigos) AND s.separacao_lote_id IS NOT NULL);
    END IF;
    RETURN QUERY
    SELECT NULL::text, 'faturado do lote ' || coalesce(l.lote, g.separacao_lote_id), NULL::date,
        coalesce(g.faturado, false)::text, (l.lote IS NOT NULL)::text
    FROM (
        SELECT DISTINCT e.separacao_lote_id::text AS lote FROM embarque_itens AS e
        WHERE e.separacao_lote_id IS NOT NULL
            AND (v_lotes IS NULL OR e.separacao_lote_id = ANY (v_lotes))
            AND _estoque_fatura(e.status, e.nota_fiscal, e.erro_validacao)
    ) AS l
    FULL JOIN (
        SELECT p.separacao_lote_id, p.faturado FROM estoque_lote AS p
        WHERE v_lotes IS NULL OR p.separacao_lote_id = ANY (v_lotes)
    ) AS g ON g.separacao_lote_id = l.lote
    WHERE coalesce(g.faturado, false) <> (l.lote IS NOT NULL);
END
$body$;

GRANT EXECUTE ON FUNCTION estoque_verificar(text[]) TO PUBLIC;
COMMENT ON FUNCTION estoque_verificar(text[]) IS
    'Every difference between what is stored and what the sources say; empty means exact.';
