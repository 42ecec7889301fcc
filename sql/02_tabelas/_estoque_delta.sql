-- What one statement changes for one code (and date): what triggers hand to _estoque_aplicar.
-- saldo moves the balance; entrada and saida move the forecast of data; linhas counts source rows
-- gained (positive) or lost (negative); nome is the one name they bear, '' for several;
-- digital is a fingerprint of their ids and names, taken by an UPDATE to see whether those changed;
-- lote is the lot of separations; fora counts the rows whose quantity cannot be counted.
CREATE TYPE _estoque_delta AS (
    codigo text,
    data date,
    saldo numeric,
    entrada numeric,
    saida numeric,
    linhas bigint,
    nome text,
    digital numeric,
    lote text,
    fora bigint
);

COMMENT ON TYPE _estoque_delta IS 'Change of one code and date by one statement; inner use.';
