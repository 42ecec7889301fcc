-- Rows of the sources that cannot be counted: quantities that are NaN, infinite or out of range, and
-- unifications that contradict each other. The triggers refuse such rows; an installation finds those
-- that were there before. consulta is a query that lists them, good where nothing is installed.
CREATE FUNCTION estoque_linhas_recusadas()
RETURNS TABLE (tabela text, linhas bigint, motivo text, consulta text)
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $body$
BEGIN
    RETURN QUERY
    SELECT q.tabela, q.linhas, q.coluna || ' is NaN, infinite or out of range',
        format('SELECT * FROM %I.%I WHERE NOT %I BETWEEN -999999999999.999 AND 999999999999.999',
            current_schema(), q.tabela, q.coluna)
    FROM (
        SELECT 'movimentacao_estoque', 'qtd_movimentacao', count(*) FROM movimentacao_estoque AS f
        WHERE NOT _estoque_cabe(f.qtd_movimentacao::numeric)
        UNION ALL
        SELECT 'pre_separacao_item', 'qtd_selecionada_usuario', count(*) FROM pre_separacao_item AS f
        WHERE NOT _estoque_cabe(f.qtd_selecionada_usuario::numeric)
        UNION ALL
        SELECT 'separacao', 'qtd_saldo', count(*) FROM separacao AS f
        WHERE NOT _estoque_cabe(f.qtd_saldo::numeric)
        UNION ALL
        SELECT 'programacao_producao', 'qtd_programada', count(*) FROM programacao_producao AS f
        WHERE NOT _estoque_cabe(f.qtd_programada::numeric)
    ) AS q (tabela, coluna, linhas)
    WHERE q.linhas > 0;

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

COMMENT ON FUNCTION estoque_linhas_recusadas() IS
    'Source rows that are left out because they cannot be counted, with a query that lists them.';
