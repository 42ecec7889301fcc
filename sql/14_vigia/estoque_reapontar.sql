-- Binds our functions to the schema they are in, after ALTER SCHEMA ... RENAME, or where a script has
-- cloned one: each is bound at the installation to the schema of that time, and until it is bound
-- anew every write of a source fails. Everything else that a vigil mends is left to estoque_vigiar.
-- schema is that of the functions themselves, which they cannot find out. Returns how many were bound
-- elsewhere. Runs with the caller's rights: the owner's of the functions.
CREATE FUNCTION estoque_reapontar(schema text) RETURNS integer
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
SET quote_all_identifiers = off
AS $body$
DECLARE
    v_caminho text := format('%I, pg_temp', estoque_reapontar.schema);
    v_funcao regprocedure;
    v_quantas integer := 0;
BEGIN
    -- The names of the parameters' types are told as that schema sees them.
    PERFORM set_config('search_path', v_caminho, true);
    FOR v_funcao IN EXECUTE format($q$
        SELECT p.oid::regprocedure
        FROM pg_proc AS p
        JOIN %1$I.estoque_assinatura AS a
            ON a.tipo = 'function' AND a.objeto = p.oid::regprocedure::text
        WHERE p.pronamespace = quote_ident(%1$L)::regnamespace AND EXISTS (
            SELECT FROM unnest(p.proconfig) AS x (c)
            WHERE x.c ~ '^search_path=(?!"?pg_catalog"?,)'
                AND replace(x.c, '"', '') <> 'search_path=' || replace(%2$L, '"', ''))
        $q$, estoque_reapontar.schema, v_caminho)
    LOOP
        EXECUTE format('ALTER FUNCTION %s SET search_path = %I, pg_temp',
            v_funcao, estoque_reapontar.schema);
        v_quantas := v_quantas + 1;
    END LOOP;
    RETURN v_quantas;
END
$body$;

REVOKE ALL ON FUNCTION estoque_reapontar(text) FROM PUBLIC;
COMMENT ON FUNCTION estoque_reapontar(text) IS
    'Binds our functions to the schema they are in, after it was renamed; returns how many.';
