-- A row of estoque_explicar: an interval of days that end below zero, why, and what would end it.
CREATE TYPE _estoque_explicacao AS (
    inicio date,
    fim date,
    falta numeric,
    dia_da_falta date,
    origem text,
    id text,
    documento text,
    saida numeric,
    entrada_data date,
    entrada_quantidade numeric,
    entrada_documento text,
    remedios jsonb
);

COMMENT ON TYPE _estoque_explicacao IS
    'An interval below zero and what would end it: a row of estoque_explicar(); inner use.';
