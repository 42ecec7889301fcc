-- One row: since when transitions are announced (NULL: not yet, so the first comparison only takes the
-- state as known), the number that tells the events of this installation from those of any other, why
-- the minute job could not announce, where it could not, and the last number of each kind of row: a sequence
-- would give those of each node of Citus a range of their own, and they tell the order.
CREATE TABLE estoque_avisador (
    unico boolean PRIMARY KEY DEFAULT true CHECK (unico),
    desde timestamptz,
    instalacao uuid NOT NULL DEFAULT gen_random_uuid(),
    erro text,
    erro_em timestamptz,
    transicoes bigint NOT NULL DEFAULT 0,
    entregas bigint NOT NULL DEFAULT 0,
    inscricoes bigint NOT NULL DEFAULT 0
);

INSERT INTO estoque_avisador DEFAULT VALUES;

REVOKE ALL ON estoque_avisador FROM PUBLIC;

COMMENT ON TABLE estoque_avisador IS 'How announcing transitions stands; inner use.';
COMMENT ON COLUMN estoque_avisador.instalacao IS
    'Begins the idempotency key of every delivery of this installation.';
