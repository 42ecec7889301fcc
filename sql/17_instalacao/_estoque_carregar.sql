-- Makes the result tables exact while the writers are held off: set-wise where nothing is there yet,
-- by rebuilding everything where an upgrade may have changed what counts. Where writers go on instead,
-- what they write is noted, and put right after (see _estoque_alcancar).
-- The rows are looked at once more first, now that no writer can bring one that cannot be counted.
CREATE FUNCTION _estoque_carregar() RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path FROM CURRENT
AS $body$
DECLARE
    v_agora timestamptz := now();
    v_lugar text := _estoque_lugar();
    v_lotes text[];
    v_produtos text[];
BEGIN
    -- Sums and sorts of everything there is, once.
    PERFORM set_config('work_mem', '256MB', true);
    PERFORM _estoque_exigir_linhas();
    RAISE NOTICE 'estoque_pg: filling the result tables';
    IF EXISTS (SELECT FROM estoque_codigo_conhecido) THEN
        PERFORM _estoque_recalcular_tudo();
    ELSE
        v_lotes := ARRAY(
            SELECT DISTINCT e.separacao_lote_id::text FROM embarque_itens AS e
            WHERE e.separacao_lote_id IS NOT NULL
                AND _estoque_fatura(e.status, e.nota_fiscal, e.erro_validacao));
        PERFORM _estoque_abrir_lotes(v_lotes);

        INSERT INTO estoque_codigo_conhecido (codigo, cod_produto)
        SELECT m.codigo, coalesce(k.cod_produto, m.codigo)
        FROM _estoque_mencionados() AS m (codigo)
        LEFT JOIN _estoque_canonicos() AS k ON k.codigo = m.codigo;

        INSERT INTO estoque_tempo_real (cod_produto, atualizado_em, comparado_em)
        SELECT DISTINCT c.cod_produto, v_agora, v_agora FROM estoque_codigo_conhecido AS c;

        v_produtos := ARRAY(
            SELECT t.cod_produto FROM estoque_tempo_real AS t ORDER BY t.cod_produto);
        PERFORM _estoque_recalcular(v_produtos, true);
        UPDATE estoque_controle SET lugar = v_lugar;
    END IF;
    -- Plans made before statistics exist would last as long as the sessions that make them.
    ANALYZE estoque_codigo_conhecido, estoque_tempo_real, movimentacao_prevista, estoque_lote;
END
$body$;

REVOKE ALL ON FUNCTION _estoque_carregar() FROM PUBLIC;
COMMENT ON FUNCTION _estoque_carregar() IS
    'Fills the result tables, or rebuilds them, at an installation; inner use.';
