-- Takes everything of a group away, its servers included; what others made in its schema stays.
SELECT count(estoque_retirar(e.empresa)) FROM estoque_grupo_empresa AS e;
DROP VIEW rupturas, estatisticas, estoque_por_codigo;
DO $body$
DECLARE
    v_funcao regprocedure;
BEGIN
    FOR v_funcao IN
        SELECT p.oid FROM pg_proc AS p
        WHERE p.pronamespace = quote_ident(current_schema())::regnamespace
            AND p.proname ~ '^_?estoque_'
    LOOP
        EXECUTE format('DROP FUNCTION %s', v_funcao);
    END LOOP;
END
$body$;
DROP TABLE estoque_grupo_empresa, estoque_grupo;
