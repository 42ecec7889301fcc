-- Takes the turn to change unifications: waits for the session that has it, until it commits.
-- The row is written, so that a REPEATABLE READ session that missed a change gets 40001.
CREATE FUNCTION _estoque_tomar_vez() RETURNS void
LANGUAGE plpgsql VOLATILE
AS $body$
BEGIN
    INSERT INTO estoque_controle AS c (unico) VALUES (true)
    ON CONFLICT (unico) DO UPDATE SET unificacoes = c.unificacoes + 1;
END
$body$;

REVOKE ALL ON FUNCTION _estoque_tomar_vez() FROM PUBLIC;
COMMENT ON FUNCTION _estoque_tomar_vez() IS 'Takes the turn to change unifications; inner use.';
