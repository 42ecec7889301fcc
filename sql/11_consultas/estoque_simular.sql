-- What if: the products whose balance at the end of some day of today to today + dias would be another if
-- documents were added, left out, moved or scaled as mudancas say, with the first day below zero and the
-- lowest balance (of the one now and those ends of day), before and after, by code. Nothing is written.
-- How mudancas are written: _estoque_mudancas. They act in their order, each on what the earlier ones
-- left. A filter that meets no open document is told in a notice.
-- Raises 22023 for bad days, and for a bad item, which it names by its number and key.
CREATE FUNCTION estoque_simular(mudancas jsonb, dias integer DEFAULT 28)
RETURNS TABLE (
    cod_produto text, nome_produto text, dia_ruptura_antes date, dia_ruptura_depois date,
    menor_antes numeric, menor_depois numeric
)
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $body$
BEGIN
    RETURN QUERY
    SELECT s.cod_produto, s.nome_produto, s.dia_ruptura_antes, s.dia_ruptura_depois, s.menor_antes,
        s.menor_depois
    FROM _estoque_simulados(mudancas, dias) AS s
    WHERE CASE WHEN s.aviso IS NULL THEN true ELSE _estoque_avisar(s.aviso) END;
END
$body$;

REVOKE ALL ON FUNCTION estoque_simular(jsonb, integer) FROM PUBLIC;
COMMENT ON FUNCTION estoque_simular(jsonb, integer) IS
    'Products that changes of documents would touch, before and after; 22023 for bad changes.';
