-- Trigger function of pre_separacao_item: brings what a statement changed to _estoque_aplicar.
-- Runs once per statement, with its owner's rights, whoever writes. Raises EP001.
CREATE FUNCTION _estoque_gatilho_pre_separacao() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path FROM CURRENT
SET plan_cache_mode = force_generic_plan
AS $body$
DECLARE
    v_deltas _estoque_delta[];
    v_antigos _estoque_delta[];
    v_invalido text;
BEGIN
    IF TG_OP <> 'DELETE' THEN
        SELECT array_agg(ROW(g.codigo, g.data, g.saldo, g.entrada, g.saida, g.linhas, g.nome, g.nomes, NULL)::_estoque_delta),
            min(g.codigo) FILTER (WHERE NOT g.cabem)
        INTO v_deltas, v_invalido
        FROM (
            SELECT f.cod_produto::text AS codigo, f.data_expedicao_editada::date AS data, 0 AS saldo,
                0 AS entrada,
                sum(_estoque_contribuicao_pre_separacao(f.cod_produto::text,
                    f.data_expedicao_editada::date, f.qtd_selecionada_usuario::numeric,
                    f.status::text)) AS saida,
                count(*) AS linhas,
                CASE WHEN min(f.nome_produto) = max(f.nome_produto) THEN nullif(min(f.nome_produto), '')
                     WHEN min(f.nome_produto) <> max(f.nome_produto) THEN '' END::text AS nome,
                sum(CASE WHEN TG_OP = 'UPDATE' THEN
                    hashtextextended(concat_ws(' ', f.id, f.nome_produto), 0)::numeric END) AS nomes,
                bool_and(_estoque_cabe(f.qtd_selecionada_usuario::numeric)) AS cabem
            FROM novos AS f
            GROUP BY f.cod_produto, f.data_expedicao_editada::date
        ) AS g;
        IF v_invalido IS NOT NULL THEN
            PERFORM _estoque_recusar_quantidade(TG_TABLE_NAME, 'qtd_selecionada_usuario', v_invalido);
        END IF;
    END IF;
    IF TG_OP <> 'INSERT' THEN
        SELECT array_agg(ROW(g.codigo, g.data, -g.saldo, -g.entrada, -g.saida, -g.linhas, g.nome, -g.nomes, NULL)::_estoque_delta)
        INTO v_antigos
        FROM (
            SELECT f.cod_produto::text AS codigo, f.data_expedicao_editada::date AS data, 0 AS saldo,
                0 AS entrada,
                sum(_estoque_contribuicao_pre_separacao(f.cod_produto::text,
                    f.data_expedicao_editada::date, f.qtd_selecionada_usuario::numeric,
                    f.status::text)) AS saida,
                count(*) AS linhas,
                CASE WHEN min(f.nome_produto) = max(f.nome_produto) THEN nullif(min(f.nome_produto), '')
                     WHEN min(f.nome_produto) <> max(f.nome_produto) THEN '' END::text AS nome,
                sum(CASE WHEN TG_OP = 'UPDATE' THEN
                    hashtextextended(concat_ws(' ', f.id, f.nome_produto), 0)::numeric END) AS nomes
            FROM antigos AS f
            GROUP BY f.cod_produto, f.data_expedicao_editada::date
        ) AS g;
        v_deltas := v_antigos || v_deltas;
    END IF;
    IF v_deltas IS NOT NULL THEN
        PERFORM _estoque_aplicar(v_deltas);
    END IF;
    RETURN NULL;
END
$body$;

REVOKE ALL ON FUNCTION _estoque_gatilho_pre_separacao() FROM PUBLIC;
