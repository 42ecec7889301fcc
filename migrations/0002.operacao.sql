-- depends: 0001.nucleo
-- Generated from sql/ by `make migration`; edit there.

-- by hand: kept when this file is written anew
-- end of what is by hand

-- sql/07_recalculo/_estoque_insistir.sql
-- Holds the writers of the sources off and calls one of ours that needs that: exact, and no writer is
-- ever a deadlock's victim for it. Where somebody would have to be waited for, all is undone, which
-- gives back what was locked, and tried again, for about a minute. Who is in the way is told, once.
-- What the caller's transaction has locked itself stays locked meanwhile: best called in one of its
-- own. Raises 55P03.
CREATE FUNCTION _estoque_insistir(p_funcao text) RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET lock_timeout = 0
AS $body$
DECLARE
    v_prazo timestamptz := clock_timestamp() + interval '60 s';
    v_feito bigint;
    v_quem text;
    v_ditos text;
BEGIN
    WHILE clock_timestamp() < v_prazo LOOP
        BEGIN
            PERFORM _estoque_travar_fontes();
            EXECUTE format('SELECT %I()', p_funcao) INTO v_feito;
            RETURN v_feito;
        EXCEPTION WHEN lock_not_available OR deadlock_detected THEN
            v_quem := _estoque_quem_usa();
        END;
        IF v_quem <> coalesce(v_ditos, '') THEN
            RAISE NOTICE USING MESSAGE = 'estoque_pg: the source tables are in use: trying again;'
                ' held by ' || v_quem;
            v_ditos := v_quem;
        END IF;
        PERFORM pg_sleep(0.02 + 0.1 * random());
    END LOOP;
    RAISE EXCEPTION USING ERRCODE = 'lock_not_available',
        MESSAGE = 'the source tables stayed in use: nothing was changed',
        HINT = concat_ws(', or end what is open: ', 'try at a quieter time', v_quem);
END
$body$;

REVOKE ALL ON FUNCTION _estoque_insistir(text) FROM PUBLIC;
COMMENT ON FUNCTION _estoque_insistir(text) IS
    'Holds the writers off, or gives way and tries again; inner use.';

-- sql/07_recalculo/_estoque_refazer.sql
-- Rebuilds everything, with the writers of the sources held off, and looks whether rows are still
-- left out. Returns the number of products corrected. Called by _estoque_insistir.
CREATE FUNCTION _estoque_refazer() RETURNS bigint
LANGUAGE plpgsql VOLATILE
AS $body$
DECLARE
    v_corrigidos bigint := _estoque_recalcular_tudo();
BEGIN
    UPDATE estoque_controle SET recusadas = EXISTS (SELECT FROM estoque_linhas_recusadas())
    WHERE recusadas;
    RETURN v_corrigidos;
END
$body$;

REVOKE ALL ON FUNCTION _estoque_refazer() FROM PUBLIC;
COMMENT ON FUNCTION _estoque_refazer() IS
    'Rebuilds everything and looks whether rows are left out; inner use.';

-- sql/07_recalculo/estoque_recalcular_tudo.sql
-- Rebuilds every product, code and gate from the sources. Idempotent; writers wait for its end, and
-- it gives way to those it would have to wait for (_estoque_insistir, which raises 55P03 in the end).
CREATE OR REPLACE FUNCTION estoque_recalcular_tudo() RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path FROM CURRENT
SET row_security = off
AS $body$
BEGIN
    RETURN _estoque_insistir('_estoque_refazer');
END
$body$;

REVOKE ALL ON FUNCTION estoque_recalcular_tudo() FROM PUBLIC;
COMMENT ON FUNCTION estoque_recalcular_tudo() IS
    'Rebuilds everything from the sources; the number of products corrected.';

-- sql/14_vigia/_estoque_quem_usa.sql
-- Who holds the sources or the results as writers do, as far as this role may see, the oldest first:
-- what is told to who waits for them. NULL where there is nobody.
CREATE FUNCTION _estoque_quem_usa() RETURNS text
LANGUAGE plpgsql VOLATILE
SET search_path FROM CURRENT
AS $body$
BEGIN
    RETURN (
        SELECT string_agg(x.quem, ', ' ORDER BY x.xact_start)
        FROM (
            SELECT a.xact_start, format('process %s (%s)', a.pid, concat_ws(', ',
                coalesce(a.usename, a.backend_type), nullif(a.application_name, ''),
                'since ' || to_char(a.xact_start, 'HH24:MI:SS TZ'))) AS quem
            FROM pg_stat_activity AS a
            WHERE a.pid <> pg_backend_pid() AND EXISTS (
                SELECT FROM pg_locks AS l
                JOIN pg_database AS d ON d.oid = l.database AND d.datname = current_database()
                JOIN pg_class AS c ON c.oid = l.relation
                LEFT JOIN pg_inherits AS i ON i.inhrelid = c.oid
                LEFT JOIN pg_class AS p ON p.oid = i.inhparent
                WHERE l.pid = a.pid AND l.granted
                    AND l.mode NOT IN ('AccessShareLock', 'RowShareLock')
                    AND quote_ident(current_schema())::regnamespace
                        IN (c.relnamespace, p.relnamespace))
            ORDER BY a.xact_start LIMIT 3
        ) AS x);
END
$body$;

REVOKE ALL ON FUNCTION _estoque_quem_usa() FROM PUBLIC;
COMMENT ON FUNCTION _estoque_quem_usa() IS 'Who holds the sources or the results; inner use.';

-- sql/14_vigia/_estoque_recontar.sql
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
        PERFORM _estoque_refazer();
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

-- sql/14_vigia/_estoque_repor.sql
-- The part of estoque_vigiar that needs the writers held off: triggers, and what they missed.
-- Returns the number of triggers put back. Called by _estoque_insistir.
CREATE FUNCTION _estoque_repor() RETURNS bigint
LANGUAGE plpgsql VOLATILE
AS $body$
DECLARE
    v_tabelas regclass[];
    v_gatilhos bigint;
BEGIN
    SELECT v.tabelas, v.gatilhos INTO v_tabelas, v_gatilhos FROM _estoque_vigiar() AS v;
    PERFORM _estoque_recontar(v_tabelas);
    RETURN v_gatilhos;
END
$body$;

REVOKE ALL ON FUNCTION _estoque_repor() FROM PUBLIC;
COMMENT ON FUNCTION _estoque_repor() IS
    'Puts triggers back and counts what they missed; inner use.';

-- sql/14_vigia/estoque_vigiar.sql
-- Puts back what guards the sources: triggers that are missing, as on a partition made since, or
-- disabled, and functions that were changed or dropped. What was written past the triggers is counted
-- then: everything is compared with the sources, and rebuilt where it differs. What a function that
-- was not ours did otherwise is found by the audit.
-- Triggers are put back with the writers held off, and it gives way to those it would have to wait for
-- (_estoque_insistir, which raises 55P03 in the end).
-- Returns the number of triggers and functions put back. Runs with the caller's rights: the owner's of
-- the sources.
CREATE OR REPLACE FUNCTION estoque_vigiar() RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET search_path FROM CURRENT
AS $body$
DECLARE
    v_funcoes integer := _estoque_restaurar();
BEGIN
    -- Where all are in place nobody is to wait.
    IF NOT EXISTS (SELECT FROM estoque_gatilhos() AS g WHERE g.estado NOT IN ('ok', 'always')) THEN
        RETURN v_funcoes::bigint;
    END IF;
    RETURN v_funcoes + _estoque_insistir('_estoque_repor');
END
$body$;

REVOKE ALL ON FUNCTION estoque_vigiar() FROM PUBLIC;
COMMENT ON FUNCTION estoque_vigiar() IS
    'Puts missing or disabled triggers and changed functions back, and counts what the triggers missed.';

-- sql/17_instalacao/_estoque_travar_fontes.sql
-- Holds the writers of the sources off until commit; readers go on. What is filled then is exact.
-- One table is waited for while nothing else is held; all the others together for less than a
-- writer's deadlock_timeout, so that where a writer holds one of them and wants another, we give way
-- and not the writer: who calls this tries again, with everything let go of in between. The first is
-- the busiest, and now and then another: an autovacuum leaves its table only to who waits that long.
-- How long is drawn each time: short waits, which cost the writers little, catch a moment at which
-- nobody is between two tables; long ones outlast who needs a while.
-- What is waited for after it, in the same transaction, is waited for briefly.
-- Raises 55P03.
CREATE OR REPLACE FUNCTION _estoque_travar_fontes() RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path FROM CURRENT
AS $body$
DECLARE
    v_impasse interval := current_setting('deadlock_timeout')::interval;
    v_sorte float := random() ^ 4;
    v_espera interval := v_impasse * 2 * v_sorte;
    v_primeira integer := CASE WHEN random() < 0.7 THEN 1
        ELSE (SELECT f.ordem FROM _estoque_fontes() AS f ORDER BY random() LIMIT 1) END;
    v_prazo timestamptz;
    v_tabela record;
BEGIN
    RAISE NOTICE 'estoque_pg: holding writers off';
    -- Partitions one by one, or the time would be that of each; then those that came meanwhile.
    FOR v_tabela IN
        WITH RECURSIVE arvore AS (
            SELECT f.ordem, 1 AS nivel, to_regclass(quote_ident(f.tabela))::oid AS relacao
            FROM _estoque_fontes() AS f
            UNION ALL
            SELECT a.ordem, a.nivel + 1, i.inhrelid
            FROM arvore AS a
            JOIN pg_inherits AS i ON i.inhparent = a.relacao
            JOIN pg_class AS c ON c.oid = i.inhrelid AND c.relpersistence <> 't'
            WHERE has_table_privilege(c.oid, 'UPDATE, DELETE, TRUNCATE')
        )
        SELECT t.*
        FROM (
            SELECT a.relacao::regclass AS uma, NULL AS todas, a.ordem, a.nivel FROM arvore AS a
            WHERE a.relacao IS NOT NULL
            UNION ALL
            SELECT NULL, f.tabela, f.ordem, NULL FROM _estoque_fontes() AS f
        ) AS t
        ORDER BY t.nivel IS NULL, t.ordem = v_primeira DESC, t.ordem, t.nivel, t.uma
    LOOP
        PERFORM set_config('lock_timeout', ceil(greatest(1, 1000 * extract(epoch FROM
            coalesce(v_prazo - clock_timestamp(), v_espera))))::text, true);
        IF v_tabela.uma IS NOT NULL THEN
            EXECUTE format('LOCK TABLE ONLY %s IN SHARE ROW EXCLUSIVE MODE', v_tabela.uma);
        ELSE
            EXECUTE format('LOCK TABLE %I IN SHARE ROW EXCLUSIVE MODE', v_tabela.todas);
        END IF;
        v_prazo := coalesce(v_prazo, clock_timestamp() + v_impasse * 0.75 * v_sorte);
    END LOOP;
    PERFORM set_config('lock_timeout', ceil(extract(epoch FROM v_impasse) * 150)::text, true);
END
$body$;

REVOKE ALL ON FUNCTION _estoque_travar_fontes() FROM PUBLIC;
COMMENT ON FUNCTION _estoque_travar_fontes() IS
    'Holds the writers of the sources off until commit; inner use.';
