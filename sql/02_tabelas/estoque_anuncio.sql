-- What was last announced of each product that ever had something to announce: the day on which it runs
-- out and the shortage, the day on which it falls below its minimum and what it lacks, NULL where it does
-- not. A row stays for ever, since the numbers of a product's transitions go on.
CREATE TABLE estoque_anuncio (
    cod_produto text PRIMARY KEY,
    nome_produto text,
    sequencia bigint NOT NULL,
    ruptura date,
    falta numeric,
    abaixo date,
    falta_do_minimo numeric
);

REVOKE ALL ON estoque_anuncio FROM PUBLIC;

COMMENT ON TABLE estoque_anuncio IS
    'What estoque_anunciar() last announced of each product; inner use.';
COMMENT ON COLUMN estoque_anuncio.sequencia IS 'Number of the product''s last transition.';
