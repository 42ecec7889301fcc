-- Counts what was written to tables while they had no triggers: recalculates their products.
-- One whose sum does not fit is noted as failing; the triggers do not wait for it to be mended.
CREATE FUNCTION _estoque_recontar(p_tabelas regclass[]) RETURNS void
LANGUAGE plpgsql VOLATILE
AS $body$
DECLARE
    v_tabela regclass;
    v_codigo text;
BEGIN
    FOREACH v_tabela IN ARRAY coalesce(p_tabelas, '{}') LOOP
        -- A partition with products holds few of them; any other table concerns them all.
        IF NOT EXISTS (
            SELECT FROM pg_inherits AS i
            JOIN pg_attribute AS a ON a.attrelid = i.inhrelid AND a.attname = 'cod_produto'
            WHERE i.inhrelid = v_tabela)
        THEN
            PERFORM estoque_recalcular_tudo();
            RETURN;
        END IF;
    END LOOP;
    FOREACH v_tabela IN ARRAY coalesce(p_tabelas, '{}') LOOP
        FOR v_codigo IN EXECUTE format(
            'SELECT DISTINCT f.cod_produto::text FROM %s AS f'
            ' WHERE f.cod_produto IS NOT NULL ORDER BY 1', v_tabela)
        LOOP
            BEGIN
                PERFORM estoque_recalcular(v_codigo);
            EXCEPTION WHEN numeric_value_out_of_range THEN
                PERFORM _estoque_anotar_falha(v_codigo, SQLSTATE, SQLERRM);
            END;
        END LOOP;
    END LOOP;
END
$body$;

REVOKE ALL ON FUNCTION _estoque_recontar(regclass[]) FROM PUBLIC;
COMMENT ON FUNCTION _estoque_recontar(regclass[]) IS
    'Recalculates the products of tables that had no triggers; inner use.';
