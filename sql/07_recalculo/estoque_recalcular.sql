-- Rebuilds the product of a code from the sources, under the lock on its row: safe while others
-- write. Returns how many products were wrong: 0 or 1, more when a gate of its lots was wrong too.
CREATE FUNCTION estoque_recalcular(codigo text) RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path FROM CURRENT
SET row_security = off
SET enable_seqscan = off
SET jit = off
AS $body$
DECLARE
    v_codigo text := estoque_recalcular.codigo;
    v_codigos text[];
BEGIN
    IF _estoque_fora_do_lugar(v_codigo) THEN
        IF EXISTS (SELECT FROM _estoque_mencionados(ARRAY[v_codigo])
            UNION ALL SELECT FROM estoque_codigo_conhecido AS c WHERE c.codigo = v_codigo
            UNION ALL SELECT FROM estoque_tempo_real AS t WHERE t.cod_produto = v_codigo
            UNION ALL SELECT FROM movimentacao_prevista AS m WHERE m.cod_produto = v_codigo)
        THEN
            RETURN greatest(_estoque_reagrupar(ARRAY[v_codigo]), 1);
        END IF;
        RETURN 0::bigint;
    END IF;

    -- Gates come first, as the writers lock.
    v_codigos := _estoque_acertar_lotes(v_codigo);
    v_codigos := array_remove(v_codigos, v_codigo) || v_codigo;
    RETURN coalesce(_estoque_recalcular(_estoque_travar_produtos(v_codigos, false)), 0);
END
$body$;

REVOKE ALL ON FUNCTION estoque_recalcular(text) FROM PUBLIC;
COMMENT ON FUNCTION estoque_recalcular(text) IS
    'Rebuilds the product of a code from the sources; the number of products corrected.';
