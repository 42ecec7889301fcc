-- Sets the gates right of the lots that a code's product has separations in. One that was wrong was
-- wrong for every product of its lot: returns the codes of those lots, none where all were right.
CREATE FUNCTION _estoque_acertar_lotes(p_codigo text) RETURNS text[]
LANGUAGE plpgsql VOLATILE
AS $body$
DECLARE
    v_lotes text[];
BEGIN
    SELECT array_agg(DISTINCT s.separacao_lote_id::text) INTO v_lotes
    FROM separacao AS s
    LEFT JOIN LATERAL (
        SELECT l.faturado FROM estoque_lote AS l
        WHERE l.separacao_lote_id = s.separacao_lote_id OFFSET 0
    ) AS l ON true
    WHERE s.cod_produto = ANY (_estoque_membros(ARRAY[estoque_codigo(p_codigo)]))
        AND s.separacao_lote_id IS NOT NULL
        AND coalesce(l.faturado, false) <> EXISTS (
            SELECT FROM embarque_itens AS e
            WHERE e.separacao_lote_id = s.separacao_lote_id
                AND _estoque_fatura(e.status, e.nota_fiscal, e.erro_validacao));
    IF v_lotes IS NULL THEN
        RETURN ARRAY[]::text[];
    END IF;
    PERFORM _estoque_abrir_lotes(v_lotes);
    RETURN ARRAY(
        SELECT DISTINCT s.cod_produto::text FROM separacao AS s
        WHERE s.separacao_lote_id = ANY (v_lotes) AND s.cod_produto IS NOT NULL);
END
$body$;

REVOKE ALL ON FUNCTION _estoque_acertar_lotes(text) FROM PUBLIC;
COMMENT ON FUNCTION _estoque_acertar_lotes(text) IS
    'Mends the gates of a product''s lots, returns the codes concerned; inner use.';
