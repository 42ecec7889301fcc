-- Puts right, from the sources, what was written to them while they were being counted: the groups of
-- the codes given, and those of the separations of the lots given; with p_tudo everything. A NULL
-- among the codes stands for rows without a product. Rows that cannot be counted are looked for among
-- these only: those that were there before were found before.
-- Nobody else writes the results yet; with the writers of the sources held off it is exact.
CREATE FUNCTION _estoque_alcancar(p_codigos text[], p_lotes text[], p_tudo boolean) RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path FROM CURRENT
SET plan_cache_mode = force_custom_plan
AS $body$
DECLARE
    v_codigos text[] := array_remove(p_codigos, NULL);
    v_fonte record;
    v_fora boolean;
BEGIN
    IF p_tudo THEN
        PERFORM _estoque_exigir_linhas();
        PERFORM _estoque_recalcular_tudo();
        RETURN;
    END IF;

    v_fora := EXISTS (SELECT FROM estoque_contradicoes(coalesce(v_codigos, '{}')));
    FOR v_fonte IN
        SELECT f.tabela, f.quantidade FROM _estoque_fontes() AS f WHERE f.quantidade IS NOT NULL
    LOOP
        EXIT WHEN v_fora;
        EXECUTE format('SELECT EXISTS (SELECT FROM %1$I AS f'
            ' WHERE f.cod_produto = ANY ($1) AND NOT _estoque_cabe(f.%2$I::numeric))'
            ' OR $2 AND EXISTS (SELECT FROM %1$I AS f'
            ' WHERE f.cod_produto IS NULL AND NOT _estoque_cabe(f.%2$I::numeric))',
            v_fonte.tabela, v_fonte.quantidade)
        INTO v_fora
        USING v_codigos, array_position(p_codigos, NULL) IS NOT NULL;
    END LOOP;
    IF v_fora AND NOT (SELECT c.recusadas FROM estoque_controle AS c) THEN
        PERFORM _estoque_exigir_linhas();
    END IF;

    -- Gates come first, as the writers lock.
    PERFORM _estoque_abrir_lotes(array_remove(p_lotes, NULL));
    v_codigos := ARRAY(
        SELECT x.c FROM unnest(v_codigos) AS x (c)
        UNION
        SELECT s.cod_produto::text FROM separacao AS s
        WHERE s.separacao_lote_id = ANY (p_lotes) AND s.cod_produto IS NOT NULL);
    IF cardinality(v_codigos) > 0 THEN
        PERFORM _estoque_reagrupar(v_codigos);
    END IF;
END
$body$;

REVOKE ALL ON FUNCTION _estoque_alcancar(text[], text[], boolean) FROM PUBLIC;
COMMENT ON FUNCTION _estoque_alcancar(text[], text[], boolean) IS
    'Counts anew what was written to the sources while they were being counted; inner use.';
