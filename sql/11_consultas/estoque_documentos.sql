-- The open documents of a product, also those that do not count, with the reason (situacao):
--   conta, atrasada           it counts, on its day, or today for an exit that is overdue;
--   faturado                  its lot is invoiced;
--   sem quantidade, sem data  there is nothing to count, or no day;
--   entrada atrasada          an entry that is overdue;
--   alem do horizonte         its day is beyond those asked for.
-- Those that count come first, in the order in which the balance is run down (saldo): by day, entries
-- before exits, then by source and id; day by day they add up to estoque_projecao. Those that do not
-- count come last, none of them older than 30 days.
-- Reads the sources with its owner's rights: who may run it need not have any on them. No row for an
-- unknown code. Raises 22023 for days that are negative or more than 3650.
CREATE FUNCTION estoque_documentos(codigo text, dias integer DEFAULT 28)
RETURNS SETOF _estoque_documento
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path FROM CURRENT
SET row_security = off
SET enable_seqscan = off
AS $body$
DECLARE
    v_hoje date := estoque_hoje();
    v_produto text := estoque_codigo(codigo);
    v_fim date;
    v_saldo numeric;
BEGIN
    PERFORM _estoque_exigir_dias(dias, 3650);
    SELECT t.saldo_atual INTO v_saldo FROM estoque_tempo_real AS t WHERE t.cod_produto = v_produto;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    v_fim := v_hoje + dias;

    RETURN QUERY
    WITH julgado AS (
        SELECT a.*, CASE
            WHEN a.faturado THEN 'faturado'
            WHEN a.quantidade <= 0 THEN 'sem quantidade'
            WHEN a.data IS NULL THEN 'sem data'
            WHEN a.data > v_fim THEN 'alem do horizonte'
            WHEN a.data >= v_hoje THEN 'conta'
            WHEN a.entra THEN 'entrada atrasada'
            ELSE 'atrasada' END AS situacao
        FROM _estoque_abertos(ARRAY[v_produto]) AS a
    ),
    contado AS (
        SELECT j.*, j.situacao IN ('conta', 'atrasada') AS conta,
            CASE WHEN j.situacao IN ('conta', 'atrasada') THEN greatest(j.data, v_hoje) END AS dia
        FROM julgado AS j
        WHERE j.situacao IN ('conta', 'atrasada') OR j.data IS NULL OR j.data >= v_hoje - 30
    )
    SELECT c.dia, c.data, c.origem, c.id, c.documento, c.lote, c.codigo,
        CASE WHEN c.entra THEN c.quantidade ELSE 0 END,
        CASE WHEN c.entra THEN 0 ELSE c.quantidade END,
        CASE WHEN c.conta THEN v_saldo + sum(CASE WHEN c.entra THEN c.quantidade
            ELSE -c.quantidade END) FILTER (WHERE c.conta) OVER (
            ORDER BY c.conta DESC, c.dia, c.entra DESC, c.origem, c.numero, c.id
            ROWS UNBOUNDED PRECEDING) END,
        c.situacao
    FROM contado AS c
    ORDER BY c.conta DESC, c.dia, c.entra DESC, c.origem, c.numero, c.id;
END
$body$;

REVOKE ALL ON FUNCTION estoque_documentos(text, integer) FROM PUBLIC;
COMMENT ON FUNCTION estoque_documentos(text, integer) IS
    'Open documents of a product, with the day each counts on or why it does not; 22023 for bad days.';
