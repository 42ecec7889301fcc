-- Lets a subscription rest, or takes it up again (pausar = false), one that its destination had ended too;
-- whether it was there. What is announced meanwhile is not told; a digest tells it afterwards. What waits
-- for it alone is given up, and can be sent again. Raises 22023 for a NULL.
CREATE FUNCTION estoque_pausar_inscricao(inscricao bigint, pausar boolean DEFAULT true)
RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path FROM CURRENT
AS $body$
DECLARE
    v_havia boolean;
BEGIN
    IF pausar IS NULL THEN
        PERFORM _estoque_acusar('22023', 'pausar', 'pausar must be true or false, not %s',
            'Give true to pause, false to go on.', coalesce(pausar::text, 'NULL'));
    ELSIF pausar THEN
        PERFORM _estoque_passar_entregas(estoque_pausar_inscricao.inscricao);
    END IF;
    UPDATE estoque_inscricao AS i
    SET ativa = NOT pausar, pausada_ate = NULL, falhas = 0,
        motivo = CASE WHEN pausar AND NOT i.ativa THEN i.motivo END
    WHERE i.id = estoque_pausar_inscricao.inscricao;
    v_havia := FOUND;
    IF pausar THEN
        UPDATE estoque_entrega AS e SET estado = 'morta', erro = 'the subscription was paused'
        WHERE e.inscricao = estoque_pausar_inscricao.inscricao AND e.estado = 'pendente';
    END IF;
    RETURN v_havia;
END
$body$;

REVOKE ALL ON FUNCTION estoque_pausar_inscricao(bigint, boolean) FROM PUBLIC;
COMMENT ON FUNCTION estoque_pausar_inscricao(bigint, boolean) IS
    'Lets a subscription rest, or takes it up again; whether it was there.';
