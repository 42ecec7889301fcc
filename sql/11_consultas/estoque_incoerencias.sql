-- What is right by the rules and wrong in the warehouse: documents that contradict each other, by kind
-- in the order of the list below, then by since when, then by product. How each is told stands in the
-- functions it asks. A document is {"origem": table, "id": text, "documento": what people call it}: the
-- order of a separation or pre-separation, the invoice of a movement, the invoice of an item of a shipment,
-- its order while it has none; null where there is nothing of the kind. Reads the sources with its owner's rights: who may run it need not have any on
-- them.
CREATE FUNCTION estoque_incoerencias() RETURNS SETOF _estoque_incoerencia
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path FROM CURRENT
SET row_security = off
AS $body$
BEGIN
    RETURN QUERY
    SELECT x.*
    FROM (
        SELECT * FROM _estoque_incoerencias_de_lotes()
        UNION ALL
        SELECT * FROM _estoque_incoerencias_de_abertos()
        UNION ALL
        SELECT * FROM _estoque_incoerencias_de_estornos()
        UNION ALL
        SELECT * FROM _estoque_incoerencias_de_codigos()
    ) AS x
    ORDER BY array_position(ARRAY['faturado sem movimento', 'movimento sem fatura',
        'pre-separacao repetida', 'lote faturado em parte', 'lote reutilizado', 'separacao repetida',
        'estorno repetido', 'demanda sem data', 'saida atrasada', 'codigos parecidos'], x.tipo),
        x.desde, x.cod_produto, x.documentos;
END
$body$;

REVOKE ALL ON FUNCTION estoque_incoerencias() FROM PUBLIC;
COMMENT ON FUNCTION estoque_incoerencias() IS
    'Documents that contradict each other: right by the rules, wrong in the warehouse.';
