-- Generated from sql/ by `make migration`; edit there.
-- Rebuilds every product, code and gate from the sources. Idempotent; writers wait for its end.
CREATE OR REPLACE FUNCTION estoque_recalcular_tudo() RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path FROM CURRENT
SET row_security = off
AS $body$
DECLARE
    v_corrigidos bigint := _estoque_recalcular_tudo();
BEGIN
    UPDATE estoque_controle SET recusadas = EXISTS (SELECT FROM estoque_linhas_recusadas())
    WHERE recusadas;
    RETURN v_corrigidos;
END
$body$;

REVOKE ALL ON FUNCTION estoque_recalcular_tudo() FROM PUBLIC;
COMMENT ON FUNCTION estoque_recalcular_tudo() IS
    'Rebuilds everything from the sources; the number of products corrected.';
-- Counts what was written to tables while they had no triggers: recalculates the products that are
-- wrong. Not only those the tables mention now: what was deleted from them is to be counted as well.
-- One whose sum does not fit is noted as failing; the triggers do not wait for it to be mended.
CREATE OR REPLACE FUNCTION _estoque_recontar(p_tabelas regclass[]) RETURNS void
LANGUAGE plpgsql VOLATILE
AS $body$
DECLARE
    v_codigos text[];
    v_codigo text;
BEGIN
    IF coalesce(cardinality(p_tabelas), 0) = 0 THEN
        RETURN;
    END IF;
    -- One partition of a table with products concerns few of them; any other table may all.
    IF EXISTS (
        SELECT FROM unnest(p_tabelas) AS t (tabela)
        WHERE NOT EXISTS (
            SELECT FROM pg_inherits AS i
            JOIN pg_attribute AS a ON a.attrelid = i.inhrelid AND a.attname = 'cod_produto'
            WHERE i.inhrelid = t.tabela))
    THEN
        PERFORM estoque_recalcular_tudo();
        RETURN;
    END IF;
    BEGIN
        v_codigos := ARRAY(SELECT DISTINCT d.cod_produto FROM estoque_verificar() AS d
                           WHERE d.cod_produto IS NOT NULL ORDER BY 1);
    EXCEPTION WHEN numeric_value_out_of_range THEN
        -- A sum that does not fit cannot be compared with the others; each by itself, then.
        v_codigos := ARRAY(SELECT DISTINCT c FROM _estoque_codigos(p_tabelas) AS c ORDER BY 1);
    END;
    FOREACH v_codigo IN ARRAY v_codigos LOOP
        BEGIN
            PERFORM estoque_recalcular(v_codigo);
        EXCEPTION WHEN numeric_value_out_of_range THEN
            PERFORM _estoque_anotar_falha(v_codigo, SQLSTATE, SQLERRM);
        END;
    END LOOP;
END
$body$;

REVOKE ALL ON FUNCTION _estoque_recontar(regclass[]) FROM PUBLIC;
COMMENT ON FUNCTION _estoque_recontar(regclass[]) IS
    'Recalculates what was written to tables that had no triggers; inner use.';
-- Puts back what guards the sources: triggers that are missing, as on a partition made since, or
-- disabled, and functions that were changed or dropped. What was written past the triggers is counted
-- then: everything is compared with the sources, and rebuilt where it differs. What a function that
-- was not ours did otherwise is found by the audit.
-- Returns the number of triggers and functions put back. Runs with the caller's rights: the owner's of
-- the sources.
CREATE OR REPLACE FUNCTION estoque_vigiar() RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET search_path FROM CURRENT
AS $body$
DECLARE
    v_tabelas regclass[];
    v_gatilhos bigint;
    v_funcoes integer := _estoque_restaurar();
BEGIN
    SELECT v.tabelas, v.gatilhos INTO v_tabelas, v_gatilhos FROM _estoque_vigiar() AS v;
    PERFORM _estoque_recontar(v_tabelas);
    RETURN v_gatilhos + v_funcoes;
END
$body$;

REVOKE ALL ON FUNCTION estoque_vigiar() FROM PUBLIC;
COMMENT ON FUNCTION estoque_vigiar() IS
    'Puts missing or disabled triggers and changed functions back, and counts what the triggers missed.';
-- Holds the writers of the sources off until commit; readers go on. What is filled then is exact.
-- The busiest table comes first, waited for while nothing else is held. The others may only be
-- waited for briefly: less in all than a writer's deadlock_timeout, so that where a writer holds one
-- of them and wants another, we give way and not the writer. The installer tries again.
-- Raises 55P03.
CREATE OR REPLACE FUNCTION _estoque_travar_fontes() RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path FROM CURRENT
AS $body$
DECLARE
    v_fonte record;
BEGIN
    RAISE NOTICE 'estoque_pg: holding writers off';
    FOR v_fonte IN SELECT f.* FROM _estoque_fontes() AS f ORDER BY f.ordem LOOP
        PERFORM set_config('lock_timeout', CASE v_fonte.ordem WHEN 1 THEN '2s' ELSE '150ms' END, true);
        EXECUTE format('LOCK TABLE %I IN SHARE ROW EXCLUSIVE MODE', v_fonte.tabela);
    END LOOP;
END
$body$;

REVOKE ALL ON FUNCTION _estoque_travar_fontes() FROM PUBLIC;
COMMENT ON FUNCTION _estoque_travar_fontes() IS
    'Holds the writers of the sources off until commit; inner use.';
DROP FUNCTION _estoque_repor;
DROP FUNCTION _estoque_quem_usa;
DROP FUNCTION _estoque_refazer;
DROP FUNCTION _estoque_insistir;

-- by hand: kept when this file is written anew
-- end of what is by hand
