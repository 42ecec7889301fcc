-- One row: changes of unification take turns on it, so that two sessions cannot close a cycle together.
CREATE TABLE estoque_controle (
    unico boolean PRIMARY KEY DEFAULT true CHECK (unico),
    unificacoes bigint NOT NULL DEFAULT 0
);

INSERT INTO estoque_controle DEFAULT VALUES;

REVOKE ALL ON estoque_controle FROM PUBLIC;

COMMENT ON TABLE estoque_controle IS 'Serialises changes of code unification; inner use.';
