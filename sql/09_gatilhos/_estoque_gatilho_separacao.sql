-- Trigger function of separacao: as the others, but each row counts by the gate of its lot.
-- The lots are locked before the products, and the gate read under that lock, so that a separation
-- and an invoice of one lot cannot miss each other. Raises EP001.
CREATE FUNCTION _estoque_gatilho_separacao() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path FROM CURRENT
SET row_security = off
SET plan_cache_mode = force_generic_plan
AS $body$
DECLARE
    v_deltas _estoque_delta[];
    v_antigos _estoque_delta[];
    v_fora numeric;
    v_varias boolean;
    v_cabe boolean;
    v_codigo text;
    v_data date;
    v_qtd numeric;
    v_nome text;
    v_lote text;
    v_faturado boolean;
    v_virado boolean;
    v_lotes text[];
    v_reconstruir text[];
BEGIN
    -- A partition that was detached keeps its triggers.
    IF TG_TABLE_NAME <> 'separacao'
        AND NOT _estoque_pertence(TG_RELID, 'separacao')
    THEN
        RETURN NULL;
    END IF;
    -- One row alone, which is what most statements bring, takes the short way.
    IF TG_OP = 'INSERT' THEN
        SELECT EXISTS (SELECT FROM novos OFFSET 1), f.separacao_lote_id::text,
            f.cod_produto::text, f.expedicao::date,
            _estoque_contribuicao_separacao(f.cod_produto::text, f.expedicao::date,
                f.qtd_saldo::numeric, false),
            f.nome_produto::text, _estoque_cabe(f.qtd_saldo::numeric)
        INTO v_varias, v_lote, v_codigo, v_data, v_qtd, v_nome, v_cabe
        FROM novos AS f LIMIT 1;
        IF NOT v_varias AND v_cabe AND v_qtd <> 0 THEN
            IF v_lote IS NOT NULL THEN
                -- As _estoque_travar_lotes does, for one.
                INSERT INTO estoque_lote AS l (separacao_lote_id, faturado) VALUES (v_lote, false)
                ON CONFLICT (separacao_lote_id) DO UPDATE SET faturado = l.faturado
                RETURNING l.faturado, l.alterado_por IS NOT DISTINCT FROM pg_current_xact_id()
                INTO v_faturado, v_virado;
            END IF;
            IF v_faturado IS NOT TRUE AND v_virado IS NOT TRUE
                AND _estoque_aplicar_linha(v_codigo, v_data, 0, 0, v_qtd, v_nome)
            THEN
                RETURN NULL;
            END IF;
        END IF;
    END IF;

    -- Quantities here are those of an open gate.
    IF TG_OP <> 'DELETE' THEN
        SELECT array_agg(ROW(g.*)::_estoque_delta), sum(g.fora) INTO v_deltas, v_fora
        FROM (
            SELECT f.cod_produto::text, f.expedicao::date, 0, 0,
                sum(_estoque_contribuicao_separacao(f.cod_produto::text, f.expedicao::date,
                    f.qtd_saldo::numeric, false)),
                count(*),
                _estoque_nome_unico(min(f.nome_produto), max(f.nome_produto)),
                sum(CASE WHEN TG_OP = 'UPDATE'
                    THEN _estoque_digital(f.id::text, f.nome_produto) END),
                f.separacao_lote_id::text,
                count(*) FILTER (WHERE NOT _estoque_cabe(f.qtd_saldo::numeric)) AS fora
            FROM novos AS f
            GROUP BY f.separacao_lote_id, f.cod_produto, f.expedicao::date
        ) AS g;
    END IF;
    IF TG_OP <> 'INSERT' THEN
        SELECT array_agg(ROW(g.*)::_estoque_delta) INTO v_antigos
        FROM (
            SELECT f.cod_produto::text, f.expedicao::date, 0, 0,
                -sum(_estoque_contribuicao_separacao(f.cod_produto::text, f.expedicao::date,
                    f.qtd_saldo::numeric, false)),
                -count(*),
                _estoque_nome_unico(min(f.nome_produto), max(f.nome_produto)),
                sum(CASE WHEN TG_OP = 'UPDATE'
                    THEN -_estoque_digital(f.id::text, f.nome_produto) END),
                f.separacao_lote_id::text,
                -count(*) FILTER (WHERE NOT _estoque_cabe(f.qtd_saldo::numeric))
            FROM antigos AS f
            GROUP BY f.separacao_lote_id, f.cod_produto, f.expedicao::date
        ) AS g;
        v_deltas := v_antigos || v_deltas;
    END IF;
    IF v_fora > 0 THEN
        PERFORM _estoque_recusar(v_deltas, TG_TABLE_NAME, 'qtd_saldo');
    END IF;
    IF v_deltas IS NULL THEN
        RETURN NULL;
    END IF;

    -- Lots whose rows changed what they would contribute; a row that only moved between lots did.
    SELECT array_agg(DISTINCT m.lote) INTO v_lotes
    FROM (
        SELECT d.lote FROM unnest(v_deltas) AS d
        WHERE d.lote IS NOT NULL
        GROUP BY d.lote, d.codigo, d.data
        HAVING sum(d.saida) <> 0
    ) AS m;
    IF v_lotes IS NOT NULL THEN
        PERFORM FROM _estoque_travar_lotes(v_lotes);
        SELECT array_agg(ROW(d.codigo, d.data, 0, 0,
                CASE WHEN l.faturado THEN 0 ELSE d.saida END,
                d.linhas, d.nome, d.nomes, NULL, NULL)::_estoque_delta),
            array_agg(DISTINCT d.codigo) FILTER (WHERE l.alterado_por = pg_current_xact_id())
        INTO v_deltas, v_reconstruir
        FROM unnest(v_deltas) AS d
        LEFT JOIN estoque_lote AS l ON l.separacao_lote_id = d.lote;
    END IF;
    -- Where this transaction turned the gate, that may have counted these rows already.
    PERFORM _estoque_aplicar(v_deltas, coalesce(array_remove(v_reconstruir, NULL), '{}'));
    RETURN NULL;
END
$body$;

REVOKE ALL ON FUNCTION _estoque_gatilho_separacao() FROM PUBLIC;
