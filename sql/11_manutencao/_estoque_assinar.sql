-- Takes the fingerprint of every function of ours: the last act of an installation.
-- estoque_hoje is left out: it is there to be replaced.
CREATE FUNCTION _estoque_assinar() RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path FROM CURRENT
AS $body$
BEGIN
    DELETE FROM estoque_assinatura;
    INSERT INTO estoque_assinatura (objeto, md5, servidor)
    SELECT p.oid::regprocedure::text, md5(pg_get_functiondef(p.oid)),
        current_setting('server_version_num')::integer / 10000
    FROM pg_proc AS p
    WHERE p.pronamespace = quote_ident(current_schema())::regnamespace AND p.proname ~ '^_?estoque_'
        AND p.proname <> 'estoque_hoje' AND p.prokind IN ('f', 'p');
END
$body$;

REVOKE ALL ON FUNCTION _estoque_assinar() FROM PUBLIC;
COMMENT ON FUNCTION _estoque_assinar() IS 'Takes the fingerprints of our functions; inner use.';
