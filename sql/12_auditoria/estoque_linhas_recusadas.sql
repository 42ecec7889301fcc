-- Rows of the sources that cannot be counted: quantities that are NaN, infinite or out of range, and
-- unifications that contradict each other. The triggers refuse such rows; an installation finds those
-- that were there before. consulta is a query that lists them, good where nothing is installed.
CREATE FUNCTION estoque_linhas_recusadas()
RETURNS TABLE (tabela text, linhas bigint, motivo text, consulta text)
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $body$
BEGIN
    RETURN QUERY
    SELECT r.tabela, r.linhas, r.motivo, r.consulta FROM _estoque_linhas_recusadas() AS r;
END
$body$;

GRANT EXECUTE ON FUNCTION estoque_linhas_recusadas() TO PUBLIC;
COMMENT ON FUNCTION estoque_linhas_recusadas() IS
    'Source rows that are left out because they cannot be counted, with a query that lists them.';
