-- The history of ruptures, of the last 400 days: what estoque_anunciar found changed, when it did, and
-- in which business day. A product's transitions are numbered without gaps; ids follow the order in which
-- they were announced. Days and shortages are those announced before and now: of the rupture, or for the
-- types that speak of the minimum of that.
CREATE TABLE estoque_transicao (
    id bigint PRIMARY KEY,
    cod_produto text NOT NULL,
    sequencia bigint NOT NULL,
    tipo text NOT NULL CHECK (tipo IN ('apareceu', 'aproximou', 'afastou', 'terminou',
        'abaixo_do_minimo', 'acima_do_minimo')),
    em timestamptz NOT NULL,
    dia date NOT NULL,
    nome_produto text,
    dia_antes date,
    dia_depois date,
    falta_antes numeric,
    falta_depois numeric,
    causa jsonb,
    UNIQUE (cod_produto, sequencia)
);

CREATE INDEX estoque_transicao_em ON estoque_transicao (em);

REVOKE ALL ON estoque_transicao FROM PUBLIC;

COMMENT ON TABLE estoque_transicao IS
    'What changed of ruptures and minimums, of the last 400 days; read by estoque_transicoes().';
COMMENT ON COLUMN estoque_transicao.causa IS
    'The exit that crosses zero on dia_depois, or the code the product was unified into.';
