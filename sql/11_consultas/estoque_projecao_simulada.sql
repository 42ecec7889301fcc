-- The balance of a product day by day, as it is and as it would be after mudancas (see estoque_simular),
-- dias + 1 rows from today on; none for an unknown code. Raises and notices as estoque_simular.
CREATE FUNCTION estoque_projecao_simulada(codigo text, mudancas jsonb, dias integer DEFAULT 28)
RETURNS TABLE (
    dia integer, data date, entrada_antes numeric, saida_antes numeric, saldo_antes numeric,
    entrada_depois numeric, saida_depois numeric, saldo_depois numeric
)
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $body$
BEGIN
    RETURN QUERY
    SELECT s.dia, s.data, s.entrada_antes, s.saida_antes, s.saldo_antes, s.entrada_depois,
        s.saida_depois, s.saldo_depois
    FROM _estoque_projecao_simulada(codigo, mudancas, dias) AS s
    WHERE CASE WHEN s.aviso IS NULL THEN true ELSE _estoque_avisar(s.aviso) END;
END
$body$;

REVOKE ALL ON FUNCTION estoque_projecao_simulada(text, jsonb, integer) FROM PUBLIC;
COMMENT ON FUNCTION estoque_projecao_simulada(text, jsonb, integer) IS
    'Balance of a product day by day, before and after changes of documents; 22023 for bad changes.';
