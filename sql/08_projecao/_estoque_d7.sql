-- Projects products over the forecast of today to today + p_dias, starting from the balances given.
-- Overdue exits count today, overdue entries do not count; within a day entries and exits net.
-- p_recalcular takes the forecast from the sources instead of movimentacao_prevista: the audit and
-- the rebuild project by the same rule as the triggers. Locks nothing.
-- liquidos: the forecast alone, summed up to the end of each of today to today + 7, by which one
-- document or movement moves along without reading the forecast (_estoque_mover_documento); for
-- p_dias of 7 or more.
-- ROWS is low on purpose: joined by key to a table, a few products must never cost a scan of it.
CREATE FUNCTION _estoque_d7(
    p_produtos text[], p_saldos numeric[],
    p_dias integer DEFAULT 7, p_recalcular boolean DEFAULT false
) RETURNS TABLE (
    cod_produto text, saldo numeric, menor numeric, dia_ruptura date, valido_ate date,
    liquidos numeric[]
)
LANGUAGE plpgsql STABLE ROWS 10
SET search_path FROM CURRENT
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off
AS $body$
DECLARE
    v_hoje date := estoque_hoje();
    v_fim date := v_hoje + least(p_dias, '9999-12-31'::date - v_hoje);
BEGIN
    RETURN QUERY
    WITH prevista AS NOT MATERIALIZED (
        SELECT m.cod_produto AS produto, m.data_prevista AS data,
            m.entrada_prevista AS entrada, m.saida_prevista AS saida
        FROM movimentacao_prevista AS m
        WHERE m.cod_produto = ANY (p_produtos) AND NOT p_recalcular
        UNION ALL
        SELECT r.cod_produto, r.data_prevista, r.entrada_prevista, r.saida_prevista
        FROM _estoque_previsao_recalculada(p_produtos) AS r
        WHERE p_recalcular
    ),
    -- The balance is a movement of today, so that every product has a day and the sums start there.
    -- What lies beyond the horizon moves nothing; it is only seen coming.
    movimento AS (
        SELECT u.produto, v_hoje AS dia, u.saldo AS liquido, u.saldo,
            NULL::date AS entrada_em, NULL::date AS adiante
        FROM unnest(p_produtos, p_saldos) AS u (produto, saldo)
        UNION ALL
        SELECT p.produto, least(greatest(p.data, v_hoje), v_fim),
            CASE WHEN p.data > v_fim THEN 0
                 WHEN p.data >= v_hoje THEN p.entrada - p.saida
                 ELSE -p.saida END,
            NULL,
            CASE WHEN p.entrada > 0 AND p.data BETWEEN v_hoje AND v_fim THEN p.data END,
            CASE WHEN p.data > v_fim THEN p.data END
        FROM prevista AS p
    ),
    fim_do_dia AS (
        SELECT m.produto, m.dia, m.saldo, m.entrada_em, m.adiante,
            CASE WHEN m.saldo IS NULL THEN m.liquido ELSE 0 END AS previsto, m.dia - v_hoje AS daqui,
            sum(m.liquido) OVER (PARTITION BY m.produto ORDER BY m.dia) AS final
        FROM movimento AS m
    ),
    resumo AS (
        SELECT f.produto, max(f.saldo) AS saldo, least(max(f.saldo), min(f.final)) AS menor,
            min(f.dia) FILTER (WHERE f.final < 0) AS ruptura,
            min(f.entrada_em) AS entrada_em, min(f.adiante) AS adiante,
            ARRAY[
                sum(f.previsto) FILTER (WHERE f.daqui <= 0),
                sum(f.previsto) FILTER (WHERE f.daqui <= 1),
                sum(f.previsto) FILTER (WHERE f.daqui <= 2),
                sum(f.previsto) FILTER (WHERE f.daqui <= 3),
                sum(f.previsto) FILTER (WHERE f.daqui <= 4),
                sum(f.previsto) FILTER (WHERE f.daqui <= 5),
                sum(f.previsto) FILTER (WHERE f.daqui <= 6),
                sum(f.previsto) FILTER (WHERE f.daqui <= 7)] AS liquidos
        FROM fim_do_dia AS f
        GROUP BY f.produto
    )
    -- What time alone can change: the rupture day passes; an entry meets the exits overdue by then,
    -- on its day, and is itself overdue on the next; a later document enters the window.
    SELECT r.produto, r.saldo, r.menor, r.ruptura,
        least(r.ruptura, greatest(r.entrada_em - 1, CASE WHEN r.entrada_em = v_hoje THEN v_hoje END),
            r.adiante - (v_fim - v_hoje + 1), '9999-12-31'::date),
        r.liquidos
    FROM resumo AS r;
END
$body$;

GRANT EXECUTE ON FUNCTION _estoque_d7(text[], numeric[], integer, boolean) TO PUBLIC;
COMMENT ON FUNCTION _estoque_d7(text[], numeric[], integer, boolean) IS
    'Minimum, rupture day and validity of the projection of products from the balances given.';
