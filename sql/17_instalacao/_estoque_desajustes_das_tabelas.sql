-- What does not fit of the sources as tables: owners, policies that hide rows, partitions that are
-- elsewhere, a source that is itself below another table; and what p_papel, who owns our functions or
-- is about to, may not do. nome is what it is about, for the order.
CREATE FUNCTION _estoque_desajustes_das_tabelas(p_papel name) RETURNS TABLE (nome text, texto text)
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
    SELECT a.tabela, format('%s is owned by %s, and %I is no member of that role',
        a.relacao::regclass, r.relowner::regrole, p_papel)
    FROM arvore AS a JOIN pg_class AS r ON r.oid = a.relacao
    WHERE NOT pg_has_role(p_papel, r.relowner, 'USAGE')
    UNION ALL
    -- What row_security_active says of the current role.
    SELECT f.tabela, format('%I hides rows from %I by row level security', f.tabela, p_papel)
    FROM fonte AS f
    JOIN pg_class AS r ON r.oid = f.relacao AND r.relrowsecurity
    JOIN pg_roles AS p ON p.rolname = p_papel AND NOT p.rolsuper AND NOT p.rolbypassrls
    WHERE r.relforcerowsecurity OR NOT pg_has_role(p_papel, r.relowner, 'USAGE')
    UNION ALL
    SELECT current_schema()::text, format('%I may not use the schema %I', p_papel, current_schema())
    WHERE NOT has_schema_privilege(p_papel, current_schema(), 'USAGE')
    UNION ALL
    SELECT f.tabela, format('%I may not read %I', p_papel, f.tabela)
    FROM fonte AS f
    WHERE NOT has_table_privilege(p_papel, f.relacao, 'SELECT')
    UNION ALL
    SELECT r.relname::text, format('%I may not read and write %I', p_papel, r.relname)
    FROM pg_class AS r
    CROSS JOIN LATERAL (
        SELECT bool_and(has_table_privilege(p_papel, r.oid, x.direito)) AS tudo
        FROM (VALUES ('SELECT'), ('INSERT'), ('UPDATE'), ('DELETE')) AS x (direito)
    ) AS d
    WHERE r.relnamespace = quote_ident(current_schema())::regnamespace AND r.relkind = 'r'
        AND r.relname = ANY (_estoque_relacoes()) AND NOT d.tudo
    UNION ALL
    SELECT DISTINCT a.tabela, format('%I has a foreign table among its partitions', a.tabela)
    FROM arvore AS a JOIN pg_class AS r ON r.oid = a.relacao
    WHERE r.relkind = 'f'
    UNION ALL
    -- A statement fires the triggers of the table it names, not those of the tables below it.
    SELECT f.tabela, format('%I is a partition or child of %s: what is written through that'
        ' would not be seen', f.tabela, i.inhparent::regclass)
    FROM fonte AS f JOIN pg_inherits AS i ON i.inhrelid = f.relacao;
END
$body$;

GRANT EXECUTE ON FUNCTION _estoque_desajustes_das_tabelas(name) TO PUBLIC;
COMMENT ON FUNCTION _estoque_desajustes_das_tabelas(name) IS
    'What does not fit of the sources as tables; inner use.';
