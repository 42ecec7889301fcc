-- Rebuilds the product of a code from the sources, under the lock on its row: safe while others
-- write. Returns how many products were wrong: 0 or 1, more when a gate of its lots was wrong too.
CREATE FUNCTION estoque_recalcular(codigo text) RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path FROM CURRENT
SET row_security = off
AS $body$
#variable_conflict use_column
DECLARE
    v_codigo text := estoque_recalcular.codigo;
    v_produto text;
    v_certo text;
    v_lotes text[];
    v_codigos text[];
    v_produtos text[];
    v_travados text[];
BEGIN
    SELECT k.cod_produto INTO v_certo FROM _estoque_canonicos(ARRAY[v_codigo]) AS k;
    SELECT c.cod_produto INTO v_produto
    FROM estoque_codigo_conhecido AS c
    JOIN estoque_tempo_real AS t ON t.cod_produto = c.cod_produto
    WHERE c.codigo = v_codigo;
    -- Not known as it should be, or with rows left under another code of its group.
    v_codigos := _estoque_membros(ARRAY[v_certo]);
    IF v_produto IS DISTINCT FROM v_certo
        OR NOT EXISTS (SELECT FROM _estoque_mencionados(ARRAY[v_codigo]))
        OR EXISTS (SELECT FROM estoque_tempo_real AS t
            WHERE t.cod_produto = ANY (v_codigos) AND t.cod_produto <> v_certo)
        OR EXISTS (SELECT FROM movimentacao_prevista AS m
            WHERE m.cod_produto = ANY (v_codigos) AND m.cod_produto <> v_certo)
    THEN
        IF NOT EXISTS (SELECT FROM _estoque_mencionados(ARRAY[v_codigo])
            UNION ALL SELECT FROM estoque_codigo_conhecido AS c WHERE c.codigo = v_codigo
            UNION ALL SELECT FROM estoque_tempo_real AS t WHERE t.cod_produto = v_codigo
            UNION ALL SELECT FROM movimentacao_prevista AS m WHERE m.cod_produto = v_codigo)
        THEN
            RETURN 0::bigint;
        END IF;
        RETURN greatest(_estoque_reagrupar(ARRAY[v_codigo]), 1);
    END IF;

    -- Gates come first. One that was wrong was wrong for every product of its lot.
    SELECT array_agg(DISTINCT s.separacao_lote_id::text) INTO v_lotes
    FROM separacao AS s
    LEFT JOIN estoque_lote AS l ON l.separacao_lote_id = s.separacao_lote_id
    WHERE s.cod_produto = ANY (_estoque_membros(ARRAY[v_produto]))
        AND s.separacao_lote_id IS NOT NULL
        AND coalesce(l.faturado, false) <> EXISTS (
            SELECT FROM embarque_itens AS e
            WHERE e.separacao_lote_id = s.separacao_lote_id
                AND _estoque_fatura(e.status, e.nota_fiscal, e.erro_validacao));
    v_codigos := ARRAY[v_codigo];
    IF v_lotes IS NOT NULL THEN
        PERFORM _estoque_abrir_lotes(v_lotes);
        v_codigos := v_codigos || ARRAY(
            SELECT s.cod_produto::text FROM separacao AS s
            WHERE s.separacao_lote_id = ANY (v_lotes) AND s.cod_produto IS NOT NULL);
    END IF;

    -- Resolve and lock in one statement, as writers do; where a group changes meanwhile, again.
    LOOP
        SELECT array_agg(DISTINCT c.cod_produto) INTO v_produtos
        FROM estoque_codigo_conhecido AS c
        JOIN estoque_tempo_real AS t ON t.cod_produto = c.cod_produto
        WHERE c.codigo = ANY (v_codigos);
        SELECT array_agg(x.cod_produto) INTO v_travados
        FROM (
            SELECT t.cod_produto FROM estoque_tempo_real AS t
            WHERE t.cod_produto IN (SELECT c.cod_produto FROM estoque_codigo_conhecido AS c
                                    WHERE c.codigo = ANY (v_codigos))
            ORDER BY t.cod_produto
            FOR NO KEY UPDATE
        ) AS x;
        EXIT WHEN v_produtos IS NULL OR v_travados @> v_produtos AND v_produtos @> v_travados;
    END LOOP;
    RETURN coalesce(_estoque_reconstruir(v_travados), 0);
END
$body$;

REVOKE ALL ON FUNCTION estoque_recalcular(text) FROM PUBLIC;
COMMENT ON FUNCTION estoque_recalcular(text) IS
    'Rebuilds the product of a code from the sources; the number of products corrected.';
