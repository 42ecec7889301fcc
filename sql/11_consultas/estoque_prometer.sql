-- A whole order: for each product of it, by canonical code in the order in which they are first asked
-- for, the quantity of all its lines (each rounded to 3 decimals), how much of it could be promised today
-- without making any day up to the horizon short, the first day from which all of it can, and how much
-- could on that day; data_conjunta, the same in every row, is the first day from which the whole order
-- can. NULLs where no day does. A code nothing knows has a row without a product, and then there is no
-- day for the whole.
-- No rows for lists that are both empty or NULL. Raises 22023 for a NULL code, a quantity that is not
-- above zero after rounding, lists of two lengths, bad days.
CREATE FUNCTION estoque_prometer(codigos text[], quantidades numeric[], dias integer DEFAULT 28)
RETURNS TABLE (
    cod_produto text, nome_produto text, quantidade numeric, maximo_hoje numeric,
    data_disponivel date, maximo_na_data numeric, data_conjunta date, codigos_pedidos text[]
)
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
SET enable_seqscan = off
AS $body$
#variable_conflict use_column
DECLARE
    v_hoje date := estoque_hoje();
    v_linha record;
BEGIN
    PERFORM _estoque_exigir_dias(dias, 3650);
    IF coalesce(cardinality(codigos), 0) <> coalesce(cardinality(quantidades), 0) THEN
        PERFORM _estoque_acusar('22023', 'quantidades', 'codigos has %s entries and quantidades has %s',
            'Give one quantity for each code.', coalesce(cardinality(codigos), 0)::text,
            coalesce(cardinality(quantidades), 0)::text);
    END IF;
    SELECT x.n, x.c, x.q INTO v_linha
    FROM ROWS FROM (unnest(codigos), unnest(quantidades)) WITH ORDINALITY AS x (c, q, n)
    WHERE x.c IS NULL OR x.q IS NULL OR NOT _estoque_cabe(x.q) OR round(x.q, 3) <= 0
    ORDER BY x.n LIMIT 1;
    IF FOUND AND v_linha.c IS NULL THEN
        PERFORM _estoque_acusar('22023', 'codigos', 'line %s of the order has no code',
            'Name the product of each line.', v_linha.n::text);
    ELSIF FOUND THEN
        PERFORM _estoque_acusar('22023', 'quantidades', 'line %s of the order, code %s: the quantity must'
            ' be a number above zero, not %s', 'Quantities are rounded to 3 decimals.', v_linha.n::text,
            quote_literal(v_linha.c), coalesce(v_linha.q::text, 'NULL'));
    END IF;

    RETURN QUERY
    WITH pedido AS MATERIALIZED (
        SELECT k.cod_produto AS produto, min(x.n) AS primeira, sum(round(x.q, 3)) AS quantidade,
            array_agg(DISTINCT x.c ORDER BY x.c) AS codigos
        FROM ROWS FROM (unnest(codigos), unnest(quantidades)) WITH ORDINALITY AS x (c, q, n)
        LEFT JOIN LATERAL (
            SELECT c.cod_produto FROM estoque_codigo_conhecido AS c WHERE c.codigo = x.c OFFSET 0
        ) AS k ON true
        GROUP BY k.cod_produto, CASE WHEN k.cod_produto IS NULL THEN x.c END
    ),
    -- The lowest balance from a day to the horizon: it never falls as the day advances.
    adiante AS (
        SELECT d.cod_produto AS produto, d.data,
            min(d.saldo) OVER (PARTITION BY d.cod_produto ORDER BY d.data DESC) AS menor
        FROM _estoque_dias(ARRAY(SELECT p.produto FROM pedido AS p WHERE p.produto IS NOT NULL),
            v_hoje + dias) AS d
    ),
    achado AS (
        SELECT p.*, CASE WHEN h.menor > 0 THEN h.menor WHEN h.menor <= 0 THEN 0 END AS maximo_hoje,
            a.data AS disponivel, a.menor AS na_data
        FROM pedido AS p
        LEFT JOIN adiante AS h ON h.produto = p.produto AND h.data = v_hoje
        LEFT JOIN (
            SELECT DISTINCT ON (x.produto) x.produto, x.data, x.menor
            FROM adiante AS x JOIN pedido AS q ON q.produto = x.produto AND x.menor >= q.quantidade
            ORDER BY x.produto, x.data
        ) AS a ON a.produto = p.produto
    )
    SELECT a.produto, t.nome_produto, a.quantidade, a.maximo_hoje, a.disponivel, a.na_data,
        CASE WHEN bool_and(a.disponivel IS NOT NULL) OVER () THEN max(a.disponivel) OVER () END,
        a.codigos
    FROM achado AS a
    LEFT JOIN LATERAL (
        SELECT e.nome_produto FROM estoque_tempo_real AS e WHERE e.cod_produto = a.produto OFFSET 0
    ) AS t ON true
    ORDER BY a.primeira;
END
$body$;

GRANT EXECUTE ON FUNCTION estoque_prometer(text[], numeric[], integer) TO PUBLIC;
COMMENT ON FUNCTION estoque_prometer(text[], numeric[], integer) IS
    'Since when a whole order can be promised, and how much of each product; 22023 for bad lines.';
