-- The earliest day from which a quantity can be promised without making a later day short, up to the
-- horizon, and how much could be promised on that day. NULLs when no day does; no row for an
-- unknown code. Raises 22023 for a quantity that is not positive and for negative days.
CREATE FUNCTION estoque_disponibilidade(codigo text, quantidade numeric, dias integer DEFAULT 28)
RETURNS TABLE (data_disponivel date, quantidade_disponivel numeric)
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
SET enable_seqscan = off
AS $body$
BEGIN
    PERFORM _estoque_exigir_dias(dias);
    IF quantidade IS NULL OR NOT (quantidade > 0 AND quantidade < 'Infinity') THEN
        PERFORM _estoque_acusar('22023', 'quantidade', 'quantidade must be a positive number, not %s',
            'Give the quantity to promise.', coalesce(quantidade::text, 'NULL'));
    END IF;

    -- The lowest balance from a day to the horizon never falls as the day advances, so the first
    -- day that suffices is the one with the lowest date among those that do.
    RETURN QUERY
    SELECT m.data, m.menor
    FROM (SELECT true) AS sempre
    LEFT JOIN LATERAL (
        SELECT p.data, min(p.saldo_final) OVER (ORDER BY p.dia DESC) AS menor
        FROM estoque_projecao(codigo, dias) AS p
        ORDER BY p.dia
    ) AS m ON m.menor >= quantidade
    WHERE EXISTS (SELECT FROM estoque_codigo_conhecido AS c
                  WHERE c.codigo = estoque_disponibilidade.codigo)
    ORDER BY m.data
    LIMIT 1;
END
$body$;

GRANT EXECUTE ON FUNCTION estoque_disponibilidade(text, numeric, integer) TO PUBLIC;
COMMENT ON FUNCTION estoque_disponibilidade(text, numeric, integer) IS
    'Earliest safe day for a quantity and how much can be promised on it; NULLs when there is none.';
