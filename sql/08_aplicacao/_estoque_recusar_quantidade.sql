-- Refuses a statement that wrote a quantity which cannot be counted. Always raises EP001.
CREATE FUNCTION _estoque_recusar_quantidade(p_tabela text, p_coluna text, p_produto text)
RETURNS void
LANGUAGE plpgsql VOLATILE
AS $body$
BEGIN
    RAISE EXCEPTION USING
        ERRCODE = 'EP001',
        MESSAGE = format('%s.%s of product %L is NaN, infinite or out of range',
            p_tabela, p_coluna, p_produto),
        HINT = 'Write a finite quantity of less than 1,000,000,000,000; nothing of this statement was kept.',
        SCHEMA = current_schema(), TABLE = p_tabela, COLUMN = p_coluna;
END
$body$;

REVOKE ALL ON FUNCTION _estoque_recusar_quantidade(text, text, text) FROM PUBLIC;
COMMENT ON FUNCTION _estoque_recusar_quantidade(text, text, text) IS
    'Raises EP001 for a quantity that cannot be counted; inner use.';
