-- A row of estoque_documentos: an open document of a product, the day it counts on, and why it does
-- not where it does not.
CREATE TYPE _estoque_documento AS (
    dia date,
    data_prevista date,
    origem text,
    id text,
    documento text,
    lote text,
    codigo text,
    entrada numeric,
    saida numeric,
    saldo numeric,
    situacao text
);

COMMENT ON TYPE _estoque_documento IS
    'An open document of a product: a row of estoque_documentos(); inner use.';
