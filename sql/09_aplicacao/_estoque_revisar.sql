-- Looks again at codes that lost source rows or may have changed name: a code no source mentions
-- any more is forgotten, with its product when it was the last of its group; the others are named anew.
CREATE FUNCTION _estoque_revisar(p_codigos text[]) RETURNS void
LANGUAGE plpgsql VOLATILE
SET enable_seqscan = off
SET enable_nestloop = on
AS $body$
DECLARE
    v_esquecidos text[];
    v_produtos text[];
BEGIN
    SELECT array_agg(x.c ORDER BY x.c) INTO v_esquecidos
    FROM unnest(p_codigos) AS x (c)
    WHERE x.c NOT IN (SELECT _estoque_mencionados(p_codigos));

    v_produtos := _estoque_produtos(p_codigos);
    IF v_esquecidos IS NOT NULL THEN
        -- Inside a trigger or a function, the query around it may still bring rows of this code.
        PERFORM set_config('estoque_pg.esqueceu', pg_current_xact_id()::text, true);
        DELETE FROM estoque_codigo_conhecido AS c WHERE c.codigo = ANY (v_esquecidos);
        DELETE FROM movimentacao_prevista AS m
        WHERE m.cod_produto = ANY (v_produtos) AND NOT EXISTS (
            SELECT FROM estoque_codigo_conhecido AS c
            WHERE c.cod_produto = m.cod_produto OFFSET 0);
        DELETE FROM estoque_tempo_real AS t
        WHERE t.cod_produto = ANY (v_produtos) AND NOT EXISTS (
            SELECT FROM estoque_codigo_conhecido AS c
            WHERE c.cod_produto = t.cod_produto OFFSET 0);
    END IF;
    PERFORM _estoque_nomear(v_produtos);
END
$body$;

REVOKE ALL ON FUNCTION _estoque_revisar(text[]) FROM PUBLIC;
COMMENT ON FUNCTION _estoque_revisar(text[]) IS
    'Forgets codes that no source mentions, renames the products of the others; inner use.';
