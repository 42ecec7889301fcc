-- The companies of the group by name, and why one cannot be asked (fora is its key, erro says it),
-- NULL where it can. A schema that matches the pattern is a company while something is installed in
-- it. What a company's functions do is done with the rights of the group's owner. So it is asked
-- only where nobody can put anything into the way but who could act as that owner anyhow: the
-- schema's owner, who may create in it, and who owns any function, operator or table of ours there.
-- All companies are looked at in one pass over the catalogs. A company elsewhere runs its code
-- there; here its foreign server has to be the owner's, since dblink takes another name for an
-- address. Called by everybody who reads the group, and by _estoque_perguntar.
CREATE OR REPLACE FUNCTION estoque_empresas()
RETURNS TABLE (empresa text, esquema text, servidor text, fora text, erro text)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path FROM CURRENT
AS $body$
#variable_conflict use_column
DECLARE
    -- pg_database_owner has one member, whom no catalog names.
    v_confiaveis oid[] := ARRAY(
        SELECT r.oid FROM pg_roles AS r
        JOIN pg_database AS d ON d.datname = current_database()
        WHERE pg_has_role(CASE WHEN r.rolname = 'pg_database_owner' THEN d.datdba ELSE r.oid END,
            current_user, 'USAGE'));
BEGIN
    RETURN QUERY
    WITH instaladas AS (
        SELECT c.relnamespace AS schema FROM pg_class AS c
        WHERE c.relname = 'estoque_migracao_soma' AND c.relkind = 'r'
    ), nomeadas AS (
        SELECT e.empresa, e.esquema, e.servidor FROM estoque_grupo_empresa AS e
    ), todas AS (
        SELECT m.empresa, m.esquema, m.servidor FROM nomeadas AS m
        UNION ALL
        SELECT n.nspname::text, n.nspname::text, NULL
        FROM estoque_grupo AS g
        -- Of a pattern % alone is one: schemas have _ in their names.
        JOIN pg_namespace AS n
            ON n.nspname LIKE replace(replace(g.padrao, '\', '\\'), '_', '\_')
        WHERE n.oid IN (SELECT i.schema FROM instaladas AS i) AND NOT EXISTS (
            SELECT FROM nomeadas AS m WHERE m.servidor IS NULL AND m.esquema = n.nspname)
    ), daqui AS (
        SELECT t.esquema, n.oid AS schema, n.nspowner, n.nspacl,
            n.oid IN (SELECT i.schema FROM instaladas AS i) AS instalada
        FROM todas AS t
        LEFT JOIN pg_namespace AS n ON n.nspname = t.esquema
        WHERE t.servidor IS NULL
    ), de_outros AS MATERIALIZED (
        -- By the catalog of owners: pg_proc has no index by them, and thousands of long rows.
        SELECT s.classid, s.objid, s.refobjid AS papel
        FROM pg_shdepend AS s
        JOIN pg_database AS d ON d.oid = s.dbid AND d.datname = current_database()
        WHERE s.deptype = 'o' AND s.refclassid = 'pg_authid'::regclass
            AND s.refobjid <> ALL (v_confiaveis)
    ), alheios AS (
        SELECT DISTINCT ON (x.schema) x.schema, x.papel, x.o_que
        FROM (
            SELECT d.schema, 1 AS ordem, d.nspowner AS papel, 'owns the schema' AS o_que
            FROM daqui AS d
            WHERE d.nspowner <> ALL (v_confiaveis)
            UNION ALL
            SELECT d.schema, 2, a.grantee, 'may create in the schema'
            FROM daqui AS d CROSS JOIN aclexplode(d.nspacl) AS a
            WHERE a.privilege_type = 'CREATE' AND a.grantee <> ALL (v_confiaveis)
            UNION ALL
            SELECT p.pronamespace, 3, o.papel, 'owns the function ' || p.proname
            FROM de_outros AS o JOIN pg_proc AS p ON p.oid = o.objid
            WHERE o.classid = 'pg_proc'::regclass
            UNION ALL
            SELECT p.oprnamespace, 4, o.papel, 'owns the operator ' || p.oprname
            FROM de_outros AS o JOIN pg_operator AS p ON p.oid = o.objid
            WHERE o.classid = 'pg_operator'::regclass
            UNION ALL
            SELECT c.relnamespace, 5, o.papel, 'owns ' || c.relname
            FROM de_outros AS o JOIN pg_class AS c ON c.oid = o.objid
            WHERE o.classid = 'pg_class'::regclass
                AND c.relname ~ '^_?estoque_|^movimentacao_prevista$'
        ) AS x
        ORDER BY x.schema, x.ordem, x.o_que
    )
    SELECT t.empresa, t.esquema, t.servidor,
        CASE WHEN t.servidor IS NULL AND d.instalada IS NOT TRUE THEN 'ausente'
            WHEN a.schema IS NOT NULL THEN 'alheia'
            WHEN t.servidor IS NOT NULL AND f.oid IS NULL THEN 'inacessivel' END,
        CASE WHEN t.servidor IS NULL AND d.schema IS NULL THEN
                format('schema %I does not exist', t.esquema)
            WHEN t.servidor IS NULL AND NOT d.instalada THEN
                format('nothing is installed in schema %I', t.esquema)
            WHEN a.schema IS NOT NULL THEN
                format('%s %s and cannot act as %s, who owns the group',
                    coalesce(quote_ident(pg_get_userbyid(nullif(a.papel, 0))), 'PUBLIC'), a.o_que,
                    quote_ident(current_user))
            WHEN t.servidor IS NOT NULL AND f.oid IS NULL THEN
                format('%s has no foreign server %I', quote_ident(current_user), t.servidor) END
    FROM todas AS t
    LEFT JOIN daqui AS d ON d.esquema = t.esquema AND t.servidor IS NULL
    LEFT JOIN alheios AS a ON a.schema = d.schema
    LEFT JOIN pg_foreign_server AS f
        ON f.srvname = t.servidor AND f.srvowner = ANY (v_confiaveis)
    ORDER BY t.empresa;
END
$body$;

REVOKE ALL ON FUNCTION estoque_empresas() FROM PUBLIC;
COMMENT ON FUNCTION estoque_empresas() IS
    'The companies of the group, where each is, and why one cannot be asked.';
