-- What does not fit of the sources as tables: owners, policies that hide rows, partitions that are
-- elsewhere, a source that is itself below another table. nome is what it is about, for the order.
CREATE FUNCTION _estoque_desajustes_das_tabelas() RETURNS TABLE (nome text, texto text)
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
        a.relacao::regclass, r.relowner::regrole, current_user)
    FROM arvore AS a JOIN pg_class AS r ON r.oid = a.relacao
    WHERE NOT pg_has_role(r.relowner, 'USAGE')
    UNION ALL
    SELECT f.tabela, format('%I hides rows from %I by row level security', f.tabela, current_user)
    FROM fonte AS f WHERE row_security_active(f.relacao)
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

GRANT EXECUTE ON FUNCTION _estoque_desajustes_das_tabelas() TO PUBLIC;
COMMENT ON FUNCTION _estoque_desajustes_das_tabelas() IS
    'What does not fit of the sources as tables; inner use.';
