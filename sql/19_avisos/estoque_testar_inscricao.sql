-- Makes a test message to a subscription, and returns the number of the delivery; NULL for a subscription
-- that there is not. It waits for no other message.
CREATE FUNCTION estoque_testar_inscricao(inscricao bigint) RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path FROM CURRENT
AS $body$
DECLARE
    v_numero uuid := gen_random_uuid();
    v_inscricao bigint;
    v_entrega bigint;
BEGIN
    SELECT i.id INTO v_inscricao FROM estoque_inscricao AS i
    WHERE i.id = estoque_testar_inscricao.inscricao FOR KEY SHARE;
    IF v_inscricao IS NULL THEN
        RETURN NULL;
    END IF;
    v_entrega := _estoque_numerar('entregas', 1) + 1;
    INSERT INTO estoque_entrega (id, chave, inscricao, conteudo, fila)
    VALUES (v_entrega, format('x%s-i%s', replace(v_numero::text, '-', ''), v_inscricao), v_inscricao,
        jsonb_build_object('teste', true, 'em', now()), hashtextextended(v_numero::text, 0));
    RETURN v_entrega;
END
$body$;

REVOKE ALL ON FUNCTION estoque_testar_inscricao(bigint) FROM PUBLIC;
COMMENT ON FUNCTION estoque_testar_inscricao(bigint) IS
    'Makes a test message to a subscription; the number of the delivery.';
