-- Takes the next numbers of one kind (transicoes, entregas, inscricoes) for p_quantos rows and returns the
-- one before the first. Who takes some waits for whoever took some before, until that one has committed.
CREATE FUNCTION _estoque_numerar(p_especie text, p_quantos integer) RETURNS bigint
LANGUAGE plpgsql VOLATILE
AS $body$
DECLARE
    v_transicoes bigint;
    v_entregas bigint;
    v_inscricoes bigint;
    v_ultimo bigint;
BEGIN
    IF NOT EXISTS (SELECT FROM estoque_avisador) THEN
        v_transicoes := coalesce((SELECT max(t.id) FROM estoque_transicao AS t), 0);
        v_entregas := coalesce((SELECT max(e.id) FROM estoque_entrega AS e), 0);
        v_inscricoes := coalesce((SELECT max(i.id) FROM estoque_inscricao AS i), 0);
        INSERT INTO estoque_avisador AS a (unico, transicoes, entregas, inscricoes)
        VALUES (true, v_transicoes, v_entregas, v_inscricoes)
        ON CONFLICT (unico) DO NOTHING;
    END IF;
    UPDATE estoque_avisador AS a
    SET transicoes = a.transicoes + CASE p_especie WHEN 'transicoes' THEN p_quantos ELSE 0 END,
        entregas = a.entregas + CASE p_especie WHEN 'entregas' THEN p_quantos ELSE 0 END,
        inscricoes = a.inscricoes + CASE p_especie WHEN 'inscricoes' THEN p_quantos ELSE 0 END
    WHERE a.unico
    RETURNING CASE p_especie WHEN 'transicoes' THEN a.transicoes WHEN 'entregas' THEN a.entregas
        ELSE a.inscricoes END
    INTO v_ultimo;
    RETURN v_ultimo - p_quantos;
END
$body$;

REVOKE ALL ON FUNCTION _estoque_numerar(text, integer) FROM PUBLIC;
COMMENT ON FUNCTION _estoque_numerar(text, integer) IS
    'Takes the next numbers of transitions, deliveries or subscriptions; inner use.';
