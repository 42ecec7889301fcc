-- The exit that takes the balance of a product's day below zero by more than its tolerance, of a day that
-- is the first such one (estoque_rupturas). None where the day began below.
CREATE FUNCTION _estoque_causa_da_falta(p_produto text, p_dia date)
RETURNS TABLE (origem text, id text, documento text, saida numeric)
LANGUAGE plpgsql STABLE ROWS 1
SET search_path FROM CURRENT
SET enable_seqscan = off
SET enable_nestloop = on
AS $body$
DECLARE
    v_hoje date := estoque_hoje();
    v_limite numeric;
BEGIN
    SELECT -r.tolerancia INTO v_limite FROM estoque_regra_vigente(p_produto) AS r;
    IF p_dia = v_hoje AND EXISTS (
        SELECT FROM estoque_tempo_real AS t
        WHERE t.cod_produto = p_produto AND t.saldo_atual < v_limite) THEN
        RETURN;
    END IF;
    RETURN QUERY
    SELECT d.origem, d.id, d.documento, d.saida
    FROM estoque_documentos(p_produto, p_dia - v_hoje) AS d
    WHERE d.dia = p_dia AND d.saldo < v_limite AND d.saldo + d.saida >= v_limite
    LIMIT 1;
END
$body$;

GRANT EXECUTE ON FUNCTION _estoque_causa_da_falta(text, date) TO PUBLIC;
COMMENT ON FUNCTION _estoque_causa_da_falta(text, date) IS
    'The exit that makes a product run out on a day; inner use.';
