-- Writes down every function of ours: the last act of an installation. Ours are those
-- signed before and those made in this transaction: an ERP may have functions of such names too.
-- estoque_hoje is left out: it is there to be replaced.
CREATE FUNCTION _estoque_assinar() RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path FROM CURRENT
SET quote_all_identifiers = off
AS $body$
DECLARE
    v_nossas text[] := ARRAY(SELECT a.objeto FROM estoque_assinatura AS a);
BEGIN
    DELETE FROM estoque_assinatura;
    INSERT INTO estoque_assinatura (objeto, definicao, comentario, publica, servidor)
    SELECT p.oid::regprocedure::text, pg_get_functiondef(p.oid),
        obj_description(p.oid, 'pg_proc'),
        EXISTS (SELECT FROM aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) AS x
                WHERE x.grantee = 0),
        current_setting('server_version_num')::integer / 10000
    FROM pg_proc AS p
    WHERE p.pronamespace = quote_ident(current_schema())::regnamespace AND p.proname ~ '^_?estoque_'
        AND p.proname <> 'estoque_hoje' AND p.prokind IN ('f', 'p')
        AND (age(p.xmin) <= 0 OR p.oid::regprocedure::text = ANY (v_nossas));
END
$body$;

REVOKE ALL ON FUNCTION _estoque_assinar() FROM PUBLIC;
COMMENT ON FUNCTION _estoque_assinar() IS 'Writes down our functions as they are installed; inner use.';
