-- Trigger function of programacao_producao: brings what a statement changed to _estoque_aplicar.
-- Runs once per statement, with its owner's rights, whoever writes. Raises EP001.
-- The name is read through jsonb because an ERP may have no such column.
CREATE FUNCTION _estoque_gatilho_programacao() RETURNS trigger
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
BEGIN
    -- A partition that was detached keeps its triggers.
    IF TG_TABLE_NAME <> 'programacao_producao'
        AND NOT _estoque_pertence(TG_RELID, 'programacao_producao')
    THEN
        RETURN NULL;
    END IF;
    -- One row alone, which is what most statements bring, takes the short way.
    IF TG_OP = 'INSERT' THEN
        SELECT EXISTS (SELECT FROM novos OFFSET 1), f.cod_produto::text,
            f.data_programacao::date,
            _estoque_contribuicao_programacao(f.cod_produto::text, f.data_programacao::date,
                f.qtd_programada::numeric),
            to_jsonb(f) ->> 'nome_produto', _estoque_cabe(f.qtd_programada::numeric)
        INTO v_varias, v_codigo, v_data, v_qtd, v_nome, v_cabe
        FROM novos AS f LIMIT 1;
        IF NOT v_varias AND v_cabe AND v_qtd <> 0
            AND _estoque_aplicar_linha(v_codigo, v_data, 0, v_qtd, 0, v_nome)
        THEN
            RETURN NULL;
        END IF;
    END IF;

    IF TG_OP <> 'DELETE' THEN
        SELECT array_agg(ROW(g.*)::_estoque_delta), sum(g.fora) INTO v_deltas, v_fora
        FROM (
            SELECT f.cod_produto::text, f.data_programacao::date, 0,
                sum(_estoque_contribuicao_programacao(f.cod_produto::text,
                    f.data_programacao::date, f.qtd_programada::numeric)),
                0, count(*),
                _estoque_nome_unico(min(j.nome), max(j.nome)),
                sum(CASE WHEN TG_OP = 'UPDATE'
                    THEN _estoque_digital(f.id::text, j.nome) END),
                NULL,
                count(*) FILTER (WHERE NOT _estoque_cabe(f.qtd_programada::numeric)) AS fora
            FROM novos AS f
            CROSS JOIN LATERAL (SELECT to_jsonb(f) ->> 'nome_produto' AS nome) AS j
            GROUP BY f.cod_produto, f.data_programacao::date
        ) AS g;
    END IF;
    IF TG_OP <> 'INSERT' THEN
        SELECT array_agg(ROW(g.*)::_estoque_delta) INTO v_antigos
        FROM (
            SELECT f.cod_produto::text, f.data_programacao::date, 0,
                -sum(_estoque_contribuicao_programacao(f.cod_produto::text,
                    f.data_programacao::date, f.qtd_programada::numeric)),
                0, -count(*),
                _estoque_nome_unico(min(j.nome), max(j.nome)),
                sum(CASE WHEN TG_OP = 'UPDATE'
                    THEN -_estoque_digital(f.id::text, j.nome) END),
                NULL,
                -count(*) FILTER (WHERE NOT _estoque_cabe(f.qtd_programada::numeric))
            FROM antigos AS f
            CROSS JOIN LATERAL (SELECT to_jsonb(f) ->> 'nome_produto' AS nome) AS j
            GROUP BY f.cod_produto, f.data_programacao::date
        ) AS g;
        v_deltas := v_antigos || v_deltas;
    END IF;
    IF v_fora > 0 THEN
        PERFORM _estoque_recusar(v_deltas, TG_TABLE_NAME, 'qtd_programada');
    END IF;
    IF v_deltas IS NOT NULL THEN
        PERFORM _estoque_aplicar(v_deltas);
    END IF;
    RETURN NULL;
END
$body$;

REVOKE ALL ON FUNCTION _estoque_gatilho_programacao() FROM PUBLIC;
