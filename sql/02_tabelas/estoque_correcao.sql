-- What the fallback found wrong and mended: the last 10,000 differences.
CREATE TABLE estoque_correcao (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    corrigido_em timestamptz NOT NULL DEFAULT clock_timestamp(),
    cod_produto text NOT NULL,
    campo text NOT NULL,
    data_prevista date,
    valor_antes text,
    valor_depois text
);

CREATE INDEX estoque_correcao_momento ON estoque_correcao (corrigido_em, id);

REVOKE ALL ON estoque_correcao FROM PUBLIC;
GRANT SELECT ON estoque_correcao TO PUBLIC;

COMMENT ON TABLE estoque_correcao IS
    'Differences from the sources that the fallback found and mended, the newest 10,000; read only.';
COMMENT ON COLUMN estoque_correcao.valor_depois IS 'What the sources said when it was found.';
