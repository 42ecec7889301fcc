-- Keeps the history bounded: transitions and whatever was to be delivered for 400 days, what was
-- delivered for 30.
CREATE FUNCTION _estoque_esquecer_avisos() RETURNS void
LANGUAGE plpgsql VOLATILE
SET enable_seqscan = off
AS $body$
BEGIN
    DELETE FROM estoque_entrega AS e
    WHERE e.estado = 'entregue' AND e.entregue_em < now() - interval '30 days';
    DELETE FROM estoque_entrega AS e WHERE e.criada_em < now() - interval '400 days';
    DELETE FROM estoque_transicao AS t WHERE t.em < now() - interval '400 days';
END
$body$;

REVOKE ALL ON FUNCTION _estoque_esquecer_avisos() FROM PUBLIC;
COMMENT ON FUNCTION _estoque_esquecer_avisos() IS
    'Removes transitions and deliveries that are old; inner use.';
