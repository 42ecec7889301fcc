-- Writes down all that an installation consists of: its last act, with giving it to who owns the
-- sources, for which one has to know what is ours. Of the functions, ours are those signed before and
-- those made in this transaction: an ERP may have functions of such names too.
CREATE FUNCTION _estoque_assinar() RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path FROM CURRENT
AS $body$
DECLARE
    v_nossas text[] := ARRAY(
        SELECT a.objeto FROM estoque_assinatura AS a WHERE a.tipo = 'function');
BEGIN
    DELETE FROM estoque_assinatura;
    INSERT INTO estoque_assinatura (tipo, objeto, definicao, comentario, direitos, servidor)
    SELECT p.tipo, p.objeto, p.definicao, p.comentario, p.direitos,
        current_setting('server_version_num')::integer / 10000
    FROM _estoque_pecas() AS p
    LEFT JOIN pg_proc AS f ON p.tipo = 'function' AND f.oid = p.numero
    WHERE f.oid IS NULL OR age(f.xmin) <= 0 OR p.objeto = ANY (v_nossas);
    PERFORM _estoque_entregar();
END
$body$;

REVOKE ALL ON FUNCTION _estoque_assinar() FROM PUBLIC;
COMMENT ON FUNCTION _estoque_assinar() IS
    'Writes down what an installation consists of; inner use.';
