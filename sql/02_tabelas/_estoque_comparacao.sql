-- What the fallback's comparison says of one code: its differences as a JSON array (NULL for none),
-- or the error that comparing it raised.
CREATE TYPE _estoque_comparacao AS (
    cod_produto text,
    diferencas jsonb,
    estado text,
    mensagem text
);

COMMENT ON TYPE _estoque_comparacao IS 'One code compared with the sources; inner use.';
