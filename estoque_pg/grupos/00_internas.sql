-- Another version of the package may have had inner functions with other arguments.
DO $body$
DECLARE
    v_funcao regprocedure;
BEGIN
    FOR v_funcao IN
        SELECT p.oid FROM pg_proc AS p
        WHERE p.pronamespace = quote_ident(current_schema())::regnamespace
            AND p.proname ~ '^_estoque_'
    LOOP
        EXECUTE format('DROP FUNCTION %s', v_funcao);
    END LOOP;
END
$body$;
