-- Compares the ruptures and shortages below the minimum of today to today + 28 with what was last
-- announced, and writes the differences: transitions, the new state, and a delivery of each to every
-- subscription concerned, all or none. Also the digests that are due, and the end of what is old.
-- By state, not by event: what appeared and went between two calls is no event, a merge or a new day is
-- one like any other, and writers do nothing for it. A rupture whose day has come stays where it is.
-- The horizon is no parameter: two callers with two of them would announce each other's as ended.
-- The first call ever, and one that finds the state lost, takes it as known and announces nothing. Returns the number of transitions;
-- 0 while another call is under way, for which it does not wait, and on a standby.
CREATE FUNCTION estoque_anunciar() RETURNS integer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path FROM CURRENT
SET row_security = off
SET plan_cache_mode = force_custom_plan
SET enable_nestloop = off
SET jit = off
AS $body$
DECLARE
    v_hoje date := estoque_hoje();
    v_desde timestamptz;
    v_transicoes estoque_transicao[];
    v_minimos boolean := EXISTS (SELECT FROM estoque_regra AS r WHERE r.minimo > 0);
BEGIN
    IF pg_is_in_recovery() OR NOT pg_try_advisory_xact_lock(
        hashtextextended('estoque_anunciar ' || current_schema(), 0)) THEN
        RETURN 0;
    END IF;
    SELECT a.desde INTO v_desde FROM estoque_avisador AS a;
    -- Its rows stay for ever: without any the state was lost, and is taken as known anew.
    IF NOT EXISTS (SELECT FROM estoque_anuncio) AND EXISTS (SELECT FROM estoque_transicao) THEN
        v_desde := NULL;
    END IF;

    WITH agora AS (
        SELECT coalesce(r.cod_produto, m.cod_produto) AS cod_produto,
            coalesce(r.nome_produto, m.nome_produto) AS nome_produto,
            r.dia_ruptura, r.falta, m.primeiro_dia, m.falta_do_minimo
        FROM estoque_rupturas(28) AS r
        -- Below a minimum of zero means running out, which is told already.
        FULL JOIN (SELECT x.cod_produto, x.nome_produto, x.primeiro_dia, x.falta AS falta_do_minimo
                   FROM estoque_abaixo_do_minimo(28) AS x
                   WHERE v_minimos AND x.minimo > 0) AS m ON m.cod_produto = r.cod_produto
    ),
    comparado AS (
        SELECT coalesce(n.cod_produto, a.cod_produto) AS cod_produto,
            coalesce(n.nome_produto, a.nome_produto) AS nome_produto,
            coalesce(a.sequencia, _estoque_ultima_sequencia(n.cod_produto)) AS sequencia,
            a.ruptura, a.falta, n.dia_ruptura, n.falta AS falta_agora,
            a.abaixo, a.falta_do_minimo, n.primeiro_dia, n.falta_do_minimo AS falta_do_minimo_agora,
            CASE WHEN a.ruptura IS NULL THEN
                    CASE WHEN n.dia_ruptura IS NOT NULL THEN 'apareceu' END
                WHEN n.dia_ruptura IS NULL THEN 'terminou'
                WHEN n.dia_ruptura < greatest(a.ruptura, v_hoje) THEN 'aproximou'
                WHEN n.dia_ruptura > greatest(a.ruptura, v_hoje) THEN 'afastou' END AS da_ruptura,
            CASE WHEN a.abaixo IS NULL AND n.primeiro_dia IS NOT NULL THEN 'abaixo_do_minimo'
                WHEN a.abaixo IS NOT NULL AND n.primeiro_dia IS NULL THEN 'acima_do_minimo'
                END AS do_minimo
        FROM estoque_anuncio AS a
        FULL JOIN agora AS n ON n.cod_produto = a.cod_produto
    ),
    transicao AS (
        SELECT c.cod_produto, c.sequencia + 1 AS sequencia, c.da_ruptura AS tipo, c.nome_produto,
            c.ruptura AS dia_antes, c.dia_ruptura AS dia_depois, c.falta AS falta_antes,
            c.falta_agora AS falta_depois
        FROM comparado AS c
        WHERE c.da_ruptura IS NOT NULL
        UNION ALL
        SELECT c.cod_produto, c.sequencia + 1 + (c.da_ruptura IS NOT NULL)::integer, c.do_minimo,
            c.nome_produto, c.abaixo, c.primeiro_dia, c.falta_do_minimo, c.falta_do_minimo_agora
        FROM comparado AS c
        WHERE c.do_minimo IS NOT NULL
    )
    SELECT array_agg(ROW(NULL, t.cod_produto, t.sequencia, t.tipo, now(), v_hoje, t.nome_produto,
        t.dia_antes, t.dia_depois, t.falta_antes, t.falta_depois, NULL)::estoque_transicao
        ORDER BY t.cod_produto, t.sequencia)
    INTO v_transicoes
    FROM transicao AS t;

    PERFORM _estoque_guardar_anuncio(v_transicoes, v_desde IS NOT NULL);
    IF v_desde IS NULL THEN
        INSERT INTO estoque_avisador AS a (unico, desde) VALUES (true, now())
        ON CONFLICT (unico) DO UPDATE SET desde = EXCLUDED.desde;
        v_transicoes := NULL;
    END IF;
    PERFORM _estoque_encaminhar(_estoque_transitar(v_transicoes));
    PERFORM _estoque_resumir();
    PERFORM _estoque_esquecer_avisos();
    UPDATE estoque_avisador AS a SET erro = NULL, erro_em = NULL WHERE a.erro IS NOT NULL;
    RETURN coalesce(cardinality(v_transicoes), 0);
END
$body$;

REVOKE ALL ON FUNCTION estoque_anunciar() FROM PUBLIC;
COMMENT ON FUNCTION estoque_anunciar() IS
    'Writes what changed of ruptures and minimums since it was last called; how many transitions.';
