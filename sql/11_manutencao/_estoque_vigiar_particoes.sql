-- For the minute job: puts triggers on partitions made since, and counts what was written to them.
-- Quits where a writer holds one of them, a table is not ours to alter, or everything is to be
-- recalculated and does not fit: the rest of the job is done, and the status tells.
CREATE FUNCTION _estoque_vigiar_particoes() RETURNS void
LANGUAGE plpgsql VOLATILE
SET lock_timeout = '100ms'
AS $body$
BEGIN
    PERFORM _estoque_recontar(v.tabelas) FROM _estoque_vigiar(true) AS v WHERE v.gatilhos > 0;
EXCEPTION WHEN lock_not_available OR deadlock_detected OR insufficient_privilege
    OR numeric_value_out_of_range
THEN
    RETURN;
END
$body$;

REVOKE ALL ON FUNCTION _estoque_vigiar_particoes() FROM PUBLIC;
COMMENT ON FUNCTION _estoque_vigiar_particoes() IS
    'Puts triggers on partitions made since, for the minute job; inner use.';
