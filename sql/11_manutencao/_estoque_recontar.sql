-- Counts what was written to tables while they had no triggers: recalculates their products.
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
            PERFORM estoque_recalcular(v_codigo);
        END LOOP;
    END LOOP;
END
$body$;

REVOKE ALL ON FUNCTION _estoque_recontar(regclass[]) FROM PUBLIC;
COMMENT ON FUNCTION _estoque_recontar(regclass[]) IS
    'Recalculates the products of tables that had no triggers; inner use.';
