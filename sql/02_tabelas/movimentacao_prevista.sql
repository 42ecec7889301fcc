-- Forecast per canonical product and day, summed over all open documents; not a running balance.
-- Written only under the lock on the product's row of estoque_tempo_real.
CREATE TABLE movimentacao_prevista (
    cod_produto text NOT NULL,
    data_prevista date NOT NULL,
    entrada_prevista numeric(15,3) NOT NULL DEFAULT 0,
    saida_prevista numeric(15,3) NOT NULL DEFAULT 0,
    PRIMARY KEY (cod_produto, data_prevista)
) WITH (fillfactor = 85);

CREATE INDEX movimentacao_prevista_data ON movimentacao_prevista (data_prevista);

REVOKE ALL ON movimentacao_prevista FROM PUBLIC;
GRANT SELECT ON movimentacao_prevista TO PUBLIC;

COMMENT ON TABLE movimentacao_prevista IS
    'Entries and exits promised per product and day, maintained by triggers; read only.';
COMMENT ON COLUMN movimentacao_prevista.data_prevista IS
    'Date on the documents; overdue exits keep it and are counted on today by the projection.';
