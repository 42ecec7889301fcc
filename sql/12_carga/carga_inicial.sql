-- Fills the result tables from what the sources already hold. Creating the triggers has locked the
-- sources against writers until commit, so what is filled is exact when they go on.
-- Raises EP001 for quantities that cannot be counted, EP002 for unifications that contradict.
DO $body$
DECLARE
    v_falhas text;
BEGIN
    SELECT string_agg(format('%s in %s', f.linhas, f.coluna), ', ') INTO v_falhas
    FROM (
        SELECT 'movimentacao_estoque.qtd_movimentacao', count(*) FROM movimentacao_estoque
        WHERE NOT _estoque_cabe(qtd_movimentacao::numeric)
        UNION ALL
        SELECT 'pre_separacao_item.qtd_selecionada_usuario', count(*) FROM pre_separacao_item
        WHERE NOT _estoque_cabe(qtd_selecionada_usuario::numeric)
        UNION ALL
        SELECT 'separacao.qtd_saldo', count(*) FROM separacao
        WHERE NOT _estoque_cabe(qtd_saldo::numeric)
        UNION ALL
        SELECT 'programacao_producao.qtd_programada', count(*) FROM programacao_producao
        WHERE NOT _estoque_cabe(qtd_programada::numeric)
    ) AS f (coluna, linhas)
    WHERE f.linhas > 0;
    IF v_falhas IS NOT NULL THEN
        RAISE EXCEPTION USING
            ERRCODE = 'EP001',
            MESSAGE = 'source rows with a quantity that is NaN, infinite or out of range: '
                || v_falhas,
            HINT = 'Find them with WHERE NOT column BETWEEN -999999999999.999 AND'
                ' 999999999999.999, mend them, then install again.';
    END IF;

    PERFORM _estoque_reconstruir_tudo();
END
$body$;
