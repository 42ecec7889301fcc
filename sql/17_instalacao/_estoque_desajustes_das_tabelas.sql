-- What does not fit of the sources as tables: owners, policies that hide rows, partitions that are
-- elsewhere, a source that is itself below another table; and what p_papel, who owns our functions or
-- is about to, may not do. nome is what it is about, for the order; dito is a
-- model of format() and its values.
CREATE FUNCTION _estoque_desajustes_das_tabelas(p_papel name) RETURNS TABLE (nome text, dito text[])
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $body$
BEGIN
    RETURN QUERY
    WITH RECURSIVE fonte AS (
        SELECT f.tabela, r.oid AS relacao
        FROM _estoque_fontes() AS f
        JOIN pg_class AS r ON r.relname = f.tabela AND r.relkind IN ('r', 'p')
            AND r.relnamespace = quote_ident(current_schema())::regnamespace
    ),
    arvore AS (
        SELECT f.tabela, f.relacao FROM fonte AS f
        UNION
        SELECT a.tabela, i.inhrelid FROM arvore AS a JOIN pg_inherits AS i ON i.inhparent = a.relacao
    )
    -- Indexes ask for the owner's rights, and the triggers' functions read as the installer.
    SELECT a.tabela, ARRAY['%s is owned by %s, and %s is no member of that role',
        a.relacao::regclass::text, r.relowner::regrole::text, quote_ident(p_papel)]
    FROM arvore AS a JOIN pg_class AS r ON r.oid = a.relacao
    WHERE NOT pg_has_role(p_papel, r.relowner, 'USAGE')
    UNION ALL
    -- What row_security_active says of the current role.
    SELECT f.tabela, ARRAY['%s hides rows from %s by row level security',
        quote_ident(f.tabela), quote_ident(p_papel)]
    FROM fonte AS f
    JOIN pg_class AS r ON r.oid = f.relacao AND r.relrowsecurity
    JOIN pg_roles AS p ON p.rolname = p_papel AND NOT p.rolsuper AND NOT p.rolbypassrls
    WHERE r.relforcerowsecurity OR NOT pg_has_role(p_papel, r.relowner, 'USAGE')
    UNION ALL
    SELECT current_schema()::text, ARRAY['%s may not use the schema %s',
        quote_ident(p_papel), quote_ident(current_schema())]
    WHERE NOT has_schema_privilege(p_papel, current_schema(), 'USAGE')
    UNION ALL
    SELECT f.tabela, ARRAY['%s may not read %s', quote_ident(p_papel), quote_ident(f.tabela)]
    FROM fonte AS f
    WHERE NOT has_table_privilege(p_papel, f.relacao, 'SELECT')
    UNION ALL
    SELECT r.relname::text, ARRAY['%s may not read and write %s',
        quote_ident(p_papel), quote_ident(r.relname)]
    FROM pg_class AS r
    CROSS JOIN LATERAL (
        SELECT bool_and(has_table_privilege(p_papel, r.oid, x.direito)) AS tudo
        FROM (VALUES ('SELECT'), ('INSERT'), ('UPDATE'), ('DELETE')) AS x (direito)
    ) AS d
    WHERE r.relnamespace = quote_ident(current_schema())::regnamespace AND r.relkind = 'r'
        AND r.relname = ANY (_estoque_relacoes()) AND NOT d.tudo
    UNION ALL
    SELECT DISTINCT a.tabela, ARRAY['%s has a foreign table among its partitions',
        quote_ident(a.tabela)]
    FROM arvore AS a JOIN pg_class AS r ON r.oid = a.relacao
    WHERE r.relkind = 'f'
    UNION ALL
    -- A statement fires the triggers of the table it names, not those of the tables below it.
    SELECT f.tabela, ARRAY['%s is a partition or child of %s: what is written through that'
        ' would not be seen', quote_ident(f.tabela), i.inhparent::regclass::text]
    FROM fonte AS f JOIN pg_inherits AS i ON i.inhrelid = f.relacao;
END
$body$;

GRANT EXECUTE ON FUNCTION _estoque_desajustes_das_tabelas(name) TO PUBLIC;
COMMENT ON FUNCTION _estoque_desajustes_das_tabelas(name) IS
    'What does not fit of the sources as tables; inner use.';
