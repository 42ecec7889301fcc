-- Holds the writers of the sources off until commit; readers go on. What is filled then is exact.
-- One table is waited for while nothing else is held; all the others together for less than a
-- writer's deadlock_timeout, so that where a writer holds one of them and wants another, we give way
-- and not the writer: who calls this tries again, with everything let go of in between. The first is
-- the busiest, and now and then another: an autovacuum leaves its table only to who waits that long.
-- How long is drawn each time: short waits, which cost the writers little, catch a moment at which
-- nobody is between two tables; long ones outlast who needs a while.
-- What is waited for after it, in the same transaction, is waited for briefly.
-- Raises 55P03.
CREATE FUNCTION _estoque_travar_fontes() RETURNS void
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
