-- The products that have every word of a text in their name or in a code of their group, whatever the
-- accents and capitals; nothing in the text has a meaning of its own. First the product of which the
-- text is a code, then one of which it is so but for capitals, then those whose name or a code begins
-- with the text, then the rest; by code. Blank or NULL gives no rows.
-- The columns it compares (busca) hold what _estoque_simples makes of names and codes. It reads both
-- tables through; where there are indexes of pg_trgm on the columns, it goes by these. Raises 22023 for
-- a limit that is NULL or negative.
CREATE FUNCTION estoque_buscar(texto text, limite integer DEFAULT 50)
RETURNS TABLE (
    cod_produto text, nome_produto text, estoque_atual numeric(15,3),
    menor_estoque_d7 numeric(15,3), dia_ruptura date
)
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
SET plan_cache_mode = force_custom_plan
SET jit = off
AS $body$
#variable_conflict use_column
DECLARE
    v_texto text := btrim(regexp_replace(_estoque_simples(texto), '\s+', ' ', 'g'));
    v_padroes text[] := ARRAY(
        SELECT '%' || regexp_replace(x.palavra, '([\\%_])', '\\\1', 'g') || '%'
        FROM unnest(string_to_array(v_texto, ' ')) AS x (palavra)
        GROUP BY x.palavra ORDER BY length(x.palavra) DESC);
    v_produtos text[];
BEGIN
    IF limite IS NULL OR limite < 0 THEN
        PERFORM _estoque_acusar('22023', 'limite', 'limite must be zero or more, not %s',
            'Give the largest number of products to return.', coalesce(limite::text, 'NULL'));
    END IF;
    IF coalesce(v_texto, '') = '' THEN
        RETURN;
    END IF;

    SELECT array_agg(x.cod_produto ORDER BY x.ordem, x.cod_produto) INTO v_produtos
    FROM (
        WITH codigo AS MATERIALIZED (
            SELECT c.codigo, c.cod_produto, c.busca FROM estoque_codigo_conhecido AS c
            WHERE c.busca LIKE ANY (v_padroes)
        ),
        grupo AS (
            SELECT c.cod_produto, array_agg(p.padrao) AS padroes, min(CASE
                WHEN c.codigo IN (texto, btrim(texto)) THEN 0
                WHEN c.busca = v_texto THEN 1
                WHEN starts_with(c.busca, v_texto) THEN 2
                ELSE 3 END) AS ordem
            FROM codigo AS c
            JOIN unnest(v_padroes) AS p (padrao) ON c.busca LIKE p.padrao
            GROUP BY c.cod_produto
        ),
        achado AS (
            SELECT t.cod_produto, CASE WHEN starts_with(t.busca, v_texto) THEN 2 ELSE 3 END AS ordem
            FROM estoque_tempo_real AS t
            -- Each by itself, since an index serves LIKE but not LIKE ALL, and goes by all of them: the
            -- longest word may be one that every name has.
            WHERE t.busca LIKE v_padroes[1]
                AND (v_padroes[2] IS NULL OR t.busca LIKE v_padroes[2])
                AND (v_padroes[3] IS NULL OR t.busca LIKE ALL (v_padroes[3:]))
            UNION ALL
            SELECT g.cod_produto, g.ordem
            FROM grupo AS g
            JOIN estoque_tempo_real AS t ON t.cod_produto = g.cod_produto
            WHERE NOT EXISTS (
                SELECT FROM unnest(v_padroes) AS p (padrao)
                WHERE p.padrao <> ALL (g.padroes) AND (t.busca LIKE p.padrao) IS NOT TRUE)
        )
        SELECT a.cod_produto, min(a.ordem) AS ordem FROM achado AS a
        GROUP BY a.cod_produto ORDER BY 2, 1 LIMIT limite
    ) AS x;

    RETURN QUERY
    SELECT t.cod_produto, t.nome_produto, t.saldo_atual,
        CASE WHEN v.cod_produto IS NULL THEN t.menor_estoque_d7 ELSE v.menor_estoque_d7 END,
        CASE WHEN v.cod_produto IS NULL THEN t.dia_ruptura ELSE v.dia_ruptura END
    FROM estoque_tempo_real AS t
    LEFT JOIN _estoque_vencidos(v_produtos) AS v ON v.cod_produto = t.cod_produto
    WHERE t.cod_produto = ANY (v_produtos)
    ORDER BY array_position(v_produtos, t.cod_produto);
END
$body$;

GRANT EXECUTE ON FUNCTION estoque_buscar(text, integer) TO PUBLIC;
COMMENT ON FUNCTION estoque_buscar(text, integer) IS
    'Products with every word of a text in the name or in a code, the closest first; 22023 for a bad limit.';
