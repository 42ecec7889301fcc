-- Trigger function of embarque_itens: when a lot becomes invoiced, or no longer is, the exits of all
-- its separations leave the forecast or come back. Statements that change no gate write nothing.
-- Raises 40001 under REPEATABLE READ and SERIALIZABLE where the snapshot is older than the installation.
CREATE FUNCTION _estoque_gatilho_embarque() RETURNS trigger
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
            HINT = 'Run the transaction again.',
            CONSTRAINT = 'could not serialize access: the installation is newer than this transaction';
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
