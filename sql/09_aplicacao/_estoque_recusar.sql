-- Refuses quantities that cannot be counted, naming table, column and product. What a row had before
-- the statement is not held against it: rows left out by a tolerant install may still be written to.
-- Raises EP001.
CREATE FUNCTION _estoque_recusar(p_deltas _estoque_delta[], p_tabela text, p_coluna text)
RETURNS void
LANGUAGE plpgsql VOLATILE
AS $body$
DECLARE
    v_codigo text;
BEGIN
    SELECT d.codigo INTO v_codigo
    FROM unnest(p_deltas) AS d
    GROUP BY d.codigo
    HAVING sum(d.fora) > 0
    ORDER BY d.codigo
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION USING
            ERRCODE = 'EP001',
            MESSAGE = format('%s.%s of product %L is NaN, infinite or out of range', p_tabela,
                p_coluna, v_codigo),
            HINT = 'Write a finite quantity of less than 1,000,000,000,000;'
                ' nothing of this statement was kept.',
            SCHEMA = current_schema(), TABLE = p_tabela, COLUMN = p_coluna;
    END IF;
END
$body$;

REVOKE ALL ON FUNCTION _estoque_recusar(_estoque_delta[], text, text) FROM PUBLIC;
COMMENT ON FUNCTION _estoque_recusar(_estoque_delta[], text, text) IS
    'Raises EP001 for a quantity that cannot be counted; inner use.';
