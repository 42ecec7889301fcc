-- Why a transition came about, where that is one thing. Of a rupture that is there: the exit that takes
-- the balance of its day below zero (by more than the tolerance), {origem, id, documento, saida}; none
-- where the day began below. Of what ended because its code was unified: {unificado_em}. Else NULL.
CREATE FUNCTION _estoque_causa(p_transicao estoque_transicao) RETURNS jsonb
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
SET row_security = off
AS $body$
DECLARE
    v_produto text := estoque_codigo(p_transicao.cod_produto);
BEGIN
    IF p_transicao.dia_depois IS NULL AND v_produto <> p_transicao.cod_produto THEN
        RETURN jsonb_build_object('unificado_em', v_produto);
    ELSIF p_transicao.tipo NOT IN ('apareceu', 'aproximou', 'afastou') THEN
        RETURN NULL;
    END IF;
    RETURN (
        SELECT jsonb_build_object('origem', f.origem, 'id', f.id, 'documento', f.documento,
            'saida', trim_scale(f.saida))
        FROM _estoque_causa_da_falta(v_produto, p_transicao.dia_depois) AS f);
END
$body$;

REVOKE ALL ON FUNCTION _estoque_causa(estoque_transicao) FROM PUBLIC;
COMMENT ON FUNCTION _estoque_causa(estoque_transicao) IS
    'The document that makes a product run out, or the code it became; inner use.';
