-- Whether the exits of a lot are out of the forecast at this moment (the lot is invoiced).
-- A separation and an invoice of one lot meet on this row: whoever comes second sees the first.
CREATE TABLE estoque_lote (
    separacao_lote_id text PRIMARY KEY,
    faturado boolean NOT NULL,
    alterado_por xid8
) WITH (fillfactor = 70);

REVOKE ALL ON estoque_lote FROM PUBLIC;
GRANT SELECT ON estoque_lote TO PUBLIC;

COMMENT ON TABLE estoque_lote IS
    'Gate of each lot as applied to the forecast; inner use.';
COMMENT ON COLUMN estoque_lote.alterado_por IS 'Transaction that last opened or closed the gate.';
