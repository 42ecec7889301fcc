-- Refuses quantities that cannot be counted, naming table, column and product; where several rows have
-- such, the first ten products, by code. What a row had before the statement is not held against it:
-- rows left out by a tolerant install may still be written to.
-- Raises EP001.
CREATE FUNCTION _estoque_recusar(p_deltas _estoque_delta[], p_tabela text, p_coluna text)
RETURNS void
LANGUAGE plpgsql VOLATILE
AS $body$
DECLARE
    v_linhas bigint;
    v_produtos bigint;
    v_codigo text;
    v_lista text;
    v_dica CONSTANT text := 'Write a finite quantity of less than 1,000,000,000,000;'
        ' nothing of this statement was kept.';
BEGIN
    SELECT sum(x.linhas)::bigint, count(*), min(x.codigo),
        string_agg(format('%s.%s of product %L%s', p_tabela, p_coluna, x.codigo,
            CASE WHEN x.linhas > 1 THEN format(' in %s rows', x.linhas) END),
            E'\n' ORDER BY x.ordem) FILTER (WHERE x.ordem <= 10)
    INTO v_linhas, v_produtos, v_codigo, v_lista
    FROM (
        SELECT d.codigo, sum(d.fora) AS linhas, row_number() OVER (ORDER BY d.codigo) AS ordem
        FROM unnest(p_deltas) AS d
        GROUP BY d.codigo
        HAVING sum(d.fora) > 0
    ) AS x;
    IF v_linhas = 1 THEN
        RAISE EXCEPTION USING
            ERRCODE = 'EP001',
            MESSAGE = format('%s.%s of product %L is NaN, infinite or out of range', p_tabela,
                p_coluna, v_codigo),
            HINT = v_dica,
            SCHEMA = current_schema(), TABLE = p_tabela, COLUMN = p_coluna;
    ELSIF v_linhas > 1 THEN
        RAISE EXCEPTION USING
            ERRCODE = 'EP001',
            MESSAGE = format('%s.%s is NaN, infinite or out of range in %s rows', p_tabela,
                p_coluna, v_linhas),
            DETAIL = v_lista || CASE WHEN v_produtos > 10
                THEN format(E'\nand of %s more', v_produtos - 10) ELSE '' END,
            HINT = v_dica,
            SCHEMA = current_schema(), TABLE = p_tabela, COLUMN = p_coluna;
    END IF;
END
$body$;

REVOKE ALL ON FUNCTION _estoque_recusar(_estoque_delta[], text, text) FROM PUBLIC;
COMMENT ON FUNCTION _estoque_recusar(_estoque_delta[], text, text) IS
    'Raises EP001 for a quantity that cannot be counted; inner use.';
