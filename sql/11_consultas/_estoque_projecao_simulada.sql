-- estoque_projecao_simulada as data: besides the days a row without one for each item whose filter met
-- no document, by its number (aviso).
-- Reads the sources with its owner's rights: who may run it need not have any on them.
CREATE FUNCTION _estoque_projecao_simulada(p_codigo text, p_mudancas jsonb, p_dias integer)
RETURNS TABLE (
    aviso integer, dia integer, data date, entrada_antes numeric, saida_antes numeric,
    saldo_antes numeric, entrada_depois numeric, saida_depois numeric, saldo_depois numeric
)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path FROM CURRENT
SET row_security = off
AS $body$
#variable_conflict use_column
DECLARE
    v_hoje date := estoque_hoje();
BEGIN
    PERFORM _estoque_exigir_dias(p_dias, 3650);
    RETURN QUERY
    WITH simulado AS MATERIALIZED (
        SELECT s.* FROM _estoque_simular(p_mudancas, p_dias, estoque_codigo(p_codigo)) AS s
    ),
    -- A day without a document ends as the one before; the numbers of documents go no further.
    denso AS (
        SELECT g.dia, s.*, count(s.data) OVER (ORDER BY g.dia) AS trecho
        FROM generate_series(0, p_dias) AS g (dia)
        LEFT JOIN simulado AS s ON s.data = v_hoje + g.dia
        WHERE EXISTS (SELECT FROM simulado AS x WHERE x.data IS NOT NULL)
    )
    SELECT s.aviso, NULL::integer, NULL::date, NULL::numeric, NULL::numeric, NULL::numeric,
        NULL::numeric, NULL::numeric, NULL::numeric
    FROM simulado AS s WHERE s.aviso IS NOT NULL
    UNION ALL
    (SELECT NULL, d.dia, v_hoje + d.dia, coalesce(d.entrada_antes, 0), coalesce(d.saida_antes, 0),
        first_value(d.saldo_antes) OVER no_trecho, coalesce(d.entrada_depois, 0),
        coalesce(d.saida_depois, 0), first_value(d.saldo_depois) OVER no_trecho
    FROM denso AS d
    WINDOW no_trecho AS (PARTITION BY d.trecho ORDER BY d.dia)
    ORDER BY d.dia);
END
$body$;

REVOKE ALL ON FUNCTION _estoque_projecao_simulada(text, jsonb, integer) FROM PUBLIC;
COMMENT ON FUNCTION _estoque_projecao_simulada(text, jsonb, integer) IS
    'estoque_projecao_simulada with its notices as rows; inner use.';
