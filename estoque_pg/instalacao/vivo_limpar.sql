-- Takes the notes away, with the triggers where they are still there: that takes the tables for a
-- moment, all of them together for less than a writer's deadlock_timeout. One transaction by itself.
SELECT set_config('lock_timeout', '100ms', true);
DROP FUNCTION IF EXISTS _estoque_anotar() CASCADE;
DROP TABLE IF EXISTS _estoque_anotacao;
