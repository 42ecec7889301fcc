-- Announces as part of the minute job, which goes on whatever comes of it: what fails is noted, shown by
-- the status, and gone with the next call that succeeds.
CREATE FUNCTION _estoque_anunciar_no_minuto() RETURNS void
LANGUAGE plpgsql VOLATILE
SET lock_timeout = '100ms'
AS $body$
BEGIN
    PERFORM estoque_anunciar();
EXCEPTION WHEN OTHERS THEN
    INSERT INTO estoque_avisador AS a (unico, erro, erro_em)
    VALUES (true, format('%s (%s)', SQLERRM, SQLSTATE), clock_timestamp())
    ON CONFLICT (unico) DO UPDATE SET erro = EXCLUDED.erro, erro_em = EXCLUDED.erro_em;
END
$body$;

REVOKE ALL ON FUNCTION _estoque_anunciar_no_minuto() FROM PUBLIC;
COMMENT ON FUNCTION _estoque_anunciar_no_minuto() IS
    'Announces transitions, or notes why it could not; inner use.';
