-- Removes a subscription and what was to be delivered to it alone; whether it was there. What is on its way
-- at this moment still arrives.
CREATE FUNCTION estoque_cancelar_inscricao(inscricao bigint) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path FROM CURRENT
AS $body$
DECLARE
    v_havia boolean;
BEGIN
    PERFORM _estoque_passar_entregas(estoque_cancelar_inscricao.inscricao);
    DELETE FROM estoque_inscricao AS i WHERE i.id = estoque_cancelar_inscricao.inscricao;
    v_havia := FOUND;
    DELETE FROM estoque_entrega AS e WHERE e.inscricao = estoque_cancelar_inscricao.inscricao;
    RETURN v_havia;
END
$body$;

REVOKE ALL ON FUNCTION estoque_cancelar_inscricao(bigint) FROM PUBLIC;
COMMENT ON FUNCTION estoque_cancelar_inscricao(bigint) IS
    'Removes a subscription and its deliveries; whether it was there.';
