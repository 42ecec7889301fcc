-- One row: how far the fallback has walked the codes of the sources. Apart from estoque_controle,
-- because a run holds it to its end and no change of unification may wait for that.
CREATE TABLE estoque_percurso (
    unico boolean PRIMARY KEY DEFAULT true CHECK (unico),
    tabela integer NOT NULL DEFAULT 1,
    codigo text
);

INSERT INTO estoque_percurso DEFAULT VALUES;

REVOKE ALL ON estoque_percurso FROM PUBLIC;

COMMENT ON TABLE estoque_percurso IS
    'The table and the code up to which the fallback has looked for unknown codes; inner use.';
