-- Why a transition came about, where that is one thing. Of a rupture that is there: the exit that takes
-- the balance of its day below zero (by more than the tolerance), {origem, id, documento, saida}; none
-- where the day began below. Of what ended because its code was unified: {unificado_em}. Else NULL.
CREATE FUNCTION _estoque_causa(p_transicao estoque_transicao) RETURNS jsonb
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
SET row_security = off
SET enable_seqscan = off
SET enable_nestloop = on
AS $body$
DECLARE
    v_produto text := estoque_codigo(p_transicao.cod_produto);
    v_limite numeric;
BEGIN
    IF p_transicao.dia_depois IS NULL AND v_produto <> p_transicao.cod_produto THEN
        RETURN jsonb_build_object('unificado_em', v_produto);
    ELSIF p_transicao.tipo NOT IN ('apareceu', 'aproximou', 'afastou') THEN
        RETURN NULL;
    END IF;
    SELECT -r.tolerancia INTO v_limite FROM estoque_regra_vigente(v_produto) AS r;
    IF p_transicao.dia_depois = p_transicao.dia AND EXISTS (
        SELECT FROM estoque_tempo_real AS t
        WHERE t.cod_produto = v_produto AND t.saldo_atual < v_limite) THEN
        RETURN NULL;
    END IF;
    RETURN (
        SELECT jsonb_build_object('origem', d.origem, 'id', d.id, 'documento', d.documento,
            'saida', trim_scale(d.saida))
        FROM estoque_documentos(v_produto, p_transicao.dia_depois - p_transicao.dia) AS d
        WHERE d.dia = p_transicao.dia_depois AND d.saldo < v_limite
            AND d.saldo + d.saida >= v_limite
        LIMIT 1);
END
$body$;

REVOKE ALL ON FUNCTION _estoque_causa(estoque_transicao) FROM PUBLIC;
COMMENT ON FUNCTION _estoque_causa(estoque_transicao) IS
    'The document that makes a product run out, or the code it became; inner use.';
