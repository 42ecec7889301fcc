-- What does not fit of the columns of the sources: tables and columns that are missing, types that
-- cannot be counted, collations that cannot be compared. nome is what it is about, for the order; dito is
-- a model of format() and its values.
CREATE FUNCTION _estoque_desajustes_das_colunas() RETURNS TABLE (nome text, dito text[])
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $body$
BEGIN
    RETURN QUERY
    WITH coluna AS (
        SELECT e.tabela, e.tipos, r.oid AS relacao, format('%I.%I', e.tabela, e.coluna) AS nome,
            a.attname, format_type(a.atttypid, a.atttypmod) AS tipo, t.typname, b.typname AS base,
            o.collname AS ordenacao, o.collisdeterministic AS exata
        FROM _estoque_colunas_das_fontes() AS e
        LEFT JOIN pg_class AS r ON r.relname = e.tabela AND r.relkind IN ('r', 'p')
            AND r.relnamespace = quote_ident(current_schema())::regnamespace
        LEFT JOIN pg_attribute AS a ON a.attrelid = r.oid AND a.attname = e.coluna
            AND a.attnum > 0 AND NOT a.attisdropped
        LEFT JOIN pg_type AS t ON t.oid = a.atttypid
        LEFT JOIN pg_type AS b ON b.oid = t.typbasetype
        LEFT JOIN pg_collation AS o ON o.oid = a.attcollation
    )
    SELECT DISTINCT c.tabela, ARRAY['%s is not a table', quote_ident(c.tabela)]
    FROM coluna AS c WHERE c.relacao IS NULL
    UNION ALL
    SELECT c.nome, ARRAY['%s is missing', c.nome]
    FROM coluna AS c WHERE c.relacao IS NOT NULL AND c.attname IS NULL
    UNION ALL
    SELECT c.nome, ARRAY['%s is %s, expected %s', c.nome, c.tipo,
        (SELECT string_agg(x.tipo::regtype::text, ', ') FROM _estoque_tipos_aceitos() AS x
         WHERE x.tipos = c.tipos)]
    FROM coluna AS c
    WHERE c.attname IS NOT NULL AND c.tipos <> 'qualquer' AND NOT EXISTS (
        SELECT FROM _estoque_tipos_aceitos() AS x
        WHERE x.tipos = c.tipos AND x.tipo IN (c.typname, c.base))
    UNION ALL
    -- Codes are compared as they are written: 'abc' and 'ABC' are two.
    SELECT c.nome, ARRAY['%s has the nondeterministic collation %s', c.nome, quote_ident(c.ordenacao)]
    FROM coluna AS c WHERE c.tipos IN ('texto', 'codigo') AND NOT c.exata
    UNION ALL
    -- PostgreSQL does not compare columns of two collations, unless one is the database's own.
    SELECT min(c.nome), ARRAY['%s have different collations: %s',
        string_agg(c.nome, ', ' ORDER BY c.nome),
        string_agg(DISTINCT quote_ident(c.ordenacao), ', ')]
    FROM coluna AS c
    WHERE c.attname IN ('cod_produto', 'separacao_lote_id') AND c.ordenacao <> 'default'
    GROUP BY c.attname
    HAVING count(DISTINCT c.ordenacao) > 1;
END
$body$;

GRANT EXECUTE ON FUNCTION _estoque_desajustes_das_colunas() TO PUBLIC;
COMMENT ON FUNCTION _estoque_desajustes_das_colunas() IS
    'What does not fit of the columns of the sources; inner use.';
