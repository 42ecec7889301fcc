-- Fills the empty result tables from what the sources hold: gates, codes, products.
-- The rows are looked at once more first, now that no writer can bring one that cannot be counted.
DO $body$
BEGIN
    -- Sums and sorts of everything there is, once.
    PERFORM set_config('work_mem', '256MB', true);
    PERFORM _estoque_conferir_linhas();
    RAISE NOTICE 'estoque_pg: filling the result tables';
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

    PERFORM _estoque_reconstruir(
        ARRAY(SELECT t.cod_produto FROM estoque_tempo_real AS t ORDER BY t.cod_produto), true);
    -- Plans made before statistics exist would last as long as the sessions that make them.
    ANALYZE estoque_codigo_conhecido, estoque_tempo_real, movimentacao_prevista, estoque_lote;
END
$body$;
