-- Counts what was written to tables while they had no triggers: recalculates the products that are
-- wrong. Not only those the tables mention now: what was deleted from them is to be counted as well.
-- One whose sum does not fit is noted as failing; the triggers do not wait for it to be mended.
CREATE FUNCTION _estoque_recontar(p_tabelas regclass[]) RETURNS void
LANGUAGE plpgsql VOLATILE
AS $body$
DECLARE
    v_codigos text[];
    v_codigo text;
BEGIN
    IF coalesce(cardinality(p_tabelas), 0) = 0 THEN
        RETURN;
    END IF;
    -- One partition of a table with products concerns few of them; any other table may all.
    IF EXISTS (
        SELECT FROM unnest(p_tabelas) AS t (tabela)
        WHERE NOT EXISTS (
            SELECT FROM pg_inherits AS i
            JOIN pg_attribute AS a ON a.attrelid = i.inhrelid AND a.attname = 'cod_produto'
            WHERE i.inhrelid = t.tabela))
    THEN
        PERFORM _estoque_refazer();
        RETURN;
    END IF;
    BEGIN
        v_codigos := ARRAY(SELECT DISTINCT d.cod_produto FROM estoque_verificar() AS d
                           WHERE d.cod_produto IS NOT NULL ORDER BY 1);
    EXCEPTION WHEN numeric_value_out_of_range THEN
        -- A sum that does not fit cannot be compared with the others; each by itself, then.
        v_codigos := ARRAY(SELECT DISTINCT c FROM _estoque_codigos(p_tabelas) AS c ORDER BY 1);
    END;
    FOREACH v_codigo IN ARRAY v_codigos LOOP
        BEGIN
            PERFORM estoque_recalcular(v_codigo);
        EXCEPTION WHEN numeric_value_out_of_range THEN
            PERFORM _estoque_anotar_falha(v_codigo, SQLSTATE, SQLERRM);
        END;
    END LOOP;
END
$body$;

REVOKE ALL ON FUNCTION _estoque_recontar(regclass[]) FROM PUBLIC;
COMMENT ON FUNCTION _estoque_recontar(regclass[]) IS
    'Recalculates what was written to tables that had no triggers; inner use.';
