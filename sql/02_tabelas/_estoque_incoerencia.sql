-- A row of estoque_incoerencias: what is right by the rules and wrong in the warehouse, the documents
-- that say so ({"origem": table, "id": text} each), since when, how much is hidden or counted twice,
-- and the key of what to do.
CREATE TYPE _estoque_incoerencia AS (
    tipo text,
    cod_produto text,
    documentos jsonb,
    desde date,
    quantidade numeric,
    o_que_fazer text
);

COMMENT ON TYPE _estoque_incoerencia IS
    'Documents that contradict each other: a row of estoque_incoerencias(); inner use.';
