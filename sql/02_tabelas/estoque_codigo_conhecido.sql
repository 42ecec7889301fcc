-- Every code that a source mentions, with its canonical code (itself, when it has no unification).
-- It changes only when a code appears, disappears or changes group, so writers read it without a lock.
CREATE TABLE estoque_codigo_conhecido (
    codigo text PRIMARY KEY,
    cod_produto text NOT NULL,
    busca text GENERATED ALWAYS AS (_estoque_simples(codigo)) STORED
);

CREATE INDEX estoque_codigo_conhecido_produto ON estoque_codigo_conhecido (cod_produto);

REVOKE ALL ON estoque_codigo_conhecido FROM PUBLIC;
GRANT SELECT ON estoque_codigo_conhecido TO PUBLIC;

COMMENT ON TABLE estoque_codigo_conhecido IS
    'Every known code with the canonical code of its group; inner use, read through estoque_codigo().';
COMMENT ON COLUMN estoque_codigo_conhecido.busca IS
    'The code as estoque_buscar compares it; inner use.';
