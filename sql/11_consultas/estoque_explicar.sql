-- Why a product runs out, and what would help: one row for each interval of days of today to today + dias
-- that end below zero. fim is its last day, NULL where the last day asked for belongs to it; falta the
-- largest shortage, dia_da_falta the first day of it; then the exit that takes the balance below zero on
-- the first day (none where that day begins below zero), and the next entry that counts after that day,
-- beyond the horizon too.
-- remedios is a list of {acao, origem, id, documento, quantidade, de, para, mudancas, dia_ruptura_depois,
-- menor_depois}: each ends the interval alone, which is tried before it is told, and mudancas is what
-- estoque_simular takes. The least of each kind there is:
--   repor      falta, by the first day;
--   antecipar  the nearest entry that suffices, to the first day;
--   adiar      the smallest exit counting by the first day that suffices, to the day after the last.
-- Reads the sources with its owner's rights: who may run it need not have any on them. No row for an
-- unknown code or a product that does not run out. Raises 22023 for days that are negative or more than
-- 3650.
CREATE FUNCTION estoque_explicar(codigo text, dias integer DEFAULT 28)
RETURNS SETOF _estoque_explicacao
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path FROM CURRENT
SET row_security = off
AS $body$
DECLARE
    v_hoje date := estoque_hoje();
    v_produto text := estoque_codigo(codigo);
    v_fim date;
    v_agora numeric;
BEGIN
    PERFORM _estoque_exigir_dias(dias, 3650);
    v_fim := v_hoje + dias;
    SELECT t.saldo_atual INTO v_agora FROM estoque_tempo_real AS t WHERE t.cod_produto = v_produto;

    RETURN QUERY
    WITH dia AS MATERIALIZED (
        SELECT d.data, d.entrada, d.saida, d.saldo,
            lead(d.data) OVER (ORDER BY d.data) AS proximo,
            count(*) FILTER (WHERE d.saldo >= 0) OVER (ORDER BY d.data) AS trecho
        FROM _estoque_dias(ARRAY[v_produto], v_fim) AS d
    ),
    intervalo AS MATERIALIZED (
        SELECT min(d.data) AS inicio,
            -- It ends before the next day that moves the balance; none: it goes on beyond the horizon.
            CASE WHEN bool_and(d.proximo IS NOT NULL) THEN max(d.proximo) - 1 END AS fim,
            -min(d.saldo) AS falta
        FROM dia AS d
        WHERE d.saldo < 0
        GROUP BY d.trecho
    ),
    documento AS MATERIALIZED (
        SELECT a.origem, a.id, a.documento, a.entrada > 0 AS entra, a.entrada + a.saida AS quantidade,
            coalesce(a.dia, a.data_prevista) AS dia, a.saldo, a.ordinality AS ordem
        FROM estoque_documentos(v_produto, dias) WITH ORDINALITY AS a
        WHERE EXISTS (SELECT FROM intervalo)
            AND a.situacao IN ('conta', 'atrasada', 'alem do horizonte')
    ),
    remedio AS (
        SELECT i.inicio, i.fim, 1 AS ordem, 'repor' AS acao, NULL::text AS origem, NULL::text AS id,
            NULL::text AS documento, i.falta AS quantidade, NULL::date AS de, i.inicio AS para,
            i.inicio AS desde, NULL::date AS ate, jsonb_build_object('acao', 'somar', 'codigo',
                v_produto, 'data', i.inicio, 'entrada', trim_scale(i.falta)) AS mudanca
        FROM intervalo AS i
        UNION ALL
        SELECT i.inicio, i.fim, 2, 'antecipar', e.origem, e.id, e.documento, e.quantidade, e.dia,
            i.inicio, i.inicio, e.dia, jsonb_build_object('acao', 'adiar', 'para', i.inicio,
                'origem', e.origem, 'ids', jsonb_build_array(e.id))
        FROM intervalo AS i
        CROSS JOIN LATERAL (
            SELECT d.* FROM documento AS d
            WHERE d.entra AND d.dia > coalesce(i.fim, v_fim) AND d.quantidade >= i.falta
            ORDER BY d.dia, d.ordem
            LIMIT 1
        ) AS e
        UNION ALL
        SELECT i.inicio, i.fim, 3, 'adiar', s.origem, s.id, s.documento, s.quantidade, s.dia,
            i.fim + 1, s.dia, i.fim + 1, jsonb_build_object('acao', 'adiar', 'para', i.fim + 1,
                'origem', s.origem, 'ids', jsonb_build_array(s.id))
        FROM intervalo AS i
        CROSS JOIN LATERAL (
            SELECT d.* FROM documento AS d
            WHERE NOT d.entra AND d.dia <= i.inicio AND d.quantidade >= i.falta
            ORDER BY d.quantidade, d.dia DESC, d.ordem
            LIMIT 1
        ) AS s
        WHERE i.fim IS NOT NULL
    ),
    -- A remedy raises the balance by its quantity from the day (desde) to before the other (ate).
    tentado AS (
        SELECT r.inicio, r.ordem, r.acao, r.origem, r.id, r.documento, r.quantidade, r.de, r.para,
            r.mudanca, min(d.data) FILTER (WHERE x.saldo < 0) AS ruptura,
            least(min(x.saldo), v_agora) AS menor
        FROM remedio AS r
        CROSS JOIN dia AS d
        CROSS JOIN LATERAL (
            SELECT d.saldo + CASE WHEN d.data >= r.desde AND (r.ate IS NULL OR d.data < r.ate)
                THEN r.quantidade ELSE 0 END AS saldo
        ) AS x
        GROUP BY r.inicio, r.fim, r.ordem, r.acao, r.origem, r.id, r.documento, r.quantidade, r.de,
            r.para, r.mudanca
        HAVING bool_and(x.saldo >= 0 OR d.data < r.inicio OR d.data > coalesce(r.fim, v_fim))
    )
    SELECT i.inicio, i.fim, i.falta,
        (SELECT min(d.data) FROM dia AS d WHERE d.data >= i.inicio AND d.saldo = -i.falta),
        c.origem, c.id, c.documento, c.quantidade, e.dia, e.quantidade, e.documento,
        (SELECT coalesce(jsonb_agg(jsonb_build_object('acao', t.acao, 'origem', t.origem, 'id', t.id,
                'documento', t.documento, 'quantidade', trim_scale(t.quantidade), 'de', t.de,
                'para', t.para, 'mudancas', jsonb_build_array(t.mudanca),
                'dia_ruptura_depois', t.ruptura, 'menor_depois', trim_scale(t.menor))
                ORDER BY t.ordem), '[]')
         FROM tentado AS t WHERE t.inicio = i.inicio)
    FROM intervalo AS i
    JOIN dia AS d ON d.data = i.inicio
    LEFT JOIN documento AS c ON c.dia = i.inicio AND NOT c.entra AND c.saldo < 0
        AND c.saldo + c.quantidade >= 0 AND d.saldo - d.entrada + d.saida >= 0
    LEFT JOIN LATERAL (
        SELECT x.* FROM documento AS x
        WHERE x.entra AND x.dia > i.inicio
        ORDER BY x.dia, x.ordem
        LIMIT 1
    ) AS e ON true
    ORDER BY i.inicio;
END
$body$;

REVOKE ALL ON FUNCTION estoque_explicar(text, integer) FROM PUBLIC;
COMMENT ON FUNCTION estoque_explicar(text, integer) IS
    'Why a product runs out and what would end it, by intervals below zero; 22023 for bad days.';
