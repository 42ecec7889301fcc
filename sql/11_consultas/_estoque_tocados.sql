-- The products whose documents the changes of a simulation may meet: all of them, and more where a
-- filter says little. By code where codes are given; else by the columns that a filter names, in the
-- sources that have them; else by the days of the forecast, to which a move to a date (para) adds what
-- does not count yet: entries that are overdue, and what has no date.
-- Runs with the rights of its caller. Read through where no index serves a column.
CREATE FUNCTION _estoque_tocados(p_mudancas _estoque_mudanca[]) RETURNS text[]
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
SET plan_cache_mode = force_custom_plan
SET enable_seqscan = on
SET jit = off
AS $body$
DECLARE
    m _estoque_mudanca;
    f record;
    v_codigos text[] := ARRAY[]::text[];
    v_achados text[];
    v_para boolean := EXISTS (SELECT FROM unnest(p_mudancas) AS x WHERE x.para IS NOT NULL);
    v_condicoes text;
    v_numeros text;
BEGIN
    FOREACH m IN ARRAY p_mudancas LOOP
        IF m.acao = 'somar' OR m.produtos IS NOT NULL THEN
            v_codigos := v_codigos || m.produtos;
            CONTINUE;
        END IF;
        IF coalesce(m.ids, m.pedidos, m.lotes, m.linhas) IS NULL THEN
            SELECT array_agg(DISTINCT p.cod_produto) INTO v_achados
            FROM movimentacao_prevista AS p
            WHERE p.data_prevista >= coalesce(m.de, '-infinity')
                AND p.data_prevista <= coalesce(m.ate, 'infinity')
                AND (m.origem IS NULL OR CASE
                    WHEN (SELECT x.entra FROM _estoque_filtros_das_fontes() AS x WHERE x.tabela = m.origem)
                    THEN p.entrada_prevista ELSE p.saida_prevista END > 0);
            v_codigos := v_codigos || v_achados;
            CONTINUE WHEN NOT v_para;
        END IF;

        FOR f IN
            SELECT x.*, i.atttypid AS tipo_do_id
            FROM _estoque_filtros_das_fontes() AS x
            JOIN pg_attribute AS i ON i.attrelid = to_regclass(x.tabela) AND i.attname = 'id'
            WHERE (m.origem IS NULL OR x.tabela = m.origem)
                -- A column of the filter that the source has not, or the ERP's table lacks: no row has it.
                AND (m.pedidos IS NULL OR _estoque_tem_coluna(x.tabela, x.pedidos))
                AND (m.lotes IS NULL OR _estoque_tem_coluna(x.tabela, x.lotes))
                AND (m.linhas IS NULL OR _estoque_tem_coluna(x.tabela, x.linhas))
        LOOP
            -- Ids are compared as what they are, so that the table's own index serves.
            v_numeros := CASE WHEN f.tipo_do_id = ANY ('{smallint,integer,bigint}'::regtype[]) THEN
                'f.id = ANY (ARRAY(SELECT x::bigint FROM unnest($1) AS x WHERE x ~ ''^-?[0-9]{1,18}$''))'
                ELSE 'f.id::text = ANY ($1)' END;
            v_condicoes := concat_ws(' AND ',
                CASE WHEN m.ids IS NOT NULL THEN v_numeros END,
                CASE WHEN m.pedidos IS NOT NULL THEN format('f.%I::text = ANY ($2)', f.pedidos) END,
                CASE WHEN m.lotes IS NOT NULL THEN format('f.%I::text = ANY ($3)', f.lotes) END,
                CASE WHEN m.linhas IS NOT NULL THEN format('f.%I::text = ANY ($4)', f.linhas) END,
                CASE WHEN coalesce(m.ids, m.pedidos, m.lotes, m.linhas) IS NULL THEN
                    format(CASE WHEN f.entra THEN '(f.%1$I IS NULL OR f.%1$I < $5)'
                        ELSE 'f.%1$I IS NULL' END, f.data) END);
            EXECUTE format('SELECT array_agg(DISTINCT f.cod_produto::text) FROM %I AS f WHERE %s',
                f.tabela, v_condicoes)
            INTO v_achados USING m.ids, m.pedidos, m.lotes, m.linhas, estoque_hoje();
            v_codigos := v_codigos || v_achados;
        END LOOP;
    END LOOP;
    RETURN ARRAY(SELECT DISTINCT c.cod_produto FROM estoque_codigo_conhecido AS c
                 WHERE c.codigo = ANY (v_codigos));
END
$body$;

REVOKE ALL ON FUNCTION _estoque_tocados(_estoque_mudanca[]) FROM PUBLIC;
COMMENT ON FUNCTION _estoque_tocados(_estoque_mudanca[]) IS
    'The products whose documents a simulation may meet; inner use.';
