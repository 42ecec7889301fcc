-- The general way of a change into the result tables. Every trigger brings what its statement changed,
-- per code and date; here codes become products, product rows are locked in the order of their codes,
-- forecast and balance move by the differences, and the D7 fields are projected once per product.
--
-- Lock order: product rows by code, before anything derived. What is read after the lock is read in
-- a statement that begins after it, so under READ COMMITTED it includes what the last holder wrote.
-- Every change writes the product row, so a stale REPEATABLE READ snapshot ends in 40001.
-- Resolving and locking are one statement: if a group changed meanwhile, its row is gone and we ask again.
--
-- A product rebuilt from the sources in this transaction is rebuilt again instead of incremented:
-- several parts of one query may have written before any trigger fires, and that rebuild saw them all.
--
-- p_reconstruir: codes to rebuild in any case. Inner use; runs with the caller's pinned search_path.
CREATE FUNCTION _estoque_aplicar(
    p_deltas _estoque_delta[], p_reconstruir text[] DEFAULT '{}'
) RETURNS void
LANGUAGE plpgsql VOLATILE
AS $body$
DECLARE
    v_hoje date := estoque_hoje();
    v_transacao xid8 := pg_current_xact_id();
    v_deltas _estoque_delta[];
    v_codigos text[];
    v_rever text[];
    v_novos text[];
    v_travados bigint;
    v_reconstruir text[];
    v_somar text[];
    v_somas numeric[];
    v_projetar text[];
    v_saldos numeric[];
    v_nomear text[];
BEGIN
    -- Net what the statement took away and put back; what remains unchanged is not written.
    SELECT array_agg(ROW(n.codigo, n.data, n.saldo, n.entrada, n.saida, 0, n.nome,
                NULL, NULL, NULL)::_estoque_delta) FILTER (WHERE n.mudou),
        array_agg(DISTINCT n.codigo) FILTER (WHERE n.mudou OR n.perdeu),
        array_agg(DISTINCT n.codigo) FILTER (WHERE n.perdeu)
    INTO v_deltas, v_codigos, v_rever
    FROM (
        SELECT d.codigo, d.data, sum(d.saldo) AS saldo, sum(d.entrada) AS entrada,
            sum(d.saida) AS saida,
            _estoque_nome_unico(min(d.nome), max(d.nome)) AS nome,
            sum(d.saldo) <> 0 OR sum(d.entrada) <> 0 OR sum(d.saida) <> 0
                OR sum(sum(d.linhas)) OVER w <> 0 AS mudou,
            sum(sum(d.linhas)) OVER w < 0 OR sum(sum(d.nomes)) OVER w <> 0 AS perdeu
        FROM unnest(p_deltas) AS d
        WHERE d.codigo IS NOT NULL
        GROUP BY d.codigo, d.data
        WINDOW w AS (PARTITION BY d.codigo)
    ) AS n;
    v_codigos := v_codigos || (SELECT array_agg(r.c) FROM unnest(p_reconstruir) AS r (c)
                               WHERE r.c <> ALL (coalesce(v_codigos, '{}')));
    IF v_codigos IS NULL THEN
        RETURN;
    END IF;

    LOOP
        -- Unknown codes are registered before anything is locked.
        IF cardinality(v_codigos) > (
            SELECT count(*) FROM estoque_codigo_conhecido AS c
            JOIN estoque_tempo_real AS t ON t.cod_produto = c.cod_produto
            WHERE c.codigo = ANY (v_codigos))
        THEN
            v_novos := v_novos || _estoque_registrar(v_codigos);
        END IF;
        SELECT count(*), array_agg(DISTINCT x.cod_produto) FILTER (
            WHERE x.reconstruido_por = v_transacao OR x.codigo = ANY (p_reconstruir))
        INTO v_travados, v_reconstruir
        FROM (
            SELECT c.codigo, t.cod_produto, t.reconstruido_por
            FROM estoque_codigo_conhecido AS c
            JOIN estoque_tempo_real AS t ON t.cod_produto = c.cod_produto
            WHERE c.codigo = ANY (v_codigos)
            ORDER BY t.cod_produto
            FOR NO KEY UPDATE OF t
        ) AS x;
        EXIT WHEN v_travados = cardinality(v_codigos);
    END LOOP;
    -- A code forgotten by a statement inside this one comes back: what it had is to be read again.
    IF v_novos IS NOT NULL
        AND current_setting('estoque_pg.esqueceu', true) = v_transacao::text
    THEN
        v_rever := v_rever || v_novos;
        v_reconstruir := v_reconstruir || ARRAY(
            SELECT DISTINCT c.cod_produto FROM estoque_codigo_conhecido AS c
            WHERE c.codigo = ANY (v_novos));
    END IF;

    -- From here on the codes stay where they are: changing a group needs the rows we hold.
    IF EXISTS (SELECT FROM unnest(v_deltas) AS d WHERE d.data IS NOT NULL) THEN
        INSERT INTO movimentacao_prevista AS m
            (cod_produto, data_prevista, entrada_prevista, saida_prevista)
        SELECT c.cod_produto, d.data, sum(d.entrada), sum(d.saida)
        FROM unnest(v_deltas) AS d
        JOIN estoque_codigo_conhecido AS c ON c.codigo = d.codigo
        WHERE d.data IS NOT NULL
        GROUP BY c.cod_produto, d.data
        HAVING sum(d.entrada) <> 0 OR sum(d.saida) <> 0
        ON CONFLICT (cod_produto, data_prevista) DO UPDATE
        SET entrada_prevista = m.entrada_prevista + EXCLUDED.entrada_prevista,
            saida_prevista = m.saida_prevista + EXCLUDED.saida_prevista;

        DELETE FROM movimentacao_prevista AS m
        USING unnest(v_deltas) AS d
        JOIN estoque_codigo_conhecido AS c ON c.codigo = d.codigo
        WHERE m.cod_produto = c.cod_produto AND m.data_prevista = d.data
            AND m.entrada_prevista = 0 AND m.saida_prevista = 0;
    END IF;

    -- Where only the balance moves, the fields hold today and no day ends below zero before or
    -- after, the minimum moves along; every other product is projected.
    SELECT array_agg(p.cod_produto) FILTER (WHERE p.basta_somar),
        array_agg(p.saldo) FILTER (WHERE p.basta_somar),
        array_agg(p.cod_produto) FILTER (WHERE NOT p.basta_somar),
        array_agg(p.saldo_atual + p.saldo) FILTER (WHERE NOT p.basta_somar),
        array_agg(p.cod_produto) FILTER (WHERE p.renomear)
    INTO v_somar, v_somas, v_projetar, v_saldos, v_nomear
    FROM (
        SELECT t.cod_produto, t.saldo_atual, s.saldo,
            NOT s.prevista AND t.menor_estoque_d7 + s.saldo >= 0
                AND v_hoje BETWEEN t.valido_desde AND t.valido_ate AS basta_somar,
            s.nome_menor <> s.nome_maior OR t.nome_produto IS DISTINCT FROM s.nome_menor
                AND s.nome_menor IS NOT NULL AS renomear
        FROM (
            SELECT c.cod_produto, sum(d.saldo) AS saldo,
                bool_or(d.entrada <> 0 OR d.saida <> 0) AS prevista,
                min(d.nome) AS nome_menor, max(d.nome) AS nome_maior
            FROM unnest(v_deltas) AS d
            JOIN estoque_codigo_conhecido AS c ON c.codigo = d.codigo
            GROUP BY c.cod_produto
        ) AS s
        JOIN estoque_tempo_real AS t ON t.cod_produto = s.cod_produto
    ) AS p;

    IF v_somar IS NOT NULL THEN
        UPDATE estoque_tempo_real AS t
        SET saldo_atual = t.saldo_atual + s.saldo,
            menor_estoque_d7 = t.menor_estoque_d7 + s.saldo,
            dia_ruptura = NULL,
            atualizado_em = now()
        FROM unnest(v_somar, v_somas) AS s (cod_produto, saldo)
        WHERE t.cod_produto = s.cod_produto;
    END IF;
    IF v_projetar IS NOT NULL THEN
        PERFORM _estoque_projetar(v_projetar, v_saldos);
    END IF;
    IF v_reconstruir IS NOT NULL THEN
        PERFORM _estoque_reconstruir(v_reconstruir);
    END IF;
    IF v_nomear IS NOT NULL THEN
        PERFORM _estoque_nomear(v_nomear);
    END IF;
    IF v_rever IS NOT NULL THEN
        PERFORM _estoque_revisar(v_rever);
    END IF;
END
$body$;

REVOKE ALL ON FUNCTION _estoque_aplicar(_estoque_delta[], text[]) FROM PUBLIC;
COMMENT ON FUNCTION _estoque_aplicar(_estoque_delta[], text[]) IS
    'Applies the changes of one statement to the result tables; inner use.';
