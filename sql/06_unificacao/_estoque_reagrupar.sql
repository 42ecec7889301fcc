-- Moves codes to the group that unificacao_codigos now puts them in, and rebuilds the groups they
-- leave and join. The product rows concerned are deleted and made anew: a writer waiting on one
-- finds it gone and asks again which product its code belongs to (40001 in a repeatable snapshot).
-- Takes the turn on estoque_controle first, then locks as a writer of all these codes would, and only
-- then changes what is known of them. Planned anew for each set: it may be two codes or a thousand.
CREATE FUNCTION _estoque_reagrupar(p_codigos text[]) RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET plan_cache_mode = force_custom_plan
SET enable_seqscan = off
SET enable_nestloop = off
AS $body$
DECLARE
    v_codigos text[] := p_codigos;
    v_mais text[] := p_codigos;
    v_produtos text[];
    v_corrigidos bigint;
    v_agora timestamptz := now();
BEGIN
    PERFORM _estoque_tomar_vez();

    -- With every code that a unification ties to these now or tied to them before, the set is
    -- closed: no chain leads out of it.
    LOOP
        v_mais := ARRAY(
            (
                SELECT _estoque_unidos(v_mais)
                UNION
                SELECT unnest(_estoque_membros(_estoque_produtos(v_mais)))
            )
            EXCEPT
            SELECT unnest(v_codigos));
        EXIT WHEN v_mais = '{}';
        v_codigos := v_codigos || v_mais;
    END LOOP;

    PERFORM _estoque_travar_produtos(v_codigos, true);
    UPDATE estoque_codigo_conhecido AS c
    SET cod_produto = k.cod_produto
    FROM _estoque_canonicos(v_codigos) AS k
    WHERE c.codigo = k.codigo AND c.codigo = ANY (v_codigos)
        AND c.cod_produto <> k.cod_produto;

    DELETE FROM estoque_tempo_real AS t WHERE t.cod_produto = ANY (v_codigos);
    DELETE FROM movimentacao_prevista AS m WHERE m.cod_produto = ANY (v_codigos);

    v_produtos := _estoque_produtos(v_codigos);
    INSERT INTO estoque_tempo_real (cod_produto, atualizado_em, comparado_em)
    SELECT x.p, v_agora, v_agora FROM unnest(v_produtos) AS x (p);
    v_corrigidos := _estoque_recalcular(v_produtos);
    PERFORM _estoque_revisar(v_codigos);
    RETURN v_corrigidos;
END
$body$;

REVOKE ALL ON FUNCTION _estoque_reagrupar(text[]) FROM PUBLIC;
COMMENT ON FUNCTION _estoque_reagrupar(text[]) IS
    'Puts codes into the groups the unifications say and rebuilds those groups; inner use.';
