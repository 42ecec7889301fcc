-- The second and third pass of the fallback: rebuilds the codes found wrong, notes what was wrong and
-- what fails, and marks everything looked at. Waits for a row no longer than a writer of it would
-- notice; a product that stays locked is left unmarked, and so comes first the next time.
-- Likewise p_tempo (NULL: no end) after the first: what is mended stays locked until the commit.
CREATE FUNCTION _estoque_corrigir(
    p_comparados _estoque_comparacao[], p_tempo interval,
    OUT processados bigint, OUT corrigidos bigint, OUT falhas bigint
)
LANGUAGE plpgsql VOLATILE
SET lock_timeout = '100ms'
AS $body$
DECLARE
    v_prazo timestamptz := clock_timestamp() + p_tempo;
    v_um _estoque_comparacao;
    v_codigo text;
    v_ocupado boolean;
    v_vistos text[] := ARRAY[]::text[];
    v_falhos text[] := ARRAY[]::text[];
    v_agora timestamptz;
BEGIN
    corrigidos := 0;
    -- In the order of the codes, as everybody locks.
    FOR v_um IN SELECT c.* FROM unnest(p_comparados) AS c ORDER BY c.cod_produto LOOP
        v_ocupado := false;
        CONTINUE WHEN v_um.diferencas IS NOT NULL AND corrigidos > 0
            AND clock_timestamp() > v_prazo;
        IF v_um.diferencas IS NOT NULL THEN
            FOR v_tentativa IN 1..4 LOOP
                -- The one handler per product: what fails is noted and does not stop the others.
                BEGIN
                    -- With it the codes that do not belong where they are.
                    FOR v_codigo IN
                        SELECT v_um.cod_produto
                        UNION
                        SELECT d ->> 'cod_produto' FROM jsonb_array_elements(v_um.diferencas) AS d
                        WHERE d ->> 'cod_produto' IS NOT NULL
                        ORDER BY 1
                    LOOP
                        PERFORM estoque_recalcular(v_codigo);
                    END LOOP;
                    INSERT INTO estoque_correcao
                        (cod_produto, campo, data_prevista, valor_antes, valor_depois)
                    SELECT coalesce(d.cod_produto, v_um.cod_produto), d.campo, d.data_prevista,
                        d.valor_armazenado, d.valor_esperado
                    FROM jsonb_to_recordset(v_um.diferencas) AS d (
                        cod_produto text, campo text, data_prevista date, valor_armazenado text,
                        valor_esperado text);
                    corrigidos := corrigidos + 1;
                    v_um.estado := NULL;
                    EXIT;
                EXCEPTION
                    WHEN lock_not_available THEN
                        v_ocupado := true;
                        EXIT;
                    WHEN serialization_failure OR deadlock_detected THEN
                        v_um.estado := SQLSTATE;
                        v_um.mensagem := SQLERRM;
                        PERFORM pg_sleep(0.01 * 2 ^ v_tentativa * random());
                    WHEN OTHERS THEN
                        v_um.estado := SQLSTATE;
                        v_um.mensagem := SQLERRM;
                        EXIT;
                END;
            END LOOP;
        END IF;
        CONTINUE WHEN v_ocupado;
        v_vistos := v_vistos || v_um.cod_produto;
        IF v_um.estado IS NOT NULL THEN
            v_falhos := v_falhos || v_um.cod_produto;
            PERFORM _estoque_anotar_falha(v_um.cod_produto, v_um.estado, v_um.mensagem);
        END IF;
    END LOOP;
    processados := cardinality(v_vistos)::bigint;
    falhas := cardinality(v_falhos)::bigint;

    -- Gone from the list: what passes now, and codes that nothing mentions any more.
    DELETE FROM estoque_falha AS f
    WHERE f.cod_produto <> ALL (v_falhos) AND (
        f.cod_produto = ANY (v_vistos)
        OR NOT EXISTS (SELECT FROM estoque_tempo_real AS t WHERE t.cod_produto = f.cod_produto)
            AND NOT EXISTS (SELECT FROM _estoque_mencionados(ARRAY[f.cod_produto])));

    DELETE FROM estoque_recontagem AS r WHERE r.codigo = ANY (v_vistos);

    -- As in _estoque_comparar, this may wait; what is not marked comes first the next time.
    v_agora := clock_timestamp();
    BEGIN
        UPDATE estoque_tempo_real AS t
        SET comparado_em = v_agora
        FROM (SELECT l.cod_produto FROM estoque_tempo_real AS l
              WHERE l.cod_produto = ANY (v_vistos)
              ORDER BY l.cod_produto
              FOR NO KEY UPDATE SKIP LOCKED) AS x
        WHERE t.cod_produto = x.cod_produto;
    EXCEPTION WHEN lock_not_available THEN
        NULL;
    END;
END
$body$;

REVOKE ALL ON FUNCTION _estoque_corrigir(_estoque_comparacao[], interval) FROM PUBLIC;
COMMENT ON FUNCTION _estoque_corrigir(_estoque_comparacao[], interval) IS
    'Rebuilds the compared codes that were wrong and marks all of them; inner use.';
