-- What is to be delivered, or was within 30 days, or could not be: a transition to a subscription, or a
-- message of its own (conteudo: a digest, a test). Within a queue (fila: a product at a destination) a
-- later one waits for the earlier. Who tries one moves proxima_em to the end of his lease, under a number
-- of his own (reserva): when he is gone, the next takes it up then.
CREATE TABLE estoque_entrega (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    chave text NOT NULL UNIQUE,
    inscricao bigint NOT NULL,
    transicao bigint,
    conteudo jsonb,
    fila bigint NOT NULL,
    estado text NOT NULL DEFAULT 'pendente' CHECK (estado IN ('pendente', 'entregue', 'morta')),
    tentativas integer NOT NULL DEFAULT 0,
    proxima_em timestamptz NOT NULL DEFAULT now(),
    reserva uuid,
    erro text,
    criada_em timestamptz NOT NULL DEFAULT now(),
    entregue_em timestamptz
);

CREATE INDEX estoque_entrega_proxima ON estoque_entrega (proxima_em, id) WHERE estado = 'pendente';
CREATE INDEX estoque_entrega_fila ON estoque_entrega (fila, id) WHERE estado = 'pendente';
CREATE INDEX estoque_entrega_inscricao ON estoque_entrega (inscricao);
CREATE INDEX estoque_entrega_criada ON estoque_entrega (criada_em);
CREATE INDEX estoque_entrega_entregue ON estoque_entrega (entregue_em) WHERE estado = 'entregue';
CREATE INDEX estoque_entrega_morta ON estoque_entrega (id) WHERE estado = 'morta';

REVOKE ALL ON estoque_entrega FROM PUBLIC;

COMMENT ON TABLE estoque_entrega IS
    'Deliveries of transitions and digests: waiting, done, given up; inner use.';
COMMENT ON COLUMN estoque_entrega.chave IS 'What makes a repeated delivery known as the same.';
COMMENT ON COLUMN estoque_entrega.proxima_em IS
    'From when on it may be tried; while somebody tries it, the end of his lease.';
COMMENT ON COLUMN estoque_entrega.criada_em IS
    'Since when it is to be delivered: when it was made, or taken up again after it was given up.';
