-- For the minute job: puts triggers on partitions made since, and has what was written to them
-- compared by the next runs: a partition attached with all its rows may hold every product, and
-- to rebuild them here would hold their writers up for as long as that takes.
-- Quits where a writer holds one of them, or a table is not ours to alter: the rest of the job is
-- done, and the status tells. So it is where Citus has distributed the schema: the job runs on a node, and
-- triggers are made at the coordinator.
CREATE FUNCTION _estoque_vigiar_particoes() RETURNS void
LANGUAGE plpgsql VOLATILE
SET lock_timeout = '100ms'
AS $body$
DECLARE
    v_tabelas regclass[];
BEGIN
    IF _estoque_no_citus() THEN
        RETURN;
    END IF;
    SELECT v.tabelas INTO v_tabelas FROM _estoque_vigiar(true) AS v;
    INSERT INTO estoque_recontagem (codigo)
    SELECT DISTINCT c FROM _estoque_codigos(v_tabelas) AS c
    ON CONFLICT (codigo) DO NOTHING;
EXCEPTION WHEN lock_not_available OR deadlock_detected OR insufficient_privilege THEN
    RETURN;
END
$body$;

REVOKE ALL ON FUNCTION _estoque_vigiar_particoes() FROM PUBLIC;
COMMENT ON FUNCTION _estoque_vigiar_particoes() IS
    'Puts triggers on partitions made since, for the minute job; inner use.';
