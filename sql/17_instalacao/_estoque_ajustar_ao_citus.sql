-- Where Citus has distributed the schema, gives our functions what they need there: the one place that
-- knows it. How a function is carried out changes, never what it says. Done before the parts are signed
-- (_estoque_assinar), so that what goes missing of it is told and put back like anything else, and each
-- time parts were put back. Does nothing without Citus.
--
-- - What reads tables may stand in a query that Citus sends to the node of the schema, and then reads
--   there: all tables of the schema are on that one node. Never in parallel: a statement of Citus is not.
-- - A body of LANGUAGE sql that reads tables is not planned there; it becomes one of PL/pgSQL, as it is.
-- - INSERT ... SELECT with a parameter has no plan that does not know its value.
-- - Triggers on a distributed table have to be allowed.
-- - What has to see one snapshot, or locks what is of one server, runs whole on that node.
CREATE FUNCTION _estoque_ajustar_ao_citus() RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path FROM CURRENT
SET quote_all_identifiers = off
SET client_min_messages = warning
SET check_function_bodies = off
AS $body$
DECLARE
    c_com_valores CONSTANT text[] := ARRAY['_estoque_contribuicoes', '_estoque_registrar',
        '_estoque_travar_lotes', '_estoque_prever_varios'];
    -- These read the catalogs of the server at which they are called, or change them.
    c_daqui CONSTANT text[] := ARRAY['estoque_hoje', 'estoque_agendar', 'estoque_desagendar',
        'estoque_conceder', 'estoque_vigiar', 'estoque_reapontar', 'estoque_gatilhos',
        'estoque_alterados', 'estoque_desajustes'];
    v_nossas text[];
    v_funcao record;
    v_tabela regclass;
BEGIN
    IF NOT _estoque_no_citus() THEN
        RETURN;
    END IF;
    -- A table that a function has made is left at the coordinator.
    FOR v_tabela IN EXECUTE format('SELECT c.oid::regclass FROM pg_class AS c'
        ' WHERE c.relnamespace = quote_ident(current_schema())::regnamespace AND c.relkind = ''r'''
        ' AND c.relname = ANY (_estoque_relacoes())'
        ' AND c.oid NOT IN (SELECT d.logicalrelid FROM %I AS d)', 'pg_dist_partition')
    LOOP
        EXECUTE format('SELECT %I($1, NULL, colocate_with := $2)', 'create_distributed_table')
        USING v_tabela, format('%I.movimentacao_estoque', current_schema());
    END LOOP;
    v_nossas := ARRAY(SELECT a.objeto FROM estoque_assinatura AS a WHERE a.tipo = 'function');
    FOR v_funcao IN
        SELECT p.oid::regprocedure AS nome, p.proname::text AS curto, p.provolatile AS especie,
            c.corpo IS NOT NULL AS em_sql,
            -- NULL but for a body of LANGUAGE sql that is a query.
            regexp_replace(pg_get_functiondef(p.oid),
                ' LANGUAGE sql(.*)(AS \$function\$|BEGIN ATOMIC).*$', ' LANGUAGE plpgsql\1AS ') || quote_literal(format(
                    E'#variable_conflict use_column\nBEGIN\n    %s;\nEND', CASE
                        WHEN p.proretset THEN 'RETURN QUERY ' || c.corpo
                        ELSE 'RETURN (' || c.corpo || ')' END)) AS convertida
        FROM pg_proc AS p
        JOIN pg_language AS l ON l.oid = p.prolang
        CROSS JOIN LATERAL (
            SELECT CASE WHEN l.lanname <> 'sql' THEN NULL
                WHEN p.prosrc <> '' THEN p.prosrc
                ELSE substring(pg_get_function_sqlbody(p.oid)
                    FROM '^BEGIN ATOMIC\s+(.*);\s*END$') END AS corpo
        ) AS c
        WHERE p.pronamespace = quote_ident(current_schema())::regnamespace
            AND p.prokind = 'f' AND p.proname ~ '^_?estoque_' AND p.proname <> 'estoque_hoje'
            AND (age(p.xmin) <= 0 OR p.oid::regprocedure::text = ANY (v_nossas))
    LOOP
        IF v_funcao.especie = 's' THEN
            IF v_funcao.em_sql THEN
                EXECUTE v_funcao.convertida;
                EXECUTE format('ALTER FUNCTION %s SET search_path = %I, pg_temp', v_funcao.nome,
                    current_schema());
            END IF;
            EXECUTE format('ALTER FUNCTION %s PARALLEL UNSAFE'
                ' SET citus.allow_nested_distributed_execution = on', v_funcao.nome);
        END IF;
        IF v_funcao.curto = '_estoque_vigiar' THEN
            EXECUTE format('ALTER FUNCTION %s SET citus.enable_unsafe_triggers = on', v_funcao.nome);
        END IF;
        IF v_funcao.curto = ANY (c_com_valores) THEN
            EXECUTE format('ALTER FUNCTION %s SET plan_cache_mode = force_custom_plan',
                v_funcao.nome);
        END IF;
        IF v_funcao.curto ~ '^estoque_' AND v_funcao.especie <> 'i'
            AND v_funcao.curto <> ALL (c_daqui)
        THEN
            EXECUTE format('SELECT %I($1, colocate_with := $2)', 'create_distributed_function')
            USING v_funcao.nome, format('%I.estoque_tempo_real', current_schema());
        END IF;
    END LOOP;
END
$body$;

REVOKE ALL ON FUNCTION _estoque_ajustar_ao_citus() FROM PUBLIC;
COMMENT ON FUNCTION _estoque_ajustar_ao_citus() IS
    'Gives our functions what they need where Citus has distributed the schema; inner use.';
