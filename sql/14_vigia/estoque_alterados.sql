-- The parts of the installation that are not as they were installed, and our indexes on the sources
-- that are gone. estado:
--   missing      gone;
--   changed      another definition than the one installed, but for estoque_hoje, which is there to be
--                replaced;
--   invalid      an index that PostgreSQL does not use: whoever built it was cut off;
--   rights       everybody may do more with it, or less;
--   search_path  a function that looks for what it names in another schema;
--   uncompared   written otherwise since PostgreSQL was upgraded, which may be all, or a change.
CREATE FUNCTION estoque_alterados()
RETURNS TABLE (tipo text, objeto text, estado text)
LANGUAGE plpgsql STABLE ROWS 1
SET search_path FROM CURRENT
AS $body$
DECLARE
    -- By themselves: the catalogs are of the server that is asked, the table may be on another. By the
    -- names of its columns: there it may never have had the column that was dropped here.
    v_assinadas jsonb := (
        SELECT jsonb_agg(jsonb_build_object('tipo', a.tipo, 'objeto', a.objeto,
            'definicao', a.definicao, 'servidor', a.servidor, 'direitos', a.direitos))
        FROM estoque_assinatura AS a);
BEGIN
    RETURN QUERY
    SELECT x.tipo, x.objeto, x.estado
    FROM (
        SELECT a.tipo, a.objeto, CASE
            WHEN p.objeto IS NULL THEN 'missing'
            WHEN NOT p.inteira THEN 'invalid'
            WHEN a.definicao <> p.definicao AND a.objeto <> 'estoque_hoje()' THEN
                CASE WHEN a.tipo IN ('function', 'view')
                    AND a.servidor <> current_setting('server_version_num')::integer / 10000
                    THEN 'uncompared' ELSE 'changed' END
            WHEN p.caminho <> replace(current_setting('search_path'), '"', '')
                AND a.objeto <> 'estoque_hoje()'
                THEN 'search_path'
            WHEN a.direitos <> p.direitos THEN 'rights'
            END AS estado
        FROM jsonb_to_recordset(v_assinadas) AS a (
            tipo text, objeto text, definicao text, servidor integer, direitos text[])
        LEFT JOIN _estoque_pecas() AS p ON p.tipo = a.tipo AND p.objeto = a.objeto
        UNION ALL
        SELECT 'index', i.nome, CASE WHEN x.indexrelid IS NULL THEN 'missing'
            WHEN NOT x.indisvalid THEN 'invalid' END
        FROM _estoque_indices_das_fontes() AS i
        LEFT JOIN pg_index AS x ON x.indexrelid = to_regclass(quote_ident(i.nome))
            AND x.indrelid = to_regclass(quote_ident(i.tabela))
        WHERE to_regclass(quote_ident(i.tabela)) IS NOT NULL
    ) AS x
    WHERE x.estado IS NOT NULL
    ORDER BY x.tipo, x.objeto;
END
$body$;

GRANT EXECUTE ON FUNCTION estoque_alterados() TO PUBLIC;
COMMENT ON FUNCTION estoque_alterados() IS
    'Parts of the installation that are not as they were installed.';
