-- Names of our indexes on the sources that something else bears. An index of ours is one by its name
-- and columns: what an installation that was cut off may have left is taken over, and one that went
-- with a table that is no source any more gives the name up (see _estoque_indexar_fontes).
CREATE FUNCTION _estoque_desajustes_dos_indices() RETURNS TABLE (nome text, dito text[])
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $body$
BEGIN
    RETURN QUERY
    SELECT d.nome, ARRAY['%s is there already, and is not ours', quote_ident(d.nome)]
    FROM _estoque_indices_das_fontes() AS d
    JOIN pg_class AS r ON r.relname = d.nome
        AND r.relnamespace = quote_ident(current_schema())::regnamespace
    LEFT JOIN pg_index AS x ON x.indexrelid = r.oid AND NOT x.indisunique
        AND (x.indpred IS NOT NULL) = (d.definicao ~ ' WHERE ')
    WHERE x.indexrelid IS NULL OR d.colunas <> (
        SELECT array_agg(pg_get_indexdef(r.oid, k, true) ORDER BY k)
        FROM generate_series(1, x.indnatts::integer) AS k);
END
$body$;

GRANT EXECUTE ON FUNCTION _estoque_desajustes_dos_indices() TO PUBLIC;
COMMENT ON FUNCTION _estoque_desajustes_dos_indices() IS
    'Names of our indexes on the sources that something else bears; inner use.';
