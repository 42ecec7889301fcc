-- Rebuilds everything from the sources: known codes and their groups, gates, products.
-- Writers of the sources wait only for the product rows, which are locked in order, all of them.
-- Returns how many products were wrong. Used at installation, after TRUNCATE, and on request.
CREATE FUNCTION _estoque_recalcular_tudo() RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET enable_seqscan = on
SET enable_nestloop = off
AS $body$
DECLARE
    v_lotes text[];
    v_codigos text[];
    v_produtos text[];
    v_sobras bigint;
    v_reagrupados bigint := 0::bigint;
    v_corrigidos bigint;
BEGIN
    PERFORM _estoque_tomar_vez();
    v_lotes := ARRAY(
        SELECT l.separacao_lote_id FROM estoque_lote AS l
        UNION
        SELECT e.separacao_lote_id::text FROM embarque_itens AS e
        WHERE e.separacao_lote_id IS NOT NULL
            AND _estoque_fatura(e.status, e.nota_fiscal, e.erro_validacao));
    PERFORM _estoque_abrir_lotes(v_lotes);
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
    v_corrigidos := _estoque_recalcular(v_produtos, true);

    -- Nothing is left to be compared because of a copy, or of partitions; what the minute job has
    -- in hand it takes off itself.
    UPDATE estoque_controle SET lugar = _estoque_lugar();
    DELETE FROM estoque_recontagem AS r
    WHERE r.codigo IN (SELECT x.codigo FROM estoque_recontagem AS x FOR UPDATE SKIP LOCKED);
    RETURN v_sobras + v_reagrupados + v_corrigidos;
END
$body$;

REVOKE ALL ON FUNCTION _estoque_recalcular_tudo() FROM PUBLIC;
COMMENT ON FUNCTION _estoque_recalcular_tudo() IS
    'Rebuilds codes, gates and products from the sources; inner use.';
