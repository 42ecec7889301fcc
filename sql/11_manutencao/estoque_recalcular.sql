-- Rebuilds the product of a code from the sources, under the lock on its row: safe while others write.
-- Returns 1 when something stored was wrong, 0 otherwise; 0 for a code that no source mentions.
CREATE FUNCTION estoque_recalcular(codigo text) RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path FROM CURRENT
AS $body$
#variable_conflict use_column
DECLARE
    v_codigo text := estoque_recalcular.codigo;
    v_produto text;
    v_conhecido boolean;
    v_certo text;
BEGIN
    SELECT k.cod_produto INTO v_certo FROM _estoque_canonicos(ARRAY[v_codigo]) AS k;
    v_conhecido := EXISTS (SELECT FROM _estoque_mencionados(ARRAY[v_codigo]));

    -- Resolve and lock in one statement, as writers do; a group changing meanwhile is asked again.
    SELECT t.cod_produto INTO v_produto
    FROM estoque_codigo_conhecido AS c
    JOIN estoque_tempo_real AS t ON t.cod_produto = c.cod_produto
    WHERE c.codigo = v_codigo
    FOR NO KEY UPDATE OF t;
    IF v_produto = v_certo AND v_conhecido THEN
        RETURN _estoque_reconstruir(ARRAY[v_produto]);
    END IF;
    IF v_produto IS NULL AND NOT v_conhecido THEN
        RETURN 0::bigint;
    END IF;
    RETURN greatest(_estoque_reagrupar(ARRAY[v_codigo]), 1);
END
$body$;

REVOKE ALL ON FUNCTION estoque_recalcular(text) FROM PUBLIC;
COMMENT ON FUNCTION estoque_recalcular(text) IS
    'Rebuilds the product of a code from the sources; the number of products corrected.';
