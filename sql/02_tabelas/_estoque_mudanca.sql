-- A change that a simulation makes, as _estoque_mudancas reads it from JSON: what is done, to what a
-- document added bears (produto, canonical), and the filter that a document has to meet: a NULL asks
-- nothing. ordem counts from 1.
CREATE TYPE _estoque_mudanca AS (
    ordem integer,
    acao text,
    produto text,
    data date,
    entrada numeric,
    saida numeric,
    dias integer,
    para date,
    fator numeric,
    origem text,
    ids text[],
    pedidos text[],
    lotes text[],
    linhas text[],
    produtos text[],
    de date,
    ate date
);

COMMENT ON TYPE _estoque_mudanca IS 'A change of a simulation, read from JSON; inner use.';
