-- Holds the writers of the sources off until commit; readers go on. What is filled then is exact.
-- The busiest table comes first, waited for while nothing else is held. The others may only be
-- waited for briefly: less in all than a writer's deadlock_timeout, so that where a writer holds one
-- of them and wants another, we give way and not the writer. The installer tries again.
-- Raises 55P03.
CREATE FUNCTION _estoque_travar_fontes() RETURNS void
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
