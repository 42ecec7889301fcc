-- Mends what guards the sources: triggers that are missing, as on a partition made since, or disabled.
-- What was written past them is counted then: the products of the tables concerned are recalculated.
-- Returns the number of triggers mended. Runs with the caller's rights: the owner of the sources'.
CREATE FUNCTION estoque_vigiar() RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET search_path FROM CURRENT
AS $body$
DECLARE
    v_tabelas regclass[];
    v_gatilhos bigint;
    v_tabela regclass;
    v_codigo text;
BEGIN
    SELECT v.tabelas, v.gatilhos INTO v_tabelas, v_gatilhos FROM _estoque_vigiar() AS v;
    FOREACH v_tabela IN ARRAY coalesce(v_tabelas, '{}') LOOP
        -- A partition with products holds few of them; any other table concerns them all.
        IF NOT EXISTS (
            SELECT FROM pg_inherits AS i
            JOIN pg_attribute AS a ON a.attrelid = i.inhrelid AND a.attname = 'cod_produto'
            WHERE i.inhrelid = v_tabela)
        THEN
            PERFORM estoque_recalcular_tudo();
            EXIT;
        END IF;
        FOR v_codigo IN EXECUTE format(
            'SELECT DISTINCT f.cod_produto::text FROM %s AS f'
            ' WHERE f.cod_produto IS NOT NULL ORDER BY 1', v_tabela)
        LOOP
            PERFORM estoque_recalcular(v_codigo);
        END LOOP;
    END LOOP;
    RETURN v_gatilhos;
END
$body$;

REVOKE ALL ON FUNCTION estoque_vigiar() FROM PUBLIC;
COMMENT ON FUNCTION estoque_vigiar() IS
    'Puts missing or disabled triggers back on the sources and their partitions, and counts what they missed.';
