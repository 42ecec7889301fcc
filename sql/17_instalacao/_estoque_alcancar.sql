-- Puts right, from the sources, what was written to them while they were being counted: the groups of
-- the codes given, and those of the separations of the lots given; with p_tudo everything. p_fora: rows
-- came that may be such as cannot be counted; those that were there before were found before.
-- Nobody else writes the results yet; with the writers of the sources held off it is exact.
CREATE FUNCTION _estoque_alcancar(
    p_codigos text[], p_lotes text[], p_fora boolean, p_tudo boolean
) RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path FROM CURRENT
SET plan_cache_mode = force_custom_plan
AS $body$
DECLARE
    v_codigos text[];
BEGIN
    IF p_fora OR p_tudo OR EXISTS (SELECT FROM estoque_contradicoes(coalesce(p_codigos, '{}'))) THEN
        PERFORM _estoque_exigir_linhas();
    END IF;
    IF p_tudo THEN
        PERFORM _estoque_recalcular_tudo();
        RETURN;
    END IF;

    -- Gates come first, as the writers lock.
    PERFORM _estoque_abrir_lotes(p_lotes);
    v_codigos := ARRAY(
        SELECT x.c FROM unnest(p_codigos) AS x (c)
        UNION
        SELECT s.cod_produto::text FROM separacao AS s
        WHERE s.separacao_lote_id = ANY (p_lotes) AND s.cod_produto IS NOT NULL);
    IF cardinality(v_codigos) > 0 THEN
        PERFORM _estoque_reagrupar(v_codigos);
    END IF;
END
$body$;

REVOKE ALL ON FUNCTION _estoque_alcancar(text[], text[], boolean, boolean) FROM PUBLIC;
COMMENT ON FUNCTION _estoque_alcancar(text[], text[], boolean, boolean) IS
    'Counts anew what was written to the sources while they were being counted; inner use.';
