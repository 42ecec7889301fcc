-- An open document as the questions about documents read it: canonical product, the code the row
-- itself bears, source, id as text and, where the id is a number, as that; what people call it, its
-- lot, its own date, whether it enters, the quantity as it is counted, and whether its lot is invoiced.
CREATE TYPE _estoque_aberto AS (
    cod_produto text,
    codigo text,
    origem text,
    id text,
    numero numeric,
    documento text,
    lote text,
    data date,
    entra boolean,
    quantidade numeric,
    faturado boolean
);

COMMENT ON TYPE _estoque_aberto IS 'An open document of a product; inner use.';
