-- Generated from sql/ by `make migration`; edit there.
-- The active unifications that contradict each other and therefore unify nothing: an origin with
-- several destinations, a chain that runs into a circle (a code unified with itself is the shortest).
-- The trigger refuses to make one; rows older than the installation, or written past the triggers,
-- may be such. NULL asks for all, otherwise for those of the origins given.
CREATE OR REPLACE FUNCTION estoque_contradicoes(origens text[] DEFAULT NULL)
RETURNS TABLE (codigo_origem text, codigo_destino text, motivo text)
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
SET enable_seqscan = on
SET enable_nestloop = off
AS $body$
BEGIN
    RETURN QUERY
    WITH RECURSIVE aresta AS MATERIALIZED (
        SELECT DISTINCT u.codigo_origem::text COLLATE "default" AS origem,
            u.codigo_destino::text COLLATE "default" AS destino
        FROM unificacao_codigos AS u
        WHERE u.ativo AND u.codigo_origem IS NOT NULL AND u.codigo_destino IS NOT NULL
    ),
    contradicao AS MATERIALIZED (
        SELECT a.origem, a.destino,
            (SELECT string_agg(quote_literal(b.destino), ' and ' ORDER BY b.destino)
             FROM aresta AS b WHERE b.origem = a.origem HAVING count(*) > 1) AS destinos
        FROM aresta AS a
        LEFT JOIN _estoque_canonicos() AS k ON k.codigo = a.origem AND k.cod_produto <> a.origem
        WHERE k.codigo IS NULL AND (origens IS NULL OR a.origem IN (SELECT unnest(origens)))
    ),
    passo AS (
        SELECT c.origem AS inicio, c.origem AS atual, c.origem AS caminho
        FROM contradicao AS c WHERE c.destinos IS NULL
        UNION ALL
        SELECT p.inicio, a.destino, p.caminho || ' -> ' || a.destino
        FROM passo AS p JOIN aresta AS a ON a.origem = p.atual
    ) CYCLE inicio, atual SET repetido USING passos
    SELECT c.origem, c.destino,
        coalesce(quote_literal(c.origem) || ' has the active destinations ' || c.destinos,
            'circular: ' || (SELECT min(p.caminho) FROM passo AS p
                             WHERE p.inicio = c.origem AND p.repetido))
    FROM contradicao AS c
    ORDER BY c.origem, c.destino;
END
$body$;

GRANT EXECUTE ON FUNCTION estoque_contradicoes(text[]) TO PUBLIC;
COMMENT ON FUNCTION estoque_contradicoes(text[]) IS
    'Active unifications that contradict each other and are left out, with the reason.';
-- Rebuilds everything from the sources: known codes and their groups, gates, products.
-- Writers of the sources wait only for the product rows, which are locked in order, all of them.
-- Returns how many products were wrong. Used at installation, after TRUNCATE, and on request.
CREATE OR REPLACE FUNCTION _estoque_recalcular_tudo() RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET enable_seqscan = on
SET enable_nestloop = off
AS $body$
DECLARE
    v_codigos text[];
    v_produtos text[];
    v_sobras bigint;
    v_reagrupados bigint := 0::bigint;
BEGIN
    PERFORM _estoque_tomar_vez();
    PERFORM _estoque_abrir_lotes(ARRAY(
        SELECT l.separacao_lote_id FROM estoque_lote AS l
        UNION
        SELECT e.separacao_lote_id::text FROM embarque_itens AS e
        WHERE e.separacao_lote_id IS NOT NULL
            AND _estoque_fatura(e.status, e.nota_fiscal, e.erro_validacao)));
    PERFORM FROM estoque_tempo_real AS t ORDER BY t.cod_produto FOR UPDATE;

    -- Codes in the wrong group, or unknown, or no longer mentioned.
    SELECT array_agg(coalesce(m.codigo, c.codigo)) INTO v_codigos
    FROM (
        SELECT x.codigo, coalesce(k.cod_produto, x.codigo) AS cod_produto
        FROM _estoque_mencionados() AS x (codigo)
        LEFT JOIN _estoque_canonicos() AS k ON k.codigo = x.codigo
    ) AS m
    FULL JOIN estoque_codigo_conhecido AS c ON c.codigo = m.codigo
    LEFT JOIN estoque_tempo_real AS t ON t.cod_produto = c.cod_produto
    WHERE m.cod_produto IS DISTINCT FROM c.cod_produto OR t.cod_produto IS NULL;
    -- Rows of products that are nobody's are left over from before.
    SELECT count(*) INTO v_sobras
    FROM (SELECT t.cod_produto FROM estoque_tempo_real AS t
          UNION
          SELECT m.cod_produto FROM movimentacao_prevista AS m) AS x
    WHERE NOT EXISTS (SELECT FROM estoque_codigo_conhecido AS c WHERE c.cod_produto = x.cod_produto);
    DELETE FROM estoque_tempo_real AS t
    WHERE NOT EXISTS (SELECT FROM estoque_codigo_conhecido AS c WHERE c.cod_produto = t.cod_produto);
    DELETE FROM movimentacao_prevista AS m
    WHERE NOT EXISTS (SELECT FROM estoque_codigo_conhecido AS c WHERE c.cod_produto = m.cod_produto);

    IF v_codigos IS NOT NULL THEN
        v_reagrupados := greatest(_estoque_reagrupar(v_codigos), 1);
    END IF;
    -- What was not there above may be held by who waits for us; its own triggers keep it.
    SELECT array_agg(x.cod_produto) INTO v_produtos
    FROM (SELECT t.cod_produto FROM estoque_tempo_real AS t
          ORDER BY t.cod_produto FOR UPDATE SKIP LOCKED) AS x;
    RETURN v_sobras + v_reagrupados + _estoque_recalcular(v_produtos, true);
END
$body$;

REVOKE ALL ON FUNCTION _estoque_recalcular_tudo() FROM PUBLIC;
COMMENT ON FUNCTION _estoque_recalcular_tudo() IS
    'Rebuilds codes, gates and products from the sources; inner use.';
-- Rebuilds every product, code and gate from the sources. Idempotent; writers wait for its end.
CREATE OR REPLACE FUNCTION estoque_recalcular_tudo() RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path FROM CURRENT
SET row_security = off
AS $body$
DECLARE
    v_corrigidos bigint := _estoque_recalcular_tudo();
BEGIN
    UPDATE estoque_controle SET recusadas = EXISTS (SELECT FROM estoque_linhas_recusadas())
    WHERE recusadas;
    RETURN v_corrigidos;
END
$body$;

REVOKE ALL ON FUNCTION estoque_recalcular_tudo() FROM PUBLIC;
COMMENT ON FUNCTION estoque_recalcular_tudo() IS
    'Rebuilds everything from the sources; the number of products corrected.';
-- Says which of the codes or products given is there twice: a table of ours has lost its primary
-- key, and what is written can be right in one of the rows at most. Raises XX001.
CREATE OR REPLACE FUNCTION _estoque_acusar_repetido(p_codigos text[], p_produtos text[]) RETURNS void
LANGUAGE plpgsql VOLATILE
AS $body$
DECLARE
    v_tabela text;
    v_coluna text;
    v_valor text;
BEGIN
    SELECT r.tabela, r.coluna, r.valor INTO v_tabela, v_coluna, v_valor
    FROM (
        SELECT 'estoque_codigo_conhecido' AS tabela, 'codigo' AS coluna, c.codigo AS valor
        FROM estoque_codigo_conhecido AS c WHERE c.codigo = ANY (p_codigos)
        UNION ALL
        SELECT 'estoque_tempo_real', 'cod_produto', t.cod_produto
        FROM estoque_tempo_real AS t WHERE t.cod_produto = ANY (p_produtos)
    ) AS r
    GROUP BY r.tabela, r.coluna, r.valor
    HAVING count(*) > 1
    ORDER BY r.tabela, r.valor
    LIMIT 1;
    RAISE EXCEPTION USING ERRCODE = 'data_corrupted',
        MESSAGE = format('%s has the code %L more than once', v_tabela, v_valor),
        DETAIL = 'The primary key of the table, which forbids it, is gone.',
        HINT = format('DELETE FROM %1$s WHERE %2$s = %3$L; ALTER TABLE %1$s ADD PRIMARY KEY (%2$s);'
            ' SELECT estoque_recalcular_tudo();', v_tabela, v_coluna, v_valor),
        SCHEMA = current_schema(), TABLE = v_tabela, COLUMN = v_coluna;
END
$body$;

REVOKE ALL ON FUNCTION _estoque_acusar_repetido(text[], text[]) FROM PUBLIC;
COMMENT ON FUNCTION _estoque_acusar_repetido(text[], text[]) IS
    'Raises XX001 for a code that a table of ours has twice; inner use.';
-- Refuses quantities that cannot be counted, naming table, column and product. What a row had before
-- the statement is not held against it: rows left out by a tolerant install may still be written to.
-- Raises EP001.
CREATE OR REPLACE FUNCTION _estoque_recusar(p_deltas _estoque_delta[], p_tabela text, p_coluna text)
RETURNS void
LANGUAGE plpgsql VOLATILE
AS $body$
DECLARE
    v_codigo text;
BEGIN
    SELECT d.codigo INTO v_codigo
    FROM unnest(p_deltas) AS d
    GROUP BY d.codigo
    HAVING sum(d.fora) > 0
    ORDER BY d.codigo
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION USING
            ERRCODE = 'EP001',
            MESSAGE = format('%s.%s of product %L is NaN, infinite or out of range', p_tabela,
                p_coluna, v_codigo),
            HINT = 'Write a finite quantity of less than 1,000,000,000,000;'
                ' nothing of this statement was kept.',
            SCHEMA = current_schema(), TABLE = p_tabela, COLUMN = p_coluna;
    END IF;
END
$body$;

REVOKE ALL ON FUNCTION _estoque_recusar(_estoque_delta[], text, text) FROM PUBLIC;
COMMENT ON FUNCTION _estoque_recusar(_estoque_delta[], text, text) IS
    'Raises EP001 for a quantity that cannot be counted; inner use.';
-- Refuses a statement on a table that bears a trigger of ours and is no source of this schema, nor a
-- partition or child of one: a copy, an archive, a table of another installation. Counting it would
-- move numbers that are not its own, and to pass over it in silence would hide a source that is not
-- counted. NULL in p_fonte stands for any source. Raises EP007.
CREATE OR REPLACE FUNCTION _estoque_exigir_propria(p_relacao oid, p_fonte text) RETURNS void
LANGUAGE plpgsql STABLE
AS $body$
DECLARE
    v_gatilhos text;
BEGIN
    IF EXISTS (SELECT FROM _estoque_fontes() AS f
               WHERE f.tabela = coalesce(p_fonte, f.tabela) AND _estoque_pertence(p_relacao, f.tabela))
    THEN
        RETURN;
    END IF;
    SELECT string_agg(format('DROP TRIGGER %I ON %s;', t.tgname, t.tgrelid::regclass), ' '
        ORDER BY t.tgname)
    INTO v_gatilhos
    FROM pg_trigger AS t
    JOIN pg_proc AS p ON p.oid = t.tgfoid
    WHERE t.tgrelid = p_relacao AND p.proname LIKE E'\\_estoque\\_gatilho\\_%';
    RAISE EXCEPTION USING
        ERRCODE = 'EP007',
        MESSAGE = format('table %s of schema %s bears triggers that count for schema %s',
            p_relacao::regclass, (SELECT c.relnamespace::regnamespace FROM pg_class AS c
                                  WHERE c.oid = p_relacao),
            coalesce(quote_ident(current_schema()), 'that is gone, or was renamed')),
        HINT = 'Nothing of this statement was kept. `estoque vigiar` in the schema of its functions'
            ' takes them off, and so does: ' || v_gatilhos;
END
$body$;

REVOKE ALL ON FUNCTION _estoque_exigir_propria(oid, text) FROM PUBLIC;
COMMENT ON FUNCTION _estoque_exigir_propria(oid, text) IS
    'Raises EP007 for a table that is no source of this schema; inner use.';
-- Trigger function of embarque_itens: when a lot becomes invoiced, or no longer is, the exits of all
-- its separations leave the forecast or come back. Statements that change no gate write nothing.
-- Raises 40001 under REPEATABLE READ and SERIALIZABLE where the snapshot is older than the installation.
CREATE OR REPLACE FUNCTION _estoque_gatilho_embarque() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path FROM CURRENT
SET row_security = off
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off
SET jit = off
AS $body$
DECLARE
    v_novos text[];
    v_antigos text[];
    v_lotes text[];
    v_faturados boolean[];
    v_deltas _estoque_delta[];
BEGIN
    IF TG_TABLE_NAME <> 'embarque_itens' OR TG_TABLE_SCHEMA IS DISTINCT FROM current_schema() THEN
        PERFORM _estoque_exigir_propria(TG_RELID, 'embarque_itens');
    END IF;
    IF TG_OP <> 'DELETE' THEN
        SELECT array_agg(f.separacao_lote_id::text) INTO v_novos
        FROM novos AS f
        WHERE f.separacao_lote_id IS NOT NULL
            AND _estoque_fatura(f.status, f.nota_fiscal, f.erro_validacao);
    END IF;
    IF TG_OP <> 'INSERT' THEN
        SELECT array_agg(f.separacao_lote_id::text) INTO v_antigos
        FROM antigos AS f
        WHERE f.separacao_lote_id IS NOT NULL
            AND _estoque_fatura(f.status, f.nota_fiscal, f.erro_validacao);
    END IF;

    SELECT array_agg(m.lote) INTO v_lotes
    FROM (
        SELECT x.lote
        FROM (SELECT unnest(v_novos), 1 UNION ALL SELECT unnest(v_antigos), -1) AS x (lote, itens)
        GROUP BY x.lote
        HAVING sum(x.itens) <> 0
    ) AS m;
    IF v_lotes IS NULL THEN
        RETURN NULL;
    END IF;

    -- Of the separations of a lot without a row, a snapshot from before the installation may lack some.
    IF current_setting('transaction_isolation') <> 'read committed'
        AND NOT EXISTS (SELECT FROM estoque_controle)
    THEN
        RAISE EXCEPTION USING ERRCODE = 'serialization_failure',
            MESSAGE = 'could not serialize access: the installation is newer than this transaction',
            HINT = 'Run the transaction again.';
    END IF;
    -- The separations are read in a statement of their own, which begins with the lots locked.
    SELECT array_agg(l.lote), array_agg(l.faturado) INTO v_lotes, v_faturados
    FROM _estoque_abrir_lotes(v_lotes) AS l;
    SELECT array_agg(ROW(g.codigo, g.data, 0, 0, g.saida, 0, NULL, NULL, NULL, NULL)::_estoque_delta)
    INTO v_deltas
    FROM (
        SELECT s.cod_produto::text AS codigo, s.expedicao::date AS data,
            sum(_estoque_contribuicao_separacao(s.cod_produto::text, s.expedicao::date,
                    s.qtd_saldo::numeric, l.faturado)
                - _estoque_contribuicao_separacao(s.cod_produto::text, s.expedicao::date,
                    s.qtd_saldo::numeric, NOT l.faturado)) AS saida
        FROM unnest(v_lotes, v_faturados) AS l (lote, faturado)
        CROSS JOIN LATERAL (
            SELECT s.cod_produto, s.expedicao, s.qtd_saldo FROM separacao AS s
            WHERE s.separacao_lote_id = l.lote OFFSET 0
        ) AS s
        GROUP BY s.cod_produto, s.expedicao::date
    ) AS g;
    IF v_deltas IS NOT NULL THEN
        PERFORM _estoque_aplicar(v_deltas);
    END IF;
    RETURN NULL;
END
$body$;

REVOKE ALL ON FUNCTION _estoque_gatilho_embarque() FROM PUBLIC;
COMMENT ON FUNCTION _estoque_gatilho_embarque() IS
    'Moves the exits of lots whose gate a statement turned; inner use.';
-- Trigger function for TRUNCATE of any source: with no rows to compare, everything is rebuilt.
-- Raises 0A000 under REPEATABLE READ and SERIALIZABLE, EP007 for a table that is no source.
CREATE OR REPLACE FUNCTION _estoque_gatilho_truncar() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path FROM CURRENT
SET row_security = off
SET plan_cache_mode = force_generic_plan
AS $body$
BEGIN
    PERFORM _estoque_exigir_propria(TG_RELID, NULL);
    -- TRUNCATE does not respect snapshots: an older one would rebuild without seeing everything.
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION USING ERRCODE = 'feature_not_supported',
            MESSAGE = format('TRUNCATE of %I needs the isolation level READ COMMITTED', TG_TABLE_NAME),
            HINT = 'Use DELETE in this transaction, or TRUNCATE in one of READ COMMITTED.';
    END IF;
    PERFORM _estoque_recalcular_tudo();
    RETURN NULL;
END
$body$;

REVOKE ALL ON FUNCTION _estoque_gatilho_truncar() FROM PUBLIC;
COMMENT ON FUNCTION _estoque_gatilho_truncar() IS
    'Rebuilds everything after TRUNCATE of a source; inner use.';
-- Trigger function of unificacao_codigos: regroups the codes whose active unification changed.
-- Changes take turns on estoque_controle, so that two sessions cannot contradict each other unseen.
-- Raises EP002 for a code unified with itself, a cycle, or two destinations.
CREATE OR REPLACE FUNCTION _estoque_gatilho_unificacao() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path FROM CURRENT
SET row_security = off
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off
AS $body$
DECLARE
    v_novos text[] := ARRAY[]::text[];
    v_antigos text[] := ARRAY[]::text[];
    v_codigos text[];
    v_origens text[];
    v_motivo text;
BEGIN
    IF TG_TABLE_NAME <> 'unificacao_codigos' OR TG_TABLE_SCHEMA IS DISTINCT FROM current_schema() THEN
        PERFORM _estoque_exigir_propria(TG_RELID, 'unificacao_codigos');
    END IF;
    -- Pairs of codes, flattened in the order origin, destination.
    IF TG_OP <> 'DELETE' THEN
        SELECT coalesce(array_agg(ARRAY[f.codigo_origem::text, f.codigo_destino::text]), '{}')
        INTO v_novos
        FROM novos AS f
        WHERE f.ativo AND f.codigo_origem IS NOT NULL AND f.codigo_destino IS NOT NULL;
    END IF;
    IF TG_OP <> 'INSERT' THEN
        SELECT coalesce(array_agg(ARRAY[f.codigo_origem::text, f.codigo_destino::text]), '{}')
        INTO v_antigos
        FROM antigos AS f
        WHERE f.ativo AND f.codigo_origem IS NOT NULL AND f.codigo_destino IS NOT NULL;
    END IF;

    WITH novo AS (
        SELECT v_novos[i][1] AS origem, v_novos[i][2] AS destino
        FROM generate_subscripts(v_novos, 1) AS i
    ),
    antigo AS (
        SELECT v_antigos[i][1] AS origem, v_antigos[i][2] AS destino
        FROM generate_subscripts(v_antigos, 1) AS i
    ),
    mudanca AS (
        SELECT n.*, true AS entrou FROM (TABLE novo EXCEPT ALL TABLE antigo) AS n
        UNION ALL
        SELECT a.*, false FROM (TABLE antigo EXCEPT ALL TABLE novo) AS a
    )
    SELECT array_agg(DISTINCT c.codigo), array_agg(DISTINCT m.origem) FILTER (WHERE m.entrou)
    INTO v_codigos, v_origens
    FROM mudanca AS m, LATERAL (VALUES (m.origem), (m.destino)) AS c (codigo);
    IF v_codigos IS NULL THEN
        RETURN NULL;
    END IF;

    PERFORM _estoque_tomar_vez();
    -- Only what this statement brings is refused: contradictions that were there may stay.
    SELECT c.motivo INTO v_motivo FROM estoque_contradicoes(coalesce(v_origens, '{}')) AS c LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION USING ERRCODE = 'EP002',
            MESSAGE = 'code unification is contradictory: ' || v_motivo,
            HINT = 'Leave one active row per codigo_origem in unificacao_codigos, and no circle.',
            SCHEMA = TG_TABLE_SCHEMA, TABLE = TG_TABLE_NAME;
    END IF;
    PERFORM _estoque_reagrupar(v_codigos);
    RETURN NULL;
END
$body$;

REVOKE ALL ON FUNCTION _estoque_gatilho_unificacao() FROM PUBLIC;
COMMENT ON FUNCTION _estoque_gatilho_unificacao() IS
    'Regroups the codes whose active unification a statement changed; inner use.';
-- The earliest day from which a quantity can be promised without making a later day short, up to the
-- horizon, and how much could be promised on that day. NULLs when no day does; no row for an
-- unknown code. Raises 22023 for a quantity that is not positive and for negative days.
CREATE OR REPLACE FUNCTION estoque_disponibilidade(codigo text, quantidade numeric, dias integer DEFAULT 28)
RETURNS TABLE (data_disponivel date, quantidade_disponivel numeric)
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
SET enable_seqscan = off
AS $body$
BEGIN
    PERFORM _estoque_exigir_dias(dias);
    IF quantidade IS NULL OR NOT (quantidade > 0 AND quantidade < 'Infinity') THEN
        RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value',
            MESSAGE = format('quantidade must be a positive number, not %s',
                coalesce(quantidade::text, 'NULL')),
            HINT = 'Give the quantity to promise.';
    END IF;

    -- The lowest balance from a day to the horizon never falls as the day advances, so the first
    -- day that suffices is the one with the lowest date among those that do.
    RETURN QUERY
    SELECT m.data, m.menor
    FROM (SELECT true) AS sempre
    LEFT JOIN LATERAL (
        SELECT p.data, min(p.saldo_final) OVER (ORDER BY p.dia DESC) AS menor
        FROM estoque_projecao(codigo, dias) AS p
        ORDER BY p.dia
    ) AS m ON m.menor >= quantidade
    WHERE EXISTS (SELECT FROM estoque_codigo_conhecido AS c
                  WHERE c.codigo = estoque_disponibilidade.codigo)
    ORDER BY m.data
    LIMIT 1;
END
$body$;

GRANT EXECUTE ON FUNCTION estoque_disponibilidade(text, numeric, integer) TO PUBLIC;
COMMENT ON FUNCTION estoque_disponibilidade(text, numeric, integer) IS
    'Earliest safe day for a quantity and how much can be promised on it; NULLs when there is none.';
-- Rows of the sources that cannot be counted: quantities that are NaN, infinite or out of range, and
-- unifications that contradict each other. The triggers refuse such rows; an installation finds those
-- that were there before. consulta is a query that lists them, good where nothing is installed.
CREATE OR REPLACE FUNCTION estoque_linhas_recusadas()
RETURNS TABLE (tabela text, linhas bigint, motivo text, consulta text)
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $body$
DECLARE
    v_fonte record;
BEGIN
    FOR v_fonte IN
        SELECT f.tabela, f.quantidade FROM _estoque_fontes() AS f
        WHERE f.quantidade IS NOT NULL ORDER BY f.ordem
    LOOP
        tabela := v_fonte.tabela;
        EXECUTE format('SELECT count(*) FROM %I AS f WHERE NOT _estoque_cabe(f.%I::numeric)',
            tabela, v_fonte.quantidade)
        INTO linhas;
        motivo := v_fonte.quantidade || ' is NaN, infinite or out of range';
        consulta := format(
            'SELECT * FROM %I.%I WHERE NOT %I BETWEEN -999999999999.999 AND 999999999999.999',
            current_schema(), tabela, v_fonte.quantidade);
        IF linhas > 0 THEN
            RETURN NEXT;
        END IF;
    END LOOP;

    RETURN QUERY
    SELECT 'unificacao_codigos', c.linhas, c.motivos,
        format('WITH RECURSIVE u AS (SELECT codigo_origem AS o, codigo_destino AS d'
            ' FROM %1$I.unificacao_codigos WHERE ativo),'
            ' c AS (SELECT o, d FROM u UNION SELECT c.o, u.d FROM c JOIN u ON u.o = c.d)'
            ' SELECT * FROM %1$I.unificacao_codigos WHERE ativo AND (codigo_origem IN'
            ' (SELECT o FROM u GROUP BY o HAVING count(DISTINCT d) > 1)'
            ' OR codigo_destino IN (SELECT o FROM c WHERE o = d))', current_schema())
    FROM (
        SELECT count(*) AS linhas, string_agg(DISTINCT x.motivo, '; ' ORDER BY x.motivo) AS motivos
        FROM (SELECT k.motivo FROM estoque_contradicoes() AS k LIMIT 20) AS x
    ) AS c
    WHERE c.linhas > 0;
END
$body$;

GRANT EXECUTE ON FUNCTION estoque_linhas_recusadas() TO PUBLIC;
COMMENT ON FUNCTION estoque_linhas_recusadas() IS
    'Source rows that are left out because they cannot be counted, with a query that lists them.';
-- The audit: recomputes from the sources, in one snapshot, and returns every difference of the
-- result tables and of the tables behind them; empty means exact. NULL asks for everything.
-- D7 fields that have merely expired with the day are no difference.
CREATE OR REPLACE FUNCTION estoque_verificar(codigos text[] DEFAULT NULL)
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
        SELECT t.*, v_hoje BETWEEN t.valido_desde AND t.valido_ate AS vale
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
            ('liquidos', t.liquidos::text, c.liquidos::text,
                t.valido_desde = v_hoje AND t.liquidos <> c.liquidos)
    ) AS x (campo, armazenado, esperado, conta)
    -- A row that is right in all is not taken apart into texts.
    WHERE (t.cod_produto, t.saldo_atual, t.nome_produto, t.menor_estoque_d7, t.dia_ruptura,
            t.valido_ate > c.ate, t.liquidos)
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
-- Codes that a bypass of the triggers left without a product: mentioned by a source, or left over in
-- a table of ours. At most p_quantos of them. Walks the distinct codes of the tables by their indexes,
-- 1,000 a run, from where the last run stopped; the unifications, which are few, are read through.
CREATE OR REPLACE FUNCTION _estoque_estranhos(p_quantos integer) RETURNS text[]
LANGUAGE plpgsql VOLATILE
SET enable_seqscan = off
SET enable_bitmapscan = off
SET jit = off
AS $body$
DECLARE
    c_tabelas CONSTANT text[] := ARRAY(
        SELECT f.tabela FROM _estoque_fontes() AS f
        WHERE f.quantidade IS NOT NULL ORDER BY f.ordem
    ) || ARRAY['estoque_codigo_conhecido', 'movimentacao_prevista'];
    v_tabela integer;
    v_depois text;
    v_faltam integer := 1000;
    v_codigos text[];
    v_achados text[];
    v_estranhos text[] := ARRAY[]::text[];
BEGIN
    SELECT p.tabela, p.codigo INTO v_tabela, v_depois FROM estoque_percurso AS p WHERE p.unico;
    v_tabela := coalesce(v_tabela, 1);

    -- Once around, back to where it began.
    FOR i IN 0..cardinality(c_tabelas) LOOP
        EXECUTE format($q$
            WITH RECURSIVE passo AS (
                (SELECT f.cod_produto FROM %1$I AS f
                 WHERE f.cod_produto IS NOT NULL AND ($1 IS NULL OR f.cod_produto > $1)
                 ORDER BY f.cod_produto LIMIT 1)
                UNION ALL
                SELECT (SELECT f.cod_produto FROM %1$I AS f WHERE f.cod_produto > p.cod_produto
                        ORDER BY f.cod_produto LIMIT 1)
                FROM passo AS p
                WHERE p.cod_produto IS NOT NULL
            )
            SELECT array_agg(x.cod_produto::text)
            FROM (SELECT p.cod_produto FROM passo AS p
                  WHERE p.cod_produto IS NOT NULL LIMIT $2) AS x
            $q$, c_tabelas[v_tabela])
        INTO v_codigos USING v_depois, v_faltam;

        SELECT array_agg(e.c ORDER BY e.n) INTO v_achados
        FROM (
            SELECT u.c, u.n FROM unnest(v_codigos) WITH ORDINALITY AS u (c, n)
            WHERE u.c <> ALL (v_estranhos) AND NOT EXISTS (
                SELECT FROM estoque_codigo_conhecido AS k
                JOIN estoque_tempo_real AS t ON t.cod_produto = k.cod_produto
                WHERE k.codigo = u.c OFFSET 0)
            ORDER BY u.n LIMIT p_quantos - cardinality(v_estranhos)
        ) AS e;
        v_estranhos := v_estranhos || v_achados;
        v_faltam := v_faltam - coalesce(cardinality(v_codigos), 0);
        IF cardinality(v_estranhos) = p_quantos THEN
            v_depois := v_estranhos[p_quantos];
            EXIT;
        ELSIF v_faltam = 0 THEN
            v_depois := v_codigos[cardinality(v_codigos)];
            EXIT;
        END IF;
        v_tabela := v_tabela % cardinality(c_tabelas) + 1;
        v_depois := NULL;
    END LOOP;
    INSERT INTO estoque_percurso AS p (unico, tabela, codigo) VALUES (true, v_tabela, v_depois)
    ON CONFLICT (unico) DO UPDATE SET tabela = EXCLUDED.tabela, codigo = EXCLUDED.codigo;

    RETURN v_estranhos || ARRAY(
        SELECT c.codigo FROM _estoque_canonicos() AS c
        WHERE c.codigo <> ALL (v_estranhos) AND NOT EXISTS (
            SELECT FROM estoque_codigo_conhecido AS k
            JOIN estoque_tempo_real AS t ON t.cod_produto = k.cod_produto
            WHERE k.codigo = c.codigo OFFSET 0)
        LIMIT p_quantos - cardinality(v_estranhos));
END
$body$;

REVOKE ALL ON FUNCTION _estoque_estranhos(integer) FROM PUBLIC;
COMMENT ON FUNCTION _estoque_estranhos(integer) IS
    'Some codes that are mentioned and have no product row; inner use.';
-- Sets what is given of the settings of the minute job, and returns them as they are then.
-- por_execucao: products compared in a run. orcamento: time after which a run takes up no further
-- product.
-- Raises 22023 for what is not positive.
CREATE OR REPLACE FUNCTION estoque_configurar(
    INOUT por_execucao integer DEFAULT NULL, INOUT orcamento interval DEFAULT NULL
)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path FROM CURRENT
AS $body$
BEGIN
    IF por_execucao < 1 OR orcamento <= interval '0' THEN
        RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value',
            MESSAGE = 'por_execucao must be 1 or more, orcamento longer than nothing',
            HINT = 'The defaults are 10 products and 20 seconds.';
    END IF;
    IF por_execucao IS NOT NULL OR orcamento IS NOT NULL THEN
        INSERT INTO estoque_controle AS c (unico) VALUES (true)
        ON CONFLICT (unico) DO NOTHING;
        UPDATE estoque_controle AS c
        SET por_execucao = coalesce(estoque_configurar.por_execucao, c.por_execucao),
            orcamento = coalesce(estoque_configurar.orcamento, c.orcamento);
    END IF;
    SELECT c.por_execucao, c.orcamento INTO por_execucao, orcamento FROM estoque_controle AS c;
    -- Without its row the control stands at the defaults, with which it is made again.
    por_execucao := coalesce(por_execucao, 10);
    orcamento := coalesce(orcamento, interval '20 s');
END
$body$;

REVOKE ALL ON FUNCTION estoque_configurar(integer, interval) FROM PUBLIC;
COMMENT ON FUNCTION estoque_configurar(integer, interval) IS
    'Sets and returns the settings of the minute job: batch and time per run.';
-- Compares the products that have gone longest without it with the sources, and rebuilds those that
-- are wrong; also finds codes that a bypass of the triggers left without a product. Compares without
-- a lock; only what differs is locked, and what is locked is left for the next time.
-- Returns zeros while another run is under way, and on a standby. Raises 22023 for a lote below 1.
CREATE OR REPLACE FUNCTION estoque_fallback(lote integer DEFAULT 10)
RETURNS TABLE (processados bigint, corrigidos bigint, falhas bigint)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER ROWS 1
SET search_path FROM CURRENT
SET row_security = off
AS $body$
BEGIN
    IF lote IS NULL OR lote < 1 THEN
        RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value',
            MESSAGE = format('lote must be 1 or more, not %s', coalesce(lote::text, 'NULL')),
            HINT = 'Give the number of products to compare.';
    END IF;
    IF _estoque_tomar_minuto() THEN
        RETURN QUERY SELECT c.* FROM _estoque_corrigir(_estoque_comparar(lote, NULL, 0, 0), NULL) AS c;
    ELSE
        RETURN QUERY SELECT 0::bigint, 0::bigint, 0::bigint;
    END IF;
END
$body$;

REVOKE ALL ON FUNCTION estoque_fallback(integer) FROM PUBLIC;
COMMENT ON FUNCTION estoque_fallback(integer) IS
    'Compares the products longest not looked at with the sources and mends them; how many.';
-- The one job, due every minute whoever drives it: compares a batch of products with the sources,
-- turns the day where it has turned, rebuilds what is wrong, and records the run.
-- Partitions made since the last run get their triggers, and the next runs count what was written
-- to them.
-- What takes long, the comparison, comes before anything is locked; where very much is wrong, the
-- rest of it is mended by the next runs. Batch and time are settings, see estoque_configurar.
-- row_security = off, here and in all that reads the sources with its owner's rights: rows that a
-- policy hides from the owner raise an error, or they would be taken for gone and their products with
-- them.
-- No row while another run is under way, and on a standby.
CREATE OR REPLACE FUNCTION estoque_minuto() RETURNS SETOF estoque_execucao
LANGUAGE plpgsql VOLATILE SECURITY DEFINER ROWS 1
SET search_path FROM CURRENT
SET row_security = off
AS $body$
DECLARE
    v_inicio timestamptz := clock_timestamp();
    v_motor text := coalesce(nullif(current_setting('application_name'), ''), session_user);
    v_ajuste record;
    v_comparados _estoque_comparacao[];
    v_virados bigint;
    v_feito record;
BEGIN
    IF NOT _estoque_tomar_minuto() THEN
        RETURN;
    END IF;
    SELECT c.* INTO v_ajuste FROM estoque_configurar() AS c;
    v_comparados := _estoque_comparar(v_ajuste.por_execucao, v_inicio + v_ajuste.orcamento, 1, 1000);
    PERFORM _estoque_vigiar_particoes();
    v_virados := _estoque_virar_cada();
    SELECT c.* INTO v_feito FROM _estoque_corrigir(v_comparados, interval '500 ms') AS c;

    RETURN QUERY
    INSERT INTO estoque_execucao (inicio, fim, processados, corrigidos, falhas, virados, motor)
    VALUES (v_inicio, clock_timestamp(), v_feito.processados, v_feito.corrigidos, v_feito.falhas,
        v_virados, v_motor)
    RETURNING *;
    DELETE FROM estoque_execucao AS e WHERE e.inicio < v_inicio - interval '7 days';
    DELETE FROM estoque_correcao AS c
    WHERE c.id <= (SELECT max(m.id) FROM estoque_correcao AS m) - 10000;
END
$body$;

REVOKE ALL ON FUNCTION estoque_minuto() FROM PUBLIC;
COMMENT ON FUNCTION estoque_minuto() IS
    'The minute job: compares, turns the day, mends; the run it recorded.';
-- Writes down every function of ours: the last act of an installation. Ours are those
-- signed before and those made in this transaction: an ERP may have functions of such names too.
-- estoque_hoje is left out: it is there to be replaced.
CREATE OR REPLACE FUNCTION _estoque_assinar() RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path FROM CURRENT
SET quote_all_identifiers = off
AS $body$
DECLARE
    v_nossas text[] := ARRAY(SELECT a.objeto FROM estoque_assinatura AS a);
BEGIN
    DELETE FROM estoque_assinatura;
    INSERT INTO estoque_assinatura (objeto, definicao, comentario, publica, servidor)
    SELECT p.oid::regprocedure::text, pg_get_functiondef(p.oid),
        obj_description(p.oid, 'pg_proc'),
        EXISTS (SELECT FROM aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) AS x
                WHERE x.grantee = 0),
        current_setting('server_version_num')::integer / 10000
    FROM pg_proc AS p
    WHERE p.pronamespace = quote_ident(current_schema())::regnamespace AND p.proname ~ '^_?estoque_'
        AND p.proname <> 'estoque_hoje' AND p.prokind IN ('f', 'p')
        AND (age(p.xmin) <= 0 OR p.oid::regprocedure::text = ANY (v_nossas));
END
$body$;

REVOKE ALL ON FUNCTION _estoque_assinar() FROM PUBLIC;
COMMENT ON FUNCTION _estoque_assinar() IS 'Writes down our functions as they are installed; inner use.';
-- Counts what was written to tables while they had no triggers: recalculates the products that are
-- wrong. Not only those the tables mention now: what was deleted from them is to be counted as well.
-- One whose sum does not fit is noted as failing; the triggers do not wait for it to be mended.
CREATE OR REPLACE FUNCTION _estoque_recontar(p_tabelas regclass[]) RETURNS void
LANGUAGE plpgsql VOLATILE
AS $body$
DECLARE
    v_codigos text[];
    v_codigo text;
BEGIN
    IF coalesce(cardinality(p_tabelas), 0) = 0 THEN
        RETURN;
    END IF;
    -- One partition of a table with products concerns few of them; any other table may all.
    IF EXISTS (
        SELECT FROM unnest(p_tabelas) AS t (tabela)
        WHERE NOT EXISTS (
            SELECT FROM pg_inherits AS i
            JOIN pg_attribute AS a ON a.attrelid = i.inhrelid AND a.attname = 'cod_produto'
            WHERE i.inhrelid = t.tabela))
    THEN
        PERFORM estoque_recalcular_tudo();
        RETURN;
    END IF;
    BEGIN
        v_codigos := ARRAY(SELECT DISTINCT d.cod_produto FROM estoque_verificar() AS d
                           WHERE d.cod_produto IS NOT NULL ORDER BY 1);
    EXCEPTION WHEN numeric_value_out_of_range THEN
        -- A sum that does not fit cannot be compared with the others; each by itself, then.
        v_codigos := ARRAY(SELECT DISTINCT c FROM _estoque_codigos(p_tabelas) AS c ORDER BY 1);
    END;
    FOREACH v_codigo IN ARRAY v_codigos LOOP
        BEGIN
            PERFORM estoque_recalcular(v_codigo);
        EXCEPTION WHEN numeric_value_out_of_range THEN
            PERFORM _estoque_anotar_falha(v_codigo, SQLSTATE, SQLERRM);
        END;
    END LOOP;
END
$body$;

REVOKE ALL ON FUNCTION _estoque_recontar(regclass[]) FROM PUBLIC;
COMMENT ON FUNCTION _estoque_recontar(regclass[]) IS
    'Recalculates what was written to tables that had no triggers; inner use.';
-- Puts back what guards the sources: triggers that are missing, as on a partition made since, or
-- disabled, and functions that were changed or dropped. What was written past the triggers is counted
-- then: everything is compared with the sources, and rebuilt where it differs. What a function that
-- was not ours did otherwise is found by the audit.
-- Returns the number of triggers and functions put back. Runs with the caller's rights: the owner's of
-- the sources.
CREATE OR REPLACE FUNCTION estoque_vigiar() RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET search_path FROM CURRENT
AS $body$
DECLARE
    v_tabelas regclass[];
    v_gatilhos bigint;
    v_funcoes integer := _estoque_restaurar();
BEGIN
    SELECT v.tabelas, v.gatilhos INTO v_tabelas, v_gatilhos FROM _estoque_vigiar() AS v;
    PERFORM _estoque_recontar(v_tabelas);
    RETURN v_gatilhos + v_funcoes;
END
$body$;

REVOKE ALL ON FUNCTION estoque_vigiar() FROM PUBLIC;
COMMENT ON FUNCTION estoque_vigiar() IS
    'Puts missing or disabled triggers and changed functions back, and counts what the triggers missed.';
-- Refuses where pg_cron is not in this database (EP004), saying what to do instead: p_alhures is the
-- statement for the database it is in. Refuses (42501) who may not use the schema cron.
CREATE OR REPLACE FUNCTION _estoque_exigir_cron(p_alhures text) RETURNS void
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $body$
DECLARE
    v_cron record;
BEGIN
    SELECT k.* INTO v_cron FROM _estoque_cron() AS k;
    IF NOT v_cron.aqui THEN
        RAISE EXCEPTION USING ERRCODE = 'EP004',
            MESSAGE = format('pg_cron is not in the database %I', v_cron.banco),
            HINT = format('In the database %I, where pg_cron is, run: %s; or let `estoque worker`'
                ' do the job.', coalesce(v_cron.banco_do_cron, 'postgres'), p_alhures);
    ELSIF NOT has_schema_privilege('cron', 'USAGE') THEN
        RAISE EXCEPTION USING ERRCODE = 'insufficient_privilege',
            MESSAGE = format('permission denied for the schema cron to %I', current_user),
            HINT = format('As superuser: GRANT USAGE ON SCHEMA cron TO %I;', current_user);
    END IF;
END
$body$;

GRANT EXECUTE ON FUNCTION _estoque_exigir_cron(text) TO PUBLIC;
COMMENT ON FUNCTION _estoque_exigir_cron(text) IS
    'Raises unless pg_cron is in this database and the caller may use it; inner use.';
-- Puts the minute job into the pg_cron of this database, to run every minute as the caller; returns
-- the job's name. Calling it again leaves one job, made anew: pg_cron keeps in a job the host it was
-- made with. Raises EP004 where pg_cron is not in this database, 42501 without the right to use it
-- or to run the job.
CREATE OR REPLACE FUNCTION estoque_agendar() RETURNS text
LANGUAGE plpgsql VOLATILE
SET search_path FROM CURRENT
AS $body$
DECLARE
    v_cron record;
BEGIN
    SELECT k.* INTO v_cron FROM _estoque_cron() AS k;
    IF NOT has_function_privilege('estoque_minuto()', 'EXECUTE') THEN
        RAISE EXCEPTION USING ERRCODE = 'insufficient_privilege',
            MESSAGE = format('the job would run as %I, who may not run it', current_user),
            HINT = format('As the owner: GRANT EXECUTE ON FUNCTION %I.estoque_minuto() TO %I;',
                current_schema(), current_user);
    END IF;
    PERFORM _estoque_exigir_cron(format('SELECT cron.schedule_in_database(%L, %L, %L, %L)',
        v_cron.nome, v_cron.horario, v_cron.comando, v_cron.banco));
    PERFORM estoque_desagendar();
    -- Put together at run time: where the function is made there may be no schema cron.
    EXECUTE format('SELECT %I.schedule($1, $2, $3)', 'cron')
    USING v_cron.nome, v_cron.horario, v_cron.comando;
    RETURN v_cron.nome;
END
$body$;

REVOKE ALL ON FUNCTION estoque_agendar() FROM PUBLIC;
COMMENT ON FUNCTION estoque_agendar() IS
    'Puts the minute job into pg_cron, every minute; the name of the job.';
-- Warns of who may put things into the schema, which is where our functions look for what they name:
-- an operator for exactly varchar would be preferred to PostgreSQL's own. Up to PostgreSQL 14
-- everybody may in the usual one.
CREATE OR REPLACE FUNCTION _estoque_avisar_criadores() RETURNS void
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $body$
DECLARE
    v_criadores text;
BEGIN
    SELECT string_agg(DISTINCT CASE x.grantee WHEN 0 THEN 'PUBLIC' ELSE x.grantee::regrole::text END,
        ', ')
    INTO v_criadores
    FROM pg_namespace AS n
    CROSS JOIN LATERAL aclexplode(n.nspacl) AS x
    LEFT JOIN pg_roles AS r ON r.oid = x.grantee
    WHERE n.nspname = current_schema() AND x.privilege_type = 'CREATE' AND x.grantee <> n.nspowner
        AND r.rolname IS DISTINCT FROM current_user AND r.rolsuper IS NOT TRUE;
    IF v_criadores IS NOT NULL THEN
        RAISE NOTICE USING MESSAGE = format('estoque_pg: warning: who may create objects in schema %1$I'
            ' can make our functions run code with the rights of %2$I: REVOKE CREATE ON SCHEMA %1$I'
            ' FROM %3$s, or install as a role that has no more rights than these',
            current_schema(), current_user, v_criadores);
    END IF;
END
$body$;

REVOKE ALL ON FUNCTION _estoque_avisar_criadores() FROM PUBLIC;
COMMENT ON FUNCTION _estoque_avisar_criadores() IS
    'Warns of who may create objects in the schema of the installation; inner use.';
-- Makes the result tables exact while the writers are held off: set-wise where nothing is there yet,
-- by rebuilding everything where an upgrade may have changed what counts. Where writers go on instead,
-- what they write is noted, and put right after (see _estoque_alcancar).
-- The rows are looked at once more first, now that no writer can bring one that cannot be counted.
CREATE OR REPLACE FUNCTION _estoque_carregar() RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path FROM CURRENT
AS $body$
BEGIN
    -- Sums and sorts of everything there is, once.
    PERFORM set_config('work_mem', '256MB', true);
    PERFORM _estoque_exigir_linhas();
    RAISE NOTICE 'estoque_pg: filling the result tables';
    IF EXISTS (SELECT FROM estoque_codigo_conhecido) THEN
        PERFORM _estoque_recalcular_tudo();
    ELSE
        PERFORM _estoque_abrir_lotes(ARRAY(
            SELECT DISTINCT e.separacao_lote_id::text FROM embarque_itens AS e
            WHERE e.separacao_lote_id IS NOT NULL
                AND _estoque_fatura(e.status, e.nota_fiscal, e.erro_validacao)));

        INSERT INTO estoque_codigo_conhecido (codigo, cod_produto)
        SELECT m.codigo, coalesce(k.cod_produto, m.codigo)
        FROM _estoque_mencionados() AS m (codigo)
        LEFT JOIN _estoque_canonicos() AS k ON k.codigo = m.codigo;

        INSERT INTO estoque_tempo_real (cod_produto)
        SELECT DISTINCT c.cod_produto FROM estoque_codigo_conhecido AS c;

        PERFORM _estoque_recalcular(
            ARRAY(SELECT t.cod_produto FROM estoque_tempo_real AS t ORDER BY t.cod_produto), true);
    END IF;
    -- Plans made before statistics exist would last as long as the sessions that make them.
    ANALYZE estoque_codigo_conhecido, estoque_tempo_real, movimentacao_prevista, estoque_lote;
END
$body$;

REVOKE ALL ON FUNCTION _estoque_carregar() FROM PUBLIC;
COMMENT ON FUNCTION _estoque_carregar() IS
    'Fills the result tables, or rebuilds them, at an installation; inner use.';
-- Refuses to install over rows that cannot be counted, listing all of them with queries that find
-- them. With the setting estoque_pg.tolerante = 'on', or where rows were left out before, they are
-- left out instead, with a notice.
-- Raises EP001 for quantities, else EP002 for unifications.
CREATE OR REPLACE FUNCTION _estoque_exigir_linhas() RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path FROM CURRENT
AS $body$
DECLARE
    v_linha record;
    v_lista text := '';
    v_codigo text;
BEGIN
    FOR v_linha IN SELECT r.* FROM estoque_linhas_recusadas() AS r LOOP
        v_lista := v_lista || format(E'\n%s: %s row%s, %s\n    %s;', v_linha.tabela, v_linha.linhas,
            CASE WHEN v_linha.linhas > 1 THEN 's' END, v_linha.motivo, v_linha.consulta);
        v_codigo := coalesce(v_codigo,
            CASE v_linha.tabela WHEN 'unificacao_codigos' THEN 'EP002' ELSE 'EP001' END);
    END LOOP;
    IF v_codigo IS NULL THEN
        RETURN;
    END IF;
    IF current_setting('estoque_pg.tolerante', true) = 'on'
        OR EXISTS (SELECT FROM estoque_controle AS c WHERE c.recusadas)
    THEN
        RAISE NOTICE USING MESSAGE = 'estoque_pg: left out:' || v_lista;
        UPDATE estoque_controle SET recusadas = true;
        RETURN;
    END IF;
    RAISE EXCEPTION USING ERRCODE = v_codigo,
        MESSAGE = 'the source tables have rows that cannot be counted',
        DETAIL = ltrim(v_lista, E'\n'),
        HINT = 'Mend the rows the queries find, then install again; or leave them out with'
            ' --tolerante (SET estoque_pg.tolerante = on).';
END
$body$;

REVOKE ALL ON FUNCTION _estoque_exigir_linhas() FROM PUBLIC;
COMMENT ON FUNCTION _estoque_exigir_linhas() IS
    'Raises for source rows that cannot be counted, or leaves them out; inner use.';
-- Makes our indexes on the sources where they are missing; those of large tables the installer has
-- built before, beside the writers. One left invalid by an attempt that was cut off is made anew.
CREATE OR REPLACE FUNCTION _estoque_indexar_fontes() RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path FROM CURRENT
AS $body$
DECLARE
    v_indice record;
BEGIN
    FOR v_indice IN
        SELECT d.*, EXISTS (
            SELECT FROM pg_index AS x JOIN pg_class AS r ON r.oid = x.indexrelid
            WHERE r.oid = to_regclass(d.nome) AND r.relkind = 'i' AND NOT x.indisvalid) AS partido
        FROM _estoque_indices_das_fontes() AS d
    LOOP
        IF v_indice.partido THEN
            EXECUTE format('DROP INDEX %I', v_indice.nome);
        END IF;
        IF cardinality(v_indice.colunas) = 1 THEN
            EXECUTE format('CREATE INDEX IF NOT EXISTS %I ON %I (%I)',
                v_indice.nome, v_indice.tabela, v_indice.colunas[1]);
        ELSE
            EXECUTE format('CREATE INDEX IF NOT EXISTS %I ON %I (%I, %I)',
                v_indice.nome, v_indice.tabela, v_indice.colunas[1], v_indice.colunas[2]);
        END IF;
    END LOOP;
END
$body$;

REVOKE ALL ON FUNCTION _estoque_indexar_fontes() FROM PUBLIC;
COMMENT ON FUNCTION _estoque_indexar_fontes() IS
    'Makes our indexes on the sources where they are missing; inner use.';
-- The rights on what is ours are those written beside each object. Default privileges, which an ERP's
-- database may well have (ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO app), gave more to some at
-- the creation: that is taken back, or an application could write the results and run what is inner.
-- An object that an upgrade dropped and made anew gets the rights back that its owner had given.
-- p_antes is what was there before, as the statement objetos_nossos lists it: new is what is not in it.
CREATE OR REPLACE FUNCTION _estoque_limitar_direitos(p_antes jsonb) RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path FROM CURRENT
AS $body$
DECLARE
    v_schema regnamespace := quote_ident(current_schema())::regnamespace;
    v_novas oid[];
    v_direito record;
BEGIN
    -- Numbers of relations and of functions in one list: below, each is looked up where it belongs.
    v_novas := ARRAY(
        SELECT o.oid FROM (
            SELECT r.oid FROM pg_class AS r
            WHERE r.relnamespace = v_schema AND r.relkind IN ('r', 'v', 'S')
                AND r.relname ~ '^(_yoyo_)?estoque_|^movimentacao_prevista$'
            UNION ALL
            SELECT p.oid FROM pg_proc AS p
            WHERE p.pronamespace = v_schema AND p.proname ~ '^_?estoque_'
        ) AS o
        WHERE o.oid NOT IN (SELECT x.oid FROM jsonb_to_recordset(p_antes) AS x (oid oid)));

    -- PUBLIC has what the files say; on sequences, and on the book of migrations, that is nothing.
    FOR v_direito IN
        SELECT DISTINCT r.oid::regclass AS objeto, nullif(x.grantee, 0)::regrole AS papel
        FROM pg_class AS r CROSS JOIN LATERAL aclexplode(r.relacl) AS x
        WHERE r.oid = ANY (v_novas) AND x.grantee <> r.relowner
            AND (x.grantee <> 0 OR r.relkind = 'S' OR r.relname ~ '^_yoyo_')
    LOOP
        IF v_direito.papel IS NULL THEN
            EXECUTE format('REVOKE ALL ON TABLE %s FROM PUBLIC', v_direito.objeto);
        ELSE
            EXECUTE format('REVOKE ALL ON TABLE %s FROM %s', v_direito.objeto, v_direito.papel);
        END IF;
    END LOOP;
    FOR v_direito IN
        SELECT DISTINCT p.oid::regprocedure AS objeto, x.grantee::regrole AS papel
        FROM pg_proc AS p CROSS JOIN LATERAL aclexplode(p.proacl) AS x
        WHERE p.oid = ANY (v_novas) AND x.grantee NOT IN (p.proowner, 0)
    LOOP
        EXECUTE format('REVOKE ALL ON FUNCTION %s FROM %s', v_direito.objeto, v_direito.papel);
    END LOOP;

    -- What was dropped and made anew, by its name.
    FOR v_direito IN
        SELECT p.oid::regprocedure AS objeto, x.papel::regrole AS papel
        FROM jsonb_to_recordset(p_antes) AS x (oid oid, tipo text, nome text, papel text)
        JOIN pg_proc AS p ON p.proname = x.nome AND p.pronamespace = v_schema
        WHERE x.tipo = 'FUNCTION' AND x.papel IS NOT NULL AND p.oid = ANY (v_novas)
            AND NOT EXISTS (SELECT FROM pg_proc AS f WHERE f.oid = x.oid)
    LOOP
        EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO %s', v_direito.objeto, v_direito.papel);
    END LOOP;
    FOR v_direito IN
        SELECT r.oid::regclass AS objeto, x.papel::regrole AS papel, lower(x.direito) AS direito
        FROM jsonb_to_recordset(p_antes) AS x (
            oid oid, tipo text, nome text, papel text, direito text)
        JOIN pg_class AS r ON r.relname = x.nome AND r.relnamespace = v_schema
        WHERE x.tipo = 'TABLE' AND x.papel IS NOT NULL AND r.oid = ANY (v_novas)
            AND NOT EXISTS (SELECT FROM pg_class AS f WHERE f.oid = x.oid)
    LOOP
        EXECUTE format('GRANT %I ON TABLE %s TO %s',
            v_direito.direito, v_direito.objeto, v_direito.papel);
    END LOOP;
END
$body$;

REVOKE ALL ON FUNCTION _estoque_limitar_direitos(jsonb) FROM PUBLIC;
COMMENT ON FUNCTION _estoque_limitar_direitos(jsonb) IS
    'Takes back what default privileges gave on new objects of ours; inner use.';
-- Holds the writers of the sources off until commit; readers go on. What is filled then is exact.
-- The busiest table comes first, waited for while nothing else is held. The others may only be
-- waited for briefly: less in all than a writer's deadlock_timeout, so that where a writer holds one
-- of them and wants another, we give way and not the writer. The installer tries again.
-- Raises 55P03.
CREATE OR REPLACE FUNCTION _estoque_travar_fontes() RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path FROM CURRENT
AS $body$
DECLARE
    v_fonte record;
BEGIN
    RAISE NOTICE 'estoque_pg: holding writers off';
    FOR v_fonte IN SELECT f.* FROM _estoque_fontes() AS f ORDER BY f.ordem LOOP
        PERFORM set_config('lock_timeout', CASE v_fonte.ordem WHEN 1 THEN '2s' ELSE '150ms' END, true);
        EXECUTE format('LOCK TABLE %I IN SHARE ROW EXCLUSIVE MODE', v_fonte.tabela);
    END LOOP;
END
$body$;

REVOKE ALL ON FUNCTION _estoque_travar_fontes() FROM PUBLIC;
COMMENT ON FUNCTION _estoque_travar_fontes() IS
    'Holds the writers of the sources off until commit; inner use.';
DROP FUNCTION estoque_desajustes;
DROP FUNCTION _estoque_exigir_fontes;
DROP FUNCTION _estoque_entregar;
DROP FUNCTION _estoque_desajustes_dos_indices;
DROP FUNCTION _estoque_desajustes_das_tabelas;
DROP FUNCTION _estoque_desajustes_das_colunas;
DROP FUNCTION _estoque_desajustes;
DROP FUNCTION estoque_conceder;
DROP FUNCTION estoque_reapontar;
DROP FUNCTION estoque_alterados;
DROP FUNCTION _estoque_restaurar;
DROP FUNCTION _estoque_repor;
DROP FUNCTION _estoque_reparar;
DROP FUNCTION _estoque_relacoes;
DROP FUNCTION _estoque_quem_usa;
DROP FUNCTION _estoque_pecas;
DROP FUNCTION _estoque_lugar;
DROP FUNCTION _estoque_desconfiar;
DROP FUNCTION _estoque_linhas_recusadas;
DROP FUNCTION estoque_simular;
DROP FUNCTION estoque_rupturas;
DROP FUNCTION estoque_prometer;
DROP FUNCTION estoque_projecao_simulada;
DROP FUNCTION estoque_explicar;
DROP FUNCTION estoque_documentos;
DROP FUNCTION estoque_disponibilidade(text, double precision, integer);
DROP FUNCTION estoque_abaixo_do_minimo;
DROP FUNCTION _estoque_tocados;
DROP FUNCTION _estoque_tem_coluna;
DROP FUNCTION _estoque_simular;
DROP FUNCTION _estoque_simulados;
DROP FUNCTION _estoque_regras;
DROP FUNCTION _estoque_projecao_simulada;
DROP FUNCTION _estoque_numero_da_mudanca;
DROP FUNCTION _estoque_mudar;
DROP FUNCTION _estoque_mudancas;
DROP FUNCTION _estoque_faltas;
DROP FUNCTION _estoque_exigir_dias;
DROP FUNCTION _estoque_em_uso;
DROP FUNCTION _estoque_data_da_mudanca;
DROP FUNCTION _estoque_avisar;
DROP FUNCTION _estoque_acusar;
DROP FUNCTION _estoque_dias;
DROP FUNCTION _estoque_refazer;
DROP FUNCTION _estoque_insistir;
DROP FUNCTION _estoque_contradicoes;
DROP FUNCTION _estoque_filtros_das_fontes;
DROP FUNCTION _estoque_contribuicoes;
DROP FUNCTION _estoque_abertos;
DROP TABLE estoque_regra;
DROP TYPE _estoque_mudanca;
DROP TYPE _estoque_explicacao;
DROP TYPE _estoque_documento;
DROP TYPE _estoque_aberto;
REVOKE ALL ON estoque_assinatura FROM PUBLIC;
GRANT SELECT ON estoque_assinatura TO PUBLIC;
COMMENT ON TABLE estoque_assinatura IS
    'Our functions as they were installed; inner use, read through estoque_alterados().';
REVOKE ALL ON estoque_controle FROM PUBLIC;
GRANT SELECT ON estoque_controle TO PUBLIC;
COMMENT ON TABLE estoque_controle IS
    'Serialises changes of code unification, and holds the settings of the minute job; inner use.';
COMMENT ON COLUMN estoque_controle.por_execucao IS 'Products the minute job compares in a run.';
COMMENT ON COLUMN estoque_controle.orcamento IS
    'Time after which a run of the minute job takes up no further product.';
COMMENT ON COLUMN estoque_controle.recusadas IS
    'Whether source rows were left out, as far as is known: see estoque_linhas_recusadas().';
REVOKE ALL ON estoque_recontagem FROM PUBLIC;
COMMENT ON TABLE estoque_recontagem IS
    'Codes of partitions that got their triggers late, to be compared soon; inner use.';
-- Generated by `make fontes` from ferramentas/fontes.py and modelos/_estoque_contribuicoes.sql.jinja.
-- Every row of every source, with what it contributes: the one mapping that recomputation, audit and
-- rebuild read. p_todos asks for all rows, otherwise those of p_codigos; p_que only for what moves the
-- balance ('saldo') or the forecast ('previsao'), NULL for both. documento is what people call the
-- row's document. The gate is read from the shipment items themselves.
-- Without settings of its own and called in FROM, it becomes part of the caller's query, which then
-- reads no more than it asks for: the caller's search_path finds the tables.
CREATE FUNCTION _estoque_contribuicoes(p_codigos text[], p_todos boolean, p_que text)
RETURNS TABLE (
    origem text, id text, codigo text, nome text, data date, saldo numeric, entrada numeric,
    saida numeric, documento text, lote text
)
LANGUAGE sql STABLE PARALLEL SAFE
AS $body$
    SELECT 'movimentacao_estoque'::text, f.id::text, f.cod_produto::text, f.nome_produto::text,
        NULL::date,
        _estoque_contribuicao_movimentacao(f.qtd_movimentacao::numeric, f.ativo),
        0::numeric,
        0::numeric,
        to_jsonb(f) ->> 'numero_nf', to_jsonb(f) ->> 'separacao_lote_id'
    FROM movimentacao_estoque AS f
    WHERE (p_todos OR f.cod_produto = ANY (p_codigos))
        AND (p_que IS NULL OR p_que = 'saldo')
    UNION ALL
    SELECT 'pre_separacao_item'::text, f.id::text, f.cod_produto::text, f.nome_produto::text,
        f.data_expedicao_editada::date,
        0::numeric,
        0::numeric,
        _estoque_contribuicao_pre_separacao(f.cod_produto::text, f.data_expedicao_editada::date,
            f.qtd_selecionada_usuario::numeric, f.status::text),
        to_jsonb(f) ->> 'num_pedido', to_jsonb(f) ->> 'separacao_lote_id'
    FROM pre_separacao_item AS f
    WHERE (p_todos OR f.cod_produto = ANY (p_codigos))
        AND (p_que IS NULL OR p_que = 'previsao')
    UNION ALL
    SELECT 'separacao'::text, f.id::text, f.cod_produto::text, f.nome_produto::text,
        f.expedicao::date,
        0::numeric,
        0::numeric,
        _estoque_contribuicao_separacao(f.cod_produto::text, f.expedicao::date,
            f.qtd_saldo::numeric, EXISTS (
                SELECT FROM embarque_itens AS e
                WHERE e.separacao_lote_id = f.separacao_lote_id
                    AND _estoque_fatura(e.status, e.nota_fiscal, e.erro_validacao))),
        to_jsonb(f) ->> 'num_pedido', f.separacao_lote_id::text
    FROM separacao AS f
    WHERE (p_todos OR f.cod_produto = ANY (p_codigos))
        AND (p_que IS NULL OR p_que = 'previsao')
    UNION ALL
    SELECT 'programacao_producao'::text, f.id::text, f.cod_produto::text,
        to_jsonb(f) ->> 'nome_produto',
        f.data_programacao::date,
        0::numeric,
        _estoque_contribuicao_programacao(f.cod_produto::text, f.data_programacao::date,
            f.qtd_programada::numeric),
        0::numeric,
        to_jsonb(f) ->> 'linha_producao', NULL::text
    FROM programacao_producao AS f
    WHERE (p_todos OR f.cod_produto = ANY (p_codigos))
        AND (p_que IS NULL OR p_que = 'previsao')
$body$;

GRANT EXECUTE ON FUNCTION _estoque_contribuicoes(text[], boolean, text) TO PUBLIC;
COMMENT ON FUNCTION _estoque_contribuicoes(text[], boolean, text) IS
    'Rows of the sources with what each contributes to balance, entries and exits; inner use.';
-- Refuses a horizon in days that is NULL or negative. Raises 22023.
CREATE FUNCTION _estoque_exigir_dias(p_dias integer) RETURNS void
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
AS $body$
BEGIN
    IF p_dias IS NULL OR p_dias < 0 THEN
        RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value',
            MESSAGE = format('dias must be zero or more, not %s', coalesce(p_dias::text, 'NULL')),
            HINT = 'Give the number of days from today.';
    END IF;
END
$body$;

GRANT EXECUTE ON FUNCTION _estoque_exigir_dias(integer) TO PUBLIC;
COMMENT ON FUNCTION _estoque_exigir_dias(integer) IS 'Raises 22023 for a NULL or negative horizon.';
-- The products that end some day of today to today + dias below zero, soonest first.
-- Up to 7 days the maintained fields answer. Beyond, a product without a rupture so far is projected
-- where the exits of the days beyond come to more than its lowest balance: no other can run out.
-- Planned for the day at hand: what a plan for any day takes for many is a handful.
CREATE FUNCTION estoque_rupturas(dias integer DEFAULT 7)
RETURNS TABLE (
    cod_produto text, nome_produto text, estoque_atual numeric(15,3),
    menor_estoque_d7 numeric(15,3), dia_ruptura date, dias_ate_ruptura integer
)
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
SET plan_cache_mode = force_custom_plan
SET enable_nestloop = off
AS $body$
#variable_conflict use_column
DECLARE
    v_hoje date := estoque_hoje();
    v_dias integer := dias;
    v_fim date;
BEGIN
    PERFORM _estoque_exigir_dias(v_dias);
    v_fim := v_hoje + least(v_dias, '9999-12-31'::date - v_hoje);

    IF v_dias <= 7 THEN
        RETURN QUERY
        SELECT a.cod_produto, a.nome_produto, a.saldo_atual, a.menor_estoque_d7, a.dia_ruptura,
            a.dia_ruptura - v_hoje
        FROM _estoque_atual(v_hoje) AS a
        WHERE a.dia_ruptura <= v_fim
        ORDER BY a.dia_ruptura, a.cod_produto;
        RETURN;
    END IF;

    RETURN QUERY
    WITH adiante AS (
        SELECT m.cod_produto, sum(m.saida_prevista) AS saida
        FROM movimentacao_prevista AS m
        WHERE m.data_prevista > v_hoje + 7 AND m.data_prevista <= v_fim
        GROUP BY m.cod_produto
    ),
    suspeito AS MATERIALIZED (
        SELECT a.*
        FROM _estoque_atual(v_hoje) AS a
        LEFT JOIN adiante AS x ON x.cod_produto = a.cod_produto
        WHERE a.dia_ruptura IS NOT NULL OR a.menor_estoque_d7 < x.saida
    ),
    projetado AS (
        SELECT d.cod_produto, d.dia_ruptura
        FROM _estoque_d7(
            ARRAY(SELECT s.cod_produto FROM suspeito AS s WHERE s.dia_ruptura IS NULL),
            ARRAY(SELECT s.saldo_atual FROM suspeito AS s WHERE s.dia_ruptura IS NULL), v_dias) AS d
    )
    SELECT r.cod_produto, r.nome_produto, r.saldo_atual, r.menor_estoque_d7, r.ruptura,
        r.ruptura - v_hoje
    FROM (
        SELECT s.*, coalesce(s.dia_ruptura, p.dia_ruptura) AS ruptura
        FROM suspeito AS s
        LEFT JOIN projetado AS p ON p.cod_produto = s.cod_produto
    ) AS r
    WHERE r.ruptura IS NOT NULL
    ORDER BY r.ruptura, r.cod_produto;
END
$body$;

GRANT EXECUTE ON FUNCTION estoque_rupturas(integer) TO PUBLIC;
COMMENT ON FUNCTION estoque_rupturas(integer) IS
    'Products that run out within the days given, by date and code; 22023 for negative days.';
-- Puts functions of ours back that were changed or dropped, as they were installed; returns how many.
-- A dropped one gets its comment and the rights of everybody back, not those granted to roles since.
CREATE FUNCTION _estoque_restaurar() RETURNS integer
LANGUAGE plpgsql VOLATILE
SET search_path FROM CURRENT
SET check_function_bodies = off
AS $body$
DECLARE
    v_alterada record;
    v_papel text;
    v_quantas integer := 0;
BEGIN
    FOR v_alterada IN
        SELECT a.*, x.estado FROM estoque_alterados() AS x JOIN estoque_assinatura AS a USING (objeto)
    LOOP
        EXECUTE v_alterada.definicao;
        IF v_alterada.estado = 'missing' THEN
            FOR v_papel IN
                SELECT CASE x.grantee WHEN 0 THEN 'PUBLIC' ELSE x.grantee::regrole::text END
                FROM pg_proc AS p
                CROSS JOIN LATERAL aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) AS x
                WHERE p.oid = v_alterada.objeto::regprocedure AND x.grantee <> p.proowner
            LOOP
                EXECUTE format('REVOKE ALL ON FUNCTION %s FROM %s', v_alterada.objeto, v_papel);
            END LOOP;
            IF v_alterada.publica THEN
                EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO PUBLIC', v_alterada.objeto);
            END IF;
            EXECUTE format('COMMENT ON FUNCTION %s IS %L', v_alterada.objeto, v_alterada.comentario);
        END IF;
        v_quantas := v_quantas + 1;
    END LOOP;
    RETURN v_quantas;
END
$body$;

REVOKE ALL ON FUNCTION _estoque_restaurar() FROM PUBLIC;
COMMENT ON FUNCTION _estoque_restaurar() IS
    'Puts back functions of ours that were changed or dropped; inner use.';
-- Functions of ours that are not what was installed: changed, or missing. Changes are only seen on
-- the major version of the server that they were installed on.
CREATE FUNCTION estoque_alterados()
RETURNS TABLE (objeto text, estado text)
LANGUAGE plpgsql STABLE ROWS 1
SET search_path FROM CURRENT
SET quote_all_identifiers = off
AS $body$
BEGIN
    RETURN QUERY
    SELECT a.objeto, CASE WHEN f.oid IS NULL THEN 'missing' ELSE 'changed' END
    FROM estoque_assinatura AS a
    CROSS JOIN LATERAL (SELECT to_regprocedure(a.objeto)::oid AS oid) AS f
    WHERE f.oid IS NULL
        OR a.servidor = current_setting('server_version_num')::integer / 10000
            AND a.definicao <> pg_get_functiondef(f.oid)
    ORDER BY a.objeto;
END
$body$;

GRANT EXECUTE ON FUNCTION estoque_alterados() TO PUBLIC;
COMMENT ON FUNCTION estoque_alterados() IS
    'Functions of ours that were changed or dropped since the installation.';
-- Gives a role what a reading or a writing application needs, and no more: a reader the schema and
-- the results, a writer the schema and the sources (it needs no right on the results: the triggers
-- run with their owner's). Returns the statements it ran. Runs with the caller's rights, who has to
-- be the owner, or hold them with the grant option. Raises 42704 for a role that does not exist.
CREATE FUNCTION estoque_conceder(papel text, leitura boolean, escrita boolean DEFAULT false)
RETURNS SETOF text
LANGUAGE plpgsql VOLATILE
SET search_path FROM CURRENT
AS $body$
DECLARE
    v_schema name := current_schema();
    v_fontes text[] := ARRAY(SELECT f.tabela FROM _estoque_fontes() AS f ORDER BY f.ordem);
    v_nome text;
BEGIN
    IF leitura OR escrita THEN
        EXECUTE format('GRANT USAGE ON SCHEMA %I TO %I', v_schema, papel);
        RETURN NEXT format('GRANT USAGE ON SCHEMA %I TO %I', v_schema, papel);
    END IF;
    FOREACH v_nome IN ARRAY CASE WHEN leitura THEN ARRAY['estoque_tempo_real',
        'movimentacao_prevista', 'estoque_por_codigo', 'estoque_codigo_conhecido', 'estoque_lote']
        ELSE '{}' END
    LOOP
        EXECUTE format('GRANT SELECT ON %I.%I TO %I', v_schema, v_nome, papel);
        RETURN NEXT format('GRANT SELECT ON %I.%I TO %I', v_schema, v_nome, papel);
    END LOOP;
    FOREACH v_nome IN ARRAY CASE WHEN escrita THEN v_fontes ELSE '{}' END LOOP
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I.%I TO %I',
            v_schema, v_nome, papel);
        RETURN NEXT format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I.%I TO %I',
            v_schema, v_nome, papel);
    END LOOP;
    -- Keys of type serial draw from a sequence with rights of its own.
    FOR v_nome IN
        SELECT s.relname::text
        FROM pg_class AS s
        JOIN pg_depend AS d ON d.classid = 'pg_class'::regclass AND d.objid = s.oid
            AND d.deptype = 'a' AND d.refclassid = 'pg_class'::regclass
        JOIN pg_class AS t ON t.oid = d.refobjid AND t.relnamespace = s.relnamespace
        JOIN pg_namespace AS n ON n.oid = s.relnamespace AND n.nspname = v_schema
        WHERE escrita AND s.relkind = 'S' AND t.relname = ANY (v_fontes)
        ORDER BY s.relname
    LOOP
        EXECUTE format('GRANT USAGE ON SEQUENCE %I.%I TO %I', v_schema, v_nome, papel);
        RETURN NEXT format('GRANT USAGE ON SEQUENCE %I.%I TO %I', v_schema, v_nome, papel);
    END LOOP;
END
$body$;

REVOKE ALL ON FUNCTION estoque_conceder(text, boolean, boolean) FROM PUBLIC;
COMMENT ON FUNCTION estoque_conceder(text, boolean, boolean) IS
    'Grants a role what a reader or a writer needs; returns the statements run.';
-- What does not fit of the columns of the sources: tables and columns that are missing, types that
-- cannot be counted, collations that cannot be compared. nome is what it is about, for the order.
CREATE FUNCTION _estoque_desajustes_das_colunas() RETURNS TABLE (nome text, texto text)
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $body$
BEGIN
    RETURN QUERY
    WITH coluna AS (
        SELECT e.tabela, e.tipos, r.oid AS relacao, format('%I.%I', e.tabela, e.coluna) AS nome,
            a.attname, format_type(a.atttypid, a.atttypmod) AS tipo, t.typname, b.typname AS base,
            o.collname AS ordenacao, o.collisdeterministic AS exata
        FROM _estoque_colunas_das_fontes() AS e
        LEFT JOIN pg_class AS r ON r.relname = e.tabela AND r.relkind IN ('r', 'p')
            AND r.relnamespace = quote_ident(current_schema())::regnamespace
        LEFT JOIN pg_attribute AS a ON a.attrelid = r.oid AND a.attname = e.coluna
            AND a.attnum > 0 AND NOT a.attisdropped
        LEFT JOIN pg_type AS t ON t.oid = a.atttypid
        LEFT JOIN pg_type AS b ON b.oid = t.typbasetype
        LEFT JOIN pg_collation AS o ON o.oid = a.attcollation
    )
    SELECT DISTINCT c.tabela, format('%I is not a table', c.tabela)
    FROM coluna AS c WHERE c.relacao IS NULL
    UNION ALL
    SELECT c.nome, format('%s is missing', c.nome)
    FROM coluna AS c WHERE c.relacao IS NOT NULL AND c.attname IS NULL
    UNION ALL
    SELECT c.nome, format('%s is %s, expected %s', c.nome, c.tipo,
        (SELECT string_agg(x.tipo::regtype::text, ', ') FROM _estoque_tipos_aceitos() AS x
         WHERE x.tipos = c.tipos))
    FROM coluna AS c
    WHERE c.attname IS NOT NULL AND c.tipos <> 'qualquer' AND NOT EXISTS (
        SELECT FROM _estoque_tipos_aceitos() AS x
        WHERE x.tipos = c.tipos AND x.tipo IN (c.typname, c.base))
    UNION ALL
    -- Codes are compared as they are written: 'abc' and 'ABC' are two.
    SELECT c.nome, format('%s has the nondeterministic collation %I', c.nome, c.ordenacao)
    FROM coluna AS c WHERE c.tipos IN ('texto', 'codigo') AND NOT c.exata
    UNION ALL
    -- PostgreSQL does not compare columns of two collations, unless one is the database's own.
    SELECT min(c.nome), format('%s have different collations: %s',
        string_agg(c.nome, ', ' ORDER BY c.nome),
        string_agg(DISTINCT quote_ident(c.ordenacao), ', '))
    FROM coluna AS c
    WHERE c.attname IN ('cod_produto', 'separacao_lote_id') AND c.ordenacao <> 'default'
    GROUP BY c.attname
    HAVING count(DISTINCT c.ordenacao) > 1;
END
$body$;

GRANT EXECUTE ON FUNCTION _estoque_desajustes_das_colunas() TO PUBLIC;
COMMENT ON FUNCTION _estoque_desajustes_das_colunas() IS
    'What does not fit of the columns of the sources; inner use.';
-- What does not fit of the sources as tables: owners, policies that hide rows, partitions that are
-- elsewhere, a source that is itself below another table. nome is what it is about, for the order.
CREATE FUNCTION _estoque_desajustes_das_tabelas() RETURNS TABLE (nome text, texto text)
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $body$
BEGIN
    RETURN QUERY
    WITH RECURSIVE fonte AS (
        SELECT f.tabela, r.oid AS relacao
        FROM _estoque_fontes() AS f
        JOIN pg_class AS r ON r.relname = f.tabela AND r.relkind IN ('r', 'p')
            AND r.relnamespace = quote_ident(current_schema())::regnamespace
    ),
    arvore AS (
        SELECT f.tabela, f.relacao FROM fonte AS f
        UNION
        SELECT a.tabela, i.inhrelid FROM arvore AS a JOIN pg_inherits AS i ON i.inhparent = a.relacao
    )
    -- Indexes ask for the owner's rights, and the triggers' functions read as the installer.
    SELECT a.tabela, format('%s is owned by %s, and %I is no member of that role',
        a.relacao::regclass, r.relowner::regrole, current_user)
    FROM arvore AS a JOIN pg_class AS r ON r.oid = a.relacao
    WHERE NOT pg_has_role(r.relowner, 'USAGE')
    UNION ALL
    SELECT f.tabela, format('%I hides rows from %I by row level security', f.tabela, current_user)
    FROM fonte AS f WHERE row_security_active(f.relacao)
    UNION ALL
    SELECT DISTINCT a.tabela, format('%I has a foreign table among its partitions', a.tabela)
    FROM arvore AS a JOIN pg_class AS r ON r.oid = a.relacao
    WHERE r.relkind = 'f'
    UNION ALL
    -- A statement fires the triggers of the table it names, not those of the tables below it.
    SELECT f.tabela, format('%I is a partition or child of %s: what is written through that'
        ' would not be seen', f.tabela, i.inhparent::regclass)
    FROM fonte AS f JOIN pg_inherits AS i ON i.inhrelid = f.relacao;
END
$body$;

GRANT EXECUTE ON FUNCTION _estoque_desajustes_das_tabelas() TO PUBLIC;
COMMENT ON FUNCTION _estoque_desajustes_das_tabelas() IS
    'What does not fit of the sources as tables; inner use.';
-- Names of our indexes on the sources that something else bears. An index of ours is one by its name,
-- table and columns: what an installation that was cut off may have left is taken over.
CREATE FUNCTION _estoque_desajustes_dos_indices() RETURNS TABLE (nome text, texto text)
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $body$
BEGIN
    RETURN QUERY
    SELECT d.nome, format('%I is there already, and is not ours', d.nome)
    FROM _estoque_indices_das_fontes() AS d
    JOIN pg_class AS r ON r.relname = d.nome
        AND r.relnamespace = quote_ident(current_schema())::regnamespace
    LEFT JOIN pg_index AS x ON x.indexrelid = r.oid AND x.indpred IS NULL AND NOT x.indisunique
        AND x.indrelid = to_regclass(d.tabela)
    WHERE x.indexrelid IS NULL OR d.colunas <> (
        SELECT array_agg(pg_get_indexdef(r.oid, k, true) ORDER BY k)
        FROM generate_series(1, x.indnatts::integer) AS k);
END
$body$;

GRANT EXECUTE ON FUNCTION _estoque_desajustes_dos_indices() TO PUBLIC;
COMMENT ON FUNCTION _estoque_desajustes_dos_indices() IS
    'Names of our indexes on the sources that something else bears; inner use.';
-- Refuses to install on tables that do not fit, naming every misfit at once. Raises EP003.
CREATE FUNCTION _estoque_exigir_fontes() RETURNS void
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $body$
DECLARE
    v_desajustes text;
BEGIN
    SELECT string_agg(d.texto, E'\n' ORDER BY d.nome, d.texto) INTO v_desajustes
    FROM (
        SELECT * FROM _estoque_desajustes_das_colunas()
        UNION ALL
        SELECT * FROM _estoque_desajustes_das_tabelas()
        UNION ALL
        SELECT * FROM _estoque_desajustes_dos_indices()
    ) AS d;
    IF v_desajustes IS NOT NULL THEN
        RAISE EXCEPTION USING
            ERRCODE = 'EP003',
            MESSAGE = format('the tables of schema %I do not fit', current_schema()),
            DETAIL = v_desajustes,
            HINT = 'Mend what is named, or choose another schema, then install again.';
    END IF;
END
$body$;

REVOKE ALL ON FUNCTION _estoque_exigir_fontes() FROM PUBLIC;
COMMENT ON FUNCTION _estoque_exigir_fontes() IS
    'Raises EP003 for source tables that do not fit; inner use.';

-- by hand: kept when this file is written anew
ALTER TABLE estoque_controle DROP COLUMN lugar;
CREATE TABLE _estoque_antiga (
    objeto text PRIMARY KEY,
    definicao text NOT NULL,
    comentario text,
    publica boolean NOT NULL,
    servidor integer NOT NULL
);
INSERT INTO _estoque_antiga (objeto, definicao, comentario, publica, servidor)
SELECT a.objeto, a.definicao, a.comentario, 'EXECUTE' = ANY (a.direitos), a.servidor
FROM estoque_assinatura AS a WHERE a.tipo = 'function' AND a.objeto <> 'estoque_hoje()';
DROP TABLE estoque_assinatura;
ALTER TABLE _estoque_antiga RENAME TO estoque_assinatura;
ALTER TABLE estoque_assinatura RENAME CONSTRAINT _estoque_antiga_pkey TO estoque_assinatura_pkey;
REVOKE ALL ON estoque_assinatura FROM PUBLIC;
GRANT SELECT ON estoque_assinatura TO PUBLIC;
COMMENT ON TABLE estoque_assinatura IS
    'Our functions as they were installed; inner use, read through estoque_alterados().';
-- end of what is by hand
