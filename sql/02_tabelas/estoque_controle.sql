-- One row: changes of unification take turns on it, so that two sessions cannot close a cycle together.
-- It also holds the settings of the minute job, changed by estoque_configurar(), and whether an
-- installation, or the last rebuild of everything after it, left out rows that cannot be counted.
-- `lugar` tells a restored copy, which nobody has compared with its sources: see _estoque_lugar.
CREATE TABLE estoque_controle (
    unico boolean PRIMARY KEY DEFAULT true CHECK (unico),
    unificacoes bigint NOT NULL DEFAULT 0,
    por_execucao integer NOT NULL DEFAULT 10 CHECK (por_execucao > 0),
    orcamento interval NOT NULL DEFAULT '20 s' CHECK (orcamento > '0 s'),
    recusadas boolean NOT NULL DEFAULT false,
    lugar text
);

INSERT INTO estoque_controle DEFAULT VALUES;

REVOKE ALL ON estoque_controle FROM PUBLIC;
GRANT SELECT ON estoque_controle TO PUBLIC;

COMMENT ON TABLE estoque_controle IS
    'Serialises changes of code unification, and holds the settings of the minute job; inner use.';
COMMENT ON COLUMN estoque_controle.por_execucao IS 'Products the minute job compares in a run.';
COMMENT ON COLUMN estoque_controle.orcamento IS
    'Time after which a run of the minute job takes up no further product.';
COMMENT ON COLUMN estoque_controle.recusadas IS
    'Whether source rows were left out, as far as is known: see estoque_linhas_recusadas().';
COMMENT ON COLUMN estoque_controle.lugar IS
    'Where the results were when all of them were last known to agree with the sources; inner use.';
