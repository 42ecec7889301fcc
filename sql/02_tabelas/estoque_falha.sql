-- Products that the fallback could neither compare nor rebuild. A row goes when its product passes.
CREATE TABLE estoque_falha (
    cod_produto text PRIMARY KEY,
    sqlstate text NOT NULL,
    mensagem text NOT NULL,
    desde timestamptz NOT NULL,
    ultima_em timestamptz NOT NULL,
    vezes bigint NOT NULL
);

REVOKE ALL ON estoque_falha FROM PUBLIC;
GRANT SELECT ON estoque_falha TO PUBLIC;

COMMENT ON TABLE estoque_falha IS
    'Products the fallback cannot compare or rebuild, with the error; read only.';
