-- The runs of the minute job of the last 7 days. A run that found nothing is there too: silence
-- means that nobody drives it.
CREATE TABLE estoque_execucao (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    inicio timestamptz NOT NULL,
    fim timestamptz NOT NULL,
    processados bigint NOT NULL,
    corrigidos bigint NOT NULL,
    falhas bigint NOT NULL,
    virados bigint NOT NULL,
    motor text NOT NULL
);

CREATE INDEX estoque_execucao_inicio ON estoque_execucao (inicio);

REVOKE ALL ON estoque_execucao FROM PUBLIC;
GRANT SELECT ON estoque_execucao TO PUBLIC;

COMMENT ON TABLE estoque_execucao IS 'Runs of the minute job, of the last 7 days; read only.';
COMMENT ON COLUMN estoque_execucao.processados IS 'Products compared with the sources.';
COMMENT ON COLUMN estoque_execucao.corrigidos IS 'Of those, the ones found wrong and rebuilt.';
COMMENT ON COLUMN estoque_execucao.falhas IS 'Of those, the ones that raised an error.';
COMMENT ON COLUMN estoque_execucao.virados IS 'Products whose D7 fields were turned to today.';
COMMENT ON COLUMN estoque_execucao.motor IS 'application_name of the session that drove it.';
