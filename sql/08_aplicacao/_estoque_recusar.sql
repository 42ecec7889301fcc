-- Refuses a statement that wrote a quantity which cannot be counted, naming column and product.
-- Always raises, EP001.
CREATE FUNCTION _estoque_recusar(p_deltas _estoque_delta[], p_tabela text, p_coluna text)
RETURNS void
LANGUAGE plpgsql VOLATILE
AS $body$
BEGIN
    RAISE EXCEPTION USING
        ERRCODE = 'EP001',
        MESSAGE = format('%s.%s of product %L is NaN, infinite or out of range', p_tabela, p_coluna,
            (SELECT min(d.codigo) FROM unnest(p_deltas) AS d WHERE NOT d.cabe)),
        HINT = 'Write a finite quantity of less than 1,000,000,000,000;'
            ' nothing of this statement was kept.',
        SCHEMA = current_schema(), TABLE = p_tabela, COLUMN = p_coluna;
END
$body$;

REVOKE ALL ON FUNCTION _estoque_recusar(_estoque_delta[], text, text) FROM PUBLIC;
COMMENT ON FUNCTION _estoque_recusar(_estoque_delta[], text, text) IS
    'Raises EP001 for a quantity that cannot be counted; inner use.';
