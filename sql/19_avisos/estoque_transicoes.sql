-- The newest transitions since a moment (NULL: since the first that is kept), newest first; with antes those
-- before the one of that id: who shows parts goes on where a part ended.
-- dia is the business day of the announcement; days and shortages before and after are of the rupture, or
-- for abaixo_do_minimo and acima_do_minimo of the minimum. causa has the exit that crosses zero on
-- dia_depois, or the code that the product was unified into, where there is one.
-- They show documents of the ERP: for those given --leitura. Raises 22023 for a negative limit.
CREATE FUNCTION estoque_transicoes(
    desde timestamptz DEFAULT now() - interval '7 days', limite integer DEFAULT 1000,
    antes bigint DEFAULT NULL
)
RETURNS TABLE (
    id bigint, cod_produto text, sequencia bigint, tipo text, em timestamptz, dia date,
    nome_produto text, dia_antes date, dia_depois date, falta_antes numeric, falta_depois numeric,
    causa jsonb
)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path FROM CURRENT
SET plan_cache_mode = force_custom_plan
AS $body$
#variable_conflict use_column
BEGIN
    IF limite IS NULL OR limite < 0 THEN
        PERFORM _estoque_acusar('22023', 'limite', 'limite must be zero or more, not %s',
            'Give the largest number of transitions to return.', coalesce(limite::text, 'NULL'));
    END IF;
    RETURN QUERY
    SELECT t.id, t.cod_produto, t.sequencia, t.tipo, t.em, t.dia, t.nome_produto, t.dia_antes,
        t.dia_depois, t.falta_antes, t.falta_depois, t.causa
    FROM estoque_transicao AS t
    WHERE (desde IS NULL OR t.em >= desde) AND (antes IS NULL OR t.id < antes)
    ORDER BY t.id DESC
    LIMIT limite;
END
$body$;

REVOKE ALL ON FUNCTION estoque_transicoes(timestamptz, integer, bigint) FROM PUBLIC;
COMMENT ON FUNCTION estoque_transicoes(timestamptz, integer, bigint) IS
    'What was announced of ruptures and minimums since a moment, newest first; 22023 for a bad limit.';
