-- The first pass of the fallback: compares with the sources the codes that a bypass left without a
-- product, and the products that have gone longest without it. Locks nothing while it does, and each
-- comparison sees one snapshot, so what it finds is wrong. Takes up no further code after p_prazo
-- (NULL: never stops), but always one. p_repetir codes that failed before are tried again beside
-- the batch, so that one that was mended need not wait for its turn; likewise p_recontar codes of
-- partitions that got their triggers late.
-- A source that somebody is altering is not waited for: comparing is left to the next run.
CREATE FUNCTION _estoque_comparar(
    p_quantos integer, p_prazo timestamptz, p_repetir integer, p_recontar integer
) RETURNS _estoque_comparacao[]
LANGUAGE plpgsql VOLATILE
SET lock_timeout = '100ms'
AS $body$
DECLARE
    v_fila text[];
    v_codigos text[];
    v_codigo text;
    v_comparado _estoque_comparacao;
    v_comparados _estoque_comparacao[] := ARRAY[]::_estoque_comparacao[];
BEGIN
    -- A product that another session is writing is passed over; it comes as soon as it is free.
    -- To know which are free their rows are locked, and let go at once by undoing the block. Of one
    -- that is written at that very moment even SKIP LOCKED may wait: then the next run looks again.
    BEGIN
        SELECT array_agg(x.cod_produto) INTO v_fila
        FROM (
            SELECT t.cod_produto FROM estoque_tempo_real AS t
            ORDER BY t.comparado_em
            LIMIT p_quantos
            FOR NO KEY UPDATE SKIP LOCKED
        ) AS x;
        RAISE EXCEPTION 'undo';
    EXCEPTION WHEN raise_exception OR lock_not_available THEN
        NULL;
    END;
    BEGIN
        v_codigos := _estoque_estranhos(p_quantos);
    EXCEPTION WHEN lock_not_available THEN
        RETURN v_comparados;
    END;
    v_codigos := v_codigos || v_fila || ARRAY(
        SELECT f.cod_produto FROM estoque_falha AS f
        ORDER BY f.ultima_em, f.cod_produto LIMIT p_repetir)
        || ARRAY(SELECT r.codigo FROM estoque_recontagem AS r ORDER BY r.codigo LIMIT p_recontar);
    FOR v_codigo IN
        SELECT u.c FROM unnest(v_codigos) WITH ORDINALITY AS u (c, n) GROUP BY u.c ORDER BY min(u.n)
    LOOP
        EXIT WHEN clock_timestamp() > p_prazo AND cardinality(v_comparados) > 0;
        v_comparado := ROW(v_codigo, NULL::jsonb, NULL::text, NULL::text);
        -- The one handler per product: what fails is noted and does not stop the others.
        BEGIN
            SELECT jsonb_agg(to_jsonb(d)) INTO v_comparado.diferencas
            FROM estoque_verificar(ARRAY[v_codigo]) AS d;
        EXCEPTION
            WHEN lock_not_available THEN
                EXIT;
            WHEN OTHERS THEN
                v_comparado.estado := SQLSTATE;
                v_comparado.mensagem := SQLERRM;
        END;
        v_comparados := v_comparados || v_comparado;
    END LOOP;
    RETURN v_comparados;
END
$body$;

REVOKE ALL ON FUNCTION _estoque_comparar(integer, timestamptz, integer, integer) FROM PUBLIC;
COMMENT ON FUNCTION _estoque_comparar(integer, timestamptz, integer, integer) IS
    'Compares a batch of codes with the sources, without a lock; inner use.';
