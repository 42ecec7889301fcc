-- Who is told of transitions, where and of which: all conditions given have to hold, NULL is any. With
-- resumo_as there is one message a day, at that hour of the time zone; without it one for each transition.
-- destino and segredo are read by nobody but the owner: addresses of gateways have passwords in them.
CREATE TABLE estoque_inscricao (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    canal text NOT NULL CHECK (canal IN ('email', 'webhook', 'apprise')),
    destino text NOT NULL,
    segredo text,
    produtos text[],
    prefixo text,
    responsavel text,
    tipos text[],
    resumo_as time,
    idioma text NOT NULL,
    fuso text NOT NULL,
    ativa boolean NOT NULL DEFAULT true,
    motivo text,
    pausada_ate timestamptz,
    resumo_em date,
    resumo_ate bigint,
    criada_em timestamptz NOT NULL DEFAULT now(),
    criada_por text NOT NULL DEFAULT session_user,
    falhas integer NOT NULL DEFAULT 0
);

REVOKE ALL ON estoque_inscricao FROM PUBLIC;

COMMENT ON TABLE estoque_inscricao IS
    'Subscriptions to transitions; written by estoque_inscrever(), read by estoque_inscricoes().';
COMMENT ON COLUMN estoque_inscricao.segredo IS 'Signs what a webhook is sent; never shown again.';
COMMENT ON COLUMN estoque_inscricao.motivo IS 'Why it is no longer active.';
COMMENT ON COLUMN estoque_inscricao.pausada_ate IS
    'The destination could not be reached: nothing else is tried there until then.';
COMMENT ON COLUMN estoque_inscricao.resumo_em IS 'Local day of the last digest.';
COMMENT ON COLUMN estoque_inscricao.resumo_ate IS 'Last transition the last digest may have told.';
COMMENT ON COLUMN estoque_inscricao.falhas IS
    'How often in a row its destination could not be reached: the longer the pause.';
