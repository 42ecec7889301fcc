-- Holds the writers of the sources off until commit; readers go on. What is filled then is exact.
-- One table is waited for while nothing else is held; all the others together for less than a
-- writer's deadlock_timeout, so that where a writer holds one of them and wants another, we give way
-- and not the writer: who calls this tries again, with everything let go of in between. The first is
-- the busiest, and now and then another: an autovacuum leaves its table only to who waits that long.
-- What is waited for after it, in the same transaction, is waited for as briefly.
-- Raises 55P03.
CREATE FUNCTION _estoque_travar_fontes() RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path FROM CURRENT
AS $body$
DECLARE
    v_impasse numeric := extract(epoch FROM current_setting('deadlock_timeout')::interval) * 1000;
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
        SELECT t.nome
        FROM (
            SELECT 'ONLY ' || a.relacao::regclass AS nome, a.ordem, a.nivel, a.relacao
            FROM arvore AS a
            UNION ALL
            SELECT quote_ident(f.tabela), f.ordem, NULL, NULL FROM _estoque_fontes() AS f
        ) AS t
        ORDER BY t.nivel IS NULL, t.ordem = v_primeira DESC, t.ordem, t.nivel, t.relacao
    LOOP
        PERFORM set_config('lock_timeout',
            CASE WHEN v_prazo IS NULL THEN '2s'
                ELSE ceil(greatest(1, extract(epoch FROM v_prazo - clock_timestamp()) * 1000))::text
            END, true);
        EXECUTE format('LOCK TABLE %s IN SHARE ROW EXCLUSIVE MODE', v_tabela.nome);
        v_prazo := coalesce(v_prazo, clock_timestamp() + make_interval(secs => v_impasse * 0.00075));
    END LOOP;
    PERFORM set_config('lock_timeout', ceil(v_impasse * 0.15)::text, true);
END
$body$;

REVOKE ALL ON FUNCTION _estoque_travar_fontes() FROM PUBLIC;
COMMENT ON FUNCTION _estoque_travar_fontes() IS
    'Holds the writers of the sources off until commit; inner use.';
