-- depends: 0001.nucleo
-- Generated from sql/ by `make migration`; edit there.

-- sql/00_textos/_estoque_simples.sql
-- A text as it is searched: without accents, composed or not, and without capitals. It never fails,
-- whatever the encoding of the database, since writing a name waits for it. Letters with an accent are
-- known in UTF-8, in the encodings of Western Europe and, as either, in SQL_ASCII; elsewhere only
-- capitals are evened out. Tables are made with it, and a dump that is restored finds it anywhere: it
-- names nothing but what PostgreSQL itself has.
-- Not in SQL: each statement that writes a name would read and plan all of it anew, for ten times as long
-- as it takes.
CREATE FUNCTION _estoque_simples(p_texto text) RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
AS $body$
BEGIN
    IF p_texto !~ '[^\x01-\x7f]' THEN
        RETURN lower(p_texto);
    ELSIF getdatabaseencoding() = 'UTF8' THEN
        RETURN lower(regexp_replace(normalize(p_texto, NFD), '[\u0300-\u036f]', '', 'g'));
    ELSIF getdatabaseencoding() IN ('SQL_ASCII', 'LATIN1', 'LATIN5', 'LATIN9', 'WIN1252') THEN
        -- By bytes, written as \351: of two that are a letter or an accent in UTF-8 one is made, or none.
        RETURN (
            SELECT replace(lower(
                regexp_replace(regexp_replace(regexp_replace(regexp_replace(
                regexp_replace(regexp_replace(regexp_replace(regexp_replace(
                    CASE WHEN getdatabaseencoding() = 'SQL_ASCII' THEN
                        regexp_replace(regexp_replace(
                            b.octetos, '\\314\\2[0-7]{2}|\\315\\2[0-5][0-7]', '', 'g'),
                            '\\303\\2([0-7]{2})', '\\3\1', 'g')
                        ELSE b.octetos END,
                    '\\3[04][0-5]', 'a', 'g'), '\\3[04]7', 'c', 'g'),
                    '\\3[15][0-3]', 'e', 'g'), '\\3[15][4-7]', 'i', 'g'),
                    '\\3[26]1', 'n', 'g'), '\\3[26][2-6]|\\3[37]0', 'o', 'g'),
                    '\\3[37][1-4]', 'u', 'g'), '\\3[37]5|\\377', 'y', 'g')), chr(1), chr(92))
            FROM (SELECT encode(convert_to(
                translate(p_texto, chr(92), chr(1)), getdatabaseencoding()), 'escape')) AS b (octetos));
    END IF;
    RETURN lower(p_texto);
END
$body$;

GRANT EXECUTE ON FUNCTION _estoque_simples(text) TO PUBLIC;
COMMENT ON FUNCTION _estoque_simples(text) IS
    'A text as it is searched: without accents and capitals; inner use.';

-- by hand: kept when this file is written anew
-- Of all parts, no longer of the functions alone.
ALTER TABLE estoque_assinatura ADD COLUMN tipo text, ADD COLUMN direitos text[];
UPDATE estoque_assinatura
SET tipo = 'function', direitos = CASE WHEN publica THEN ARRAY['EXECUTE'] ELSE '{}' END;
-- One change of a key at a time: Citus takes no more.
ALTER TABLE estoque_assinatura DROP CONSTRAINT estoque_assinatura_pkey;
ALTER TABLE estoque_assinatura
    DROP COLUMN publica, ALTER COLUMN tipo SET NOT NULL, ALTER COLUMN direitos SET NOT NULL;
ALTER TABLE estoque_assinatura ADD PRIMARY KEY (tipo, objeto);
-- Ours too, and signed from now on: uninstalling goes by what is signed.
INSERT INTO estoque_assinatura (objeto, definicao, servidor, tipo, direitos)
VALUES ('estoque_hoje()', '', 0, 'function', '{}');
ALTER TABLE estoque_controle ADD COLUMN lugar text;
-- What is newest is told by its time: numbers that nodes of Citus give are in no order.
CREATE INDEX estoque_execucao_inicio ON estoque_execucao (inicio);
CREATE INDEX estoque_correcao_momento ON estoque_correcao (corrigido_em, id);
-- Names and codes as they are searched. Both tables are written anew for it.
ALTER TABLE estoque_tempo_real
    ADD COLUMN busca text GENERATED ALWAYS AS (_estoque_simples(nome_produto)) STORED;
ALTER TABLE estoque_codigo_conhecido
    ADD COLUMN busca text GENERATED ALWAYS AS (_estoque_simples(codigo)) STORED;
-- end of what is by hand

-- without/17_instalacao/_estoque_exigir_fontes.sql
DROP FUNCTION _estoque_exigir_fontes;

-- without/17_instalacao/_estoque_desajustes_dos_indices.sql
DROP FUNCTION _estoque_desajustes_dos_indices;

-- without/17_instalacao/_estoque_desajustes_das_tabelas.sql
DROP FUNCTION _estoque_desajustes_das_tabelas;

-- without/17_instalacao/_estoque_desajustes_das_colunas.sql
DROP FUNCTION _estoque_desajustes_das_colunas;

-- without/16_acesso/estoque_conceder.sql
DROP FUNCTION estoque_conceder;

-- without/14_vigia/estoque_alterados.sql
DROP FUNCTION estoque_alterados;

-- without/14_vigia/_estoque_restaurar.sql
DROP FUNCTION _estoque_restaurar;

-- without/11_consultas/estoque_rupturas.sql
DROP FUNCTION estoque_rupturas;

-- without/11_consultas/_estoque_exigir_dias.sql
DROP FUNCTION _estoque_exigir_dias;

-- without/11_consultas/_estoque_atual.sql
DROP FUNCTION _estoque_atual;

-- without/09_aplicacao/_estoque_travar_lotes.sql
DROP FUNCTION _estoque_travar_lotes;

-- without/08_projecao/_estoque_vencidos.sql
DROP FUNCTION _estoque_vencidos;

-- without/05_leitura/_estoque_indices_das_fontes.sql
DROP FUNCTION _estoque_indices_das_fontes;

-- without/05_leitura/_estoque_contribuicoes.sql
DROP FUNCTION _estoque_contribuicoes;

-- sql/02_tabelas/_estoque_aberto.sql
-- An open document as the questions about documents read it: canonical product, the code the row
-- itself bears, source, id as text and, where the id is a number, as that; what people call it, its
-- lot, its own date, whether it enters, the quantity as it is counted, and whether its lot is invoiced.
CREATE TYPE _estoque_aberto AS (
    cod_produto text,
    codigo text,
    origem text,
    id text,
    numero numeric,
    documento text,
    lote text,
    data date,
    entra boolean,
    quantidade numeric,
    faturado boolean
);

COMMENT ON TYPE _estoque_aberto IS 'An open document of a product; inner use.';

-- sql/02_tabelas/_estoque_documento.sql
-- A row of estoque_documentos: an open document of a product, the day it counts on, and why it does
-- not where it does not.
CREATE TYPE _estoque_documento AS (
    dia date,
    data_prevista date,
    origem text,
    id text,
    documento text,
    lote text,
    codigo text,
    entrada numeric,
    saida numeric,
    saldo numeric,
    situacao text
);

COMMENT ON TYPE _estoque_documento IS
    'An open document of a product: a row of estoque_documentos(); inner use.';

-- sql/02_tabelas/_estoque_explicacao.sql
-- A row of estoque_explicar: an interval of days that end below zero, why, and what would end it.
CREATE TYPE _estoque_explicacao AS (
    inicio date,
    fim date,
    falta numeric,
    dia_da_falta date,
    origem text,
    id text,
    documento text,
    saida numeric,
    entrada_data date,
    entrada_quantidade numeric,
    entrada_documento text,
    remedios jsonb
);

COMMENT ON TYPE _estoque_explicacao IS
    'An interval below zero and what would end it: a row of estoque_explicar(); inner use.';

-- sql/02_tabelas/_estoque_incoerencia.sql
-- A row of estoque_incoerencias: what is right by the rules and wrong in the warehouse, the documents
-- that say so ({"origem": table, "id": text} each), since when, how much is hidden or counted twice,
-- and the key of what to do.
CREATE TYPE _estoque_incoerencia AS (
    tipo text,
    cod_produto text,
    documentos jsonb,
    desde date,
    quantidade numeric,
    o_que_fazer text
);

COMMENT ON TYPE _estoque_incoerencia IS
    'Documents that contradict each other: a row of estoque_incoerencias(); inner use.';

-- sql/02_tabelas/_estoque_mudanca.sql
-- A change that a simulation makes, as _estoque_mudancas reads it from JSON: what is done, to what a
-- document added bears (produto, canonical), and the filter that a document has to meet: a NULL asks
-- nothing. ordem counts from 1.
CREATE TYPE _estoque_mudanca AS (
    ordem integer,
    acao text,
    produto text,
    data date,
    entrada numeric,
    saida numeric,
    dias integer,
    para date,
    fator numeric,
    origem text,
    ids text[],
    pedidos text[],
    lotes text[],
    linhas text[],
    produtos text[],
    de date,
    ate date
);

COMMENT ON TYPE _estoque_mudanca IS 'A change of a simulation, read from JSON; inner use.';

-- sql/02_tabelas/estoque_anuncio.sql
-- What was last announced of each product that ever had something to announce: the day on which it runs
-- out and the shortage, the day on which it falls below its minimum and what it lacks, NULL where it does
-- not. A row stays for ever, since the numbers of a product's transitions go on.
CREATE TABLE estoque_anuncio (
    cod_produto text PRIMARY KEY,
    nome_produto text,
    sequencia bigint NOT NULL,
    ruptura date,
    falta numeric,
    abaixo date,
    falta_do_minimo numeric
);

REVOKE ALL ON estoque_anuncio FROM PUBLIC;

COMMENT ON TABLE estoque_anuncio IS
    'What estoque_anunciar() last announced of each product; inner use.';
COMMENT ON COLUMN estoque_anuncio.sequencia IS 'Number of the product''s last transition.';

-- sql/02_tabelas/estoque_assinatura.sql
-- | -- All that an installation consists of in its schema, as it was installed: what tells a part that is
-- | -- missing or changed, puts it back, and takes it away in the end. See _estoque_pecas. `servidor` is
-- | -- the major version of the server that wrote the definitions (another may write the same function
-- | -- or view differently); `direitos` what everybody may do with it.
-- | CREATE TABLE estoque_assinatura (
-- |     objeto text NOT NULL,
-- |     definicao text NOT NULL,
-- |     comentario text,
-- |     servidor integer NOT NULL,
-- |     tipo text NOT NULL,
-- |     direitos text[] NOT NULL,
-- |     PRIMARY KEY (tipo, objeto)
-- | );
-- | 
-- | REVOKE ALL ON estoque_assinatura FROM PUBLIC;
-- | GRANT SELECT ON estoque_assinatura TO PUBLIC;
-- | 
-- | COMMENT ON TABLE estoque_assinatura IS
-- |     'What an installation consists of, as it was installed; inner use, read through estoque_alterados().';
REVOKE ALL ON estoque_assinatura FROM PUBLIC;
GRANT SELECT ON estoque_assinatura TO PUBLIC;
COMMENT ON TABLE estoque_assinatura IS
    'What an installation consists of, as it was installed; inner use, read through estoque_alterados().';

-- sql/02_tabelas/estoque_avisador.sql
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

-- sql/02_tabelas/estoque_codigo_conhecido.sql
-- | -- Every code that a source mentions, with its canonical code (itself, when it has no unification).
-- | -- It changes only when a code appears, disappears or changes group, so writers read it without a lock.
-- | CREATE TABLE estoque_codigo_conhecido (
-- |     codigo text PRIMARY KEY,
-- |     cod_produto text NOT NULL,
-- |     busca text GENERATED ALWAYS AS (_estoque_simples(codigo)) STORED
-- | );
-- | 
-- | CREATE INDEX estoque_codigo_conhecido_produto ON estoque_codigo_conhecido (cod_produto);
-- | 
-- | REVOKE ALL ON estoque_codigo_conhecido FROM PUBLIC;
-- | GRANT SELECT ON estoque_codigo_conhecido TO PUBLIC;
-- | 
-- | COMMENT ON TABLE estoque_codigo_conhecido IS
-- |     'Every known code with the canonical code of its group; inner use, read through estoque_codigo().';
-- | COMMENT ON COLUMN estoque_codigo_conhecido.busca IS
-- |     'The code as estoque_buscar compares it; inner use.';
REVOKE ALL ON estoque_codigo_conhecido FROM PUBLIC;
GRANT SELECT ON estoque_codigo_conhecido TO PUBLIC;
COMMENT ON TABLE estoque_codigo_conhecido IS
    'Every known code with the canonical code of its group; inner use, read through estoque_codigo().';
COMMENT ON COLUMN estoque_codigo_conhecido.busca IS
    'The code as estoque_buscar compares it; inner use.';

-- sql/02_tabelas/estoque_controle.sql
-- | -- One row: changes of unification take turns on it, so that two sessions cannot close a cycle together.
-- | -- It also holds the settings of the minute job, changed by estoque_configurar(), and whether an
-- | -- installation, or the last rebuild of everything after it, left out rows that cannot be counted.
-- | -- `lugar` tells a restored copy, which nobody has compared with its sources: see _estoque_lugar.
-- | CREATE TABLE estoque_controle (
-- |     unico boolean PRIMARY KEY DEFAULT true CHECK (unico),
-- |     unificacoes bigint NOT NULL DEFAULT 0,
-- |     por_execucao integer NOT NULL DEFAULT 10 CHECK (por_execucao > 0),
-- |     orcamento interval NOT NULL DEFAULT '20 s' CHECK (orcamento > '0 s'),
-- |     recusadas boolean NOT NULL DEFAULT false,
-- |     lugar text
-- | );
-- | 
-- | INSERT INTO estoque_controle DEFAULT VALUES;
-- | 
-- | REVOKE ALL ON estoque_controle FROM PUBLIC;
-- | GRANT SELECT ON estoque_controle TO PUBLIC;
-- | 
-- | COMMENT ON TABLE estoque_controle IS
-- |     'Serialises changes of code unification, and holds the settings of the minute job; inner use.';
-- | COMMENT ON COLUMN estoque_controle.por_execucao IS 'Products the minute job compares in a run.';
-- | COMMENT ON COLUMN estoque_controle.orcamento IS
-- |     'Time after which a run of the minute job takes up no further product.';
-- | COMMENT ON COLUMN estoque_controle.recusadas IS
-- |     'Whether source rows were left out, as far as is known: see estoque_linhas_recusadas().';
-- | COMMENT ON COLUMN estoque_controle.lugar IS
-- |     'Where the results were when all of them were last known to agree with the sources; inner use.';
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

-- sql/02_tabelas/estoque_correcao.sql
-- | -- What the fallback found wrong and mended: the last 10,000 differences.
-- | CREATE TABLE estoque_correcao (
-- |     id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
-- |     corrigido_em timestamptz NOT NULL DEFAULT clock_timestamp(),
-- |     cod_produto text NOT NULL,
-- |     campo text NOT NULL,
-- |     data_prevista date,
-- |     valor_antes text,
-- |     valor_depois text
-- | );
-- | 
-- | CREATE INDEX estoque_correcao_momento ON estoque_correcao (corrigido_em, id);
-- | 
-- | REVOKE ALL ON estoque_correcao FROM PUBLIC;
-- | GRANT SELECT ON estoque_correcao TO PUBLIC;
-- | 
-- | COMMENT ON TABLE estoque_correcao IS
-- |     'Differences from the sources that the fallback found and mended, the newest 10,000; read only.';
-- | COMMENT ON COLUMN estoque_correcao.valor_depois IS 'What the sources said when it was found.';
REVOKE ALL ON estoque_correcao FROM PUBLIC;
GRANT SELECT ON estoque_correcao TO PUBLIC;
COMMENT ON TABLE estoque_correcao IS
    'Differences from the sources that the fallback found and mended, the newest 10,000; read only.';
COMMENT ON COLUMN estoque_correcao.valor_depois IS 'What the sources said when it was found.';

-- sql/02_tabelas/estoque_entrega.sql
-- What is to be delivered, or was within 30 days, or could not be: a transition to a subscription, or a
-- message of its own (conteudo: a digest, a test). Within a queue (fila: a product at a destination) a
-- later one waits for the earlier. Who tries one moves proxima_em to the end of his lease, under a number
-- of his own (reserva): when he is gone, the next takes it up then.
CREATE TABLE estoque_entrega (
    id bigint PRIMARY KEY,
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

-- sql/02_tabelas/estoque_execucao.sql
-- | -- The runs of the minute job of the last 7 days. A run that found nothing is there too: silence
-- | -- means that nobody drives it.
-- | CREATE TABLE estoque_execucao (
-- |     id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
-- |     inicio timestamptz NOT NULL,
-- |     fim timestamptz NOT NULL,
-- |     processados bigint NOT NULL,
-- |     corrigidos bigint NOT NULL,
-- |     falhas bigint NOT NULL,
-- |     virados bigint NOT NULL,
-- |     motor text NOT NULL
-- | );
-- | 
-- | CREATE INDEX estoque_execucao_inicio ON estoque_execucao (inicio);
-- | 
-- | REVOKE ALL ON estoque_execucao FROM PUBLIC;
-- | GRANT SELECT ON estoque_execucao TO PUBLIC;
-- | 
-- | COMMENT ON TABLE estoque_execucao IS 'Runs of the minute job, of the last 7 days; read only.';
-- | COMMENT ON COLUMN estoque_execucao.processados IS 'Products compared with the sources.';
-- | COMMENT ON COLUMN estoque_execucao.corrigidos IS 'Of those, the ones found wrong and rebuilt.';
-- | COMMENT ON COLUMN estoque_execucao.falhas IS 'Of those, the ones that raised an error.';
-- | COMMENT ON COLUMN estoque_execucao.virados IS 'Products whose D7 fields were turned to today.';
-- | COMMENT ON COLUMN estoque_execucao.motor IS 'application_name of the session that drove it.';
REVOKE ALL ON estoque_execucao FROM PUBLIC;
GRANT SELECT ON estoque_execucao TO PUBLIC;
COMMENT ON TABLE estoque_execucao IS 'Runs of the minute job, of the last 7 days; read only.';
COMMENT ON COLUMN estoque_execucao.processados IS 'Products compared with the sources.';
COMMENT ON COLUMN estoque_execucao.corrigidos IS 'Of those, the ones found wrong and rebuilt.';
COMMENT ON COLUMN estoque_execucao.falhas IS 'Of those, the ones that raised an error.';
COMMENT ON COLUMN estoque_execucao.virados IS 'Products whose D7 fields were turned to today.';
COMMENT ON COLUMN estoque_execucao.motor IS 'application_name of the session that drove it.';

-- sql/02_tabelas/estoque_inscricao.sql
-- Who is told of transitions, where and of which: all conditions given have to hold, NULL is any. With
-- resumo_as there is one message a day, at that hour of the time zone; without it one for each transition.
-- destino and segredo are read by nobody but the owner: addresses of gateways have passwords in them.
CREATE TABLE estoque_inscricao (
    id bigint PRIMARY KEY,
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

-- sql/02_tabelas/estoque_recontagem.sql
-- | -- Codes that may be wrong, of partitions that were written to before they got triggers or of a
-- | -- restored copy: the minute job compares these beside its batch, and takes them off as it does.
-- | -- Without a foreign key: any code may be here.
-- | CREATE TABLE estoque_recontagem (
-- |     codigo text PRIMARY KEY
-- | );
-- | 
-- | REVOKE ALL ON estoque_recontagem FROM PUBLIC;
-- | GRANT SELECT ON estoque_recontagem TO PUBLIC;
-- | 
-- | COMMENT ON TABLE estoque_recontagem IS
-- |     'Codes that may be wrong, of a restored copy for one, to be compared soon; inner use.';
REVOKE ALL ON estoque_recontagem FROM PUBLIC;
GRANT SELECT ON estoque_recontagem TO PUBLIC;
COMMENT ON TABLE estoque_recontagem IS
    'Codes that may be wrong, of a restored copy for one, to be compared soon; inner use.';

-- sql/02_tabelas/estoque_regra.sql
-- What planners lay down for a product, under any code of it; the row without a code holds for all others.
-- Written by them, never by us: a rule without a field set takes it from the row without a code.
CREATE TABLE estoque_regra (
    id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
    cod_produto text,
    minimo numeric(15,3) CHECK (minimo >= 0 AND minimo < 'NaN'),
    prazo_reposicao integer CHECK (prazo_reposicao BETWEEN 0 AND 3650),
    tolerancia numeric(15,3) CHECK (tolerancia >= 0 AND tolerancia < 'NaN'),
    responsavel text
);

CREATE UNIQUE INDEX estoque_regra_produto ON estoque_regra (cod_produto);
CREATE UNIQUE INDEX estoque_regra_geral ON estoque_regra ((cod_produto IS NULL))
    WHERE cod_produto IS NULL;

REVOKE ALL ON estoque_regra FROM PUBLIC;
GRANT SELECT ON estoque_regra TO PUBLIC;

COMMENT ON TABLE estoque_regra IS
    'Rules of products: minimum, lead time, tolerance, person. Written by their users.';
COMMENT ON COLUMN estoque_regra.cod_produto IS
    'A code of the product; NULL in the one row that holds for all products without a rule.';
COMMENT ON COLUMN estoque_regra.minimo IS
    'Safety stock, in the product''s unit; NULL: that of the row without a code, else 0.';
COMMENT ON COLUMN estoque_regra.prazo_reposicao IS
    'Lead time of replenishment in days; NULL: that of the row without a code.';
COMMENT ON COLUMN estoque_regra.tolerancia IS
    'Residue: a shortage up to it is none in lists; NULL: that of the row without a code, else 0.';
COMMENT ON COLUMN estoque_regra.responsavel IS
    'Who looks after the product; NULL: as in the row without a code.';

-- sql/02_tabelas/estoque_tempo_real.sql
-- | -- One row per canonical product. Written only by the package's own functions, under a lock on the row.
-- | -- A row nobody has projected yet holds on no day. Far dates are finite: drivers cannot read infinity.
-- | -- The name as it is searched is worked out when the name is written, never by a movement.
-- | -- fillfactor leaves room for HOT updates: no index covers a column that an ordinary movement changes.
-- | CREATE TABLE estoque_tempo_real (
-- |     cod_produto text PRIMARY KEY,
-- |     nome_produto text,
-- |     saldo_atual numeric(15,3) NOT NULL DEFAULT 0,
-- |     menor_estoque_d7 numeric(15,3) NOT NULL DEFAULT 0,
-- |     dia_ruptura date,
-- |     atualizado_em timestamptz NOT NULL DEFAULT now(),
-- |     valido_desde date NOT NULL DEFAULT '9999-12-31',
-- |     valido_ate date NOT NULL DEFAULT '0001-01-01',
-- |     liquidos numeric[] NOT NULL DEFAULT '{0,0,0,0,0,0,0,0}',
-- |     recalculado_por xid8,
-- |     comparado_em timestamptz NOT NULL DEFAULT now(),
-- |     busca text GENERATED ALWAYS AS (_estoque_simples(nome_produto)) STORED
-- | ) WITH (fillfactor = 70);
-- | 
-- | CREATE INDEX estoque_tempo_real_ruptura ON estoque_tempo_real (dia_ruptura, cod_produto)
-- |     WHERE dia_ruptura IS NOT NULL;
-- | -- Whether any product has expired is seen at the ends of these two (_estoque_vencidos).
-- | CREATE INDEX estoque_tempo_real_valido_desde ON estoque_tempo_real (valido_desde);
-- | CREATE INDEX estoque_tempo_real_valido_ate ON estoque_tempo_real (valido_ate);
-- | CREATE INDEX estoque_tempo_real_comparado ON estoque_tempo_real (comparado_em);
-- | 
-- | REVOKE ALL ON estoque_tempo_real FROM PUBLIC;
-- | GRANT SELECT ON estoque_tempo_real TO PUBLIC;
-- | 
-- | COMMENT ON TABLE estoque_tempo_real IS
-- |     'Balance and seven-day outlook of each canonical product, maintained by triggers; read only.';
-- | COMMENT ON COLUMN estoque_tempo_real.cod_produto IS 'Canonical code of the product.';
-- | COMMENT ON COLUMN estoque_tempo_real.nome_produto IS
-- |     'Newest name of the canonical code; an alias'' name only where the canonical code has none.';
-- | COMMENT ON COLUMN estoque_tempo_real.saldo_atual IS 'Sum of the active movements of the group.';
-- | COMMENT ON COLUMN estoque_tempo_real.menor_estoque_d7 IS
-- |     'Lowest of the balance now and the end-of-day balances of today to today + 7.';
-- | COMMENT ON COLUMN estoque_tempo_real.dia_ruptura IS
-- |     'First day of today to today + 7 that ends below zero; NULL when none does.';
-- | COMMENT ON COLUMN estoque_tempo_real.atualizado_em IS 'Start of the transaction that last wrote the row.';
-- | COMMENT ON COLUMN estoque_tempo_real.valido_desde IS
-- |     'Business day for which menor_estoque_d7 and dia_ruptura were projected.';
-- | COMMENT ON COLUMN estoque_tempo_real.valido_ate IS
-- |     'Last business day through which the passing of time is certain to leave both right.';
-- | COMMENT ON COLUMN estoque_tempo_real.liquidos IS
-- |     'Forecast summed up to the end of each of valido_desde to valido_desde + 7, without the balance; inner use.';
-- | COMMENT ON COLUMN estoque_tempo_real.recalculado_por IS
-- |     'Transaction that last rebuilt the row from the sources; inner use.';
-- | COMMENT ON COLUMN estoque_tempo_real.comparado_em IS
-- |     'When the fallback last compared the product with the sources, or the row was made.';
-- | COMMENT ON COLUMN estoque_tempo_real.busca IS
-- |     'The name as estoque_buscar compares it; inner use.';
REVOKE ALL ON estoque_tempo_real FROM PUBLIC;
GRANT SELECT ON estoque_tempo_real TO PUBLIC;
COMMENT ON TABLE estoque_tempo_real IS
    'Balance and seven-day outlook of each canonical product, maintained by triggers; read only.';
COMMENT ON COLUMN estoque_tempo_real.cod_produto IS 'Canonical code of the product.';
COMMENT ON COLUMN estoque_tempo_real.nome_produto IS
    'Newest name of the canonical code; an alias'' name only where the canonical code has none.';
COMMENT ON COLUMN estoque_tempo_real.saldo_atual IS 'Sum of the active movements of the group.';
COMMENT ON COLUMN estoque_tempo_real.menor_estoque_d7 IS
    'Lowest of the balance now and the end-of-day balances of today to today + 7.';
COMMENT ON COLUMN estoque_tempo_real.dia_ruptura IS
    'First day of today to today + 7 that ends below zero; NULL when none does.';
COMMENT ON COLUMN estoque_tempo_real.atualizado_em IS 'Start of the transaction that last wrote the row.';
COMMENT ON COLUMN estoque_tempo_real.valido_desde IS
    'Business day for which menor_estoque_d7 and dia_ruptura were projected.';
COMMENT ON COLUMN estoque_tempo_real.valido_ate IS
    'Last business day through which the passing of time is certain to leave both right.';
COMMENT ON COLUMN estoque_tempo_real.liquidos IS
    'Forecast summed up to the end of each of valido_desde to valido_desde + 7, without the balance; inner use.';
COMMENT ON COLUMN estoque_tempo_real.recalculado_por IS
    'Transaction that last rebuilt the row from the sources; inner use.';
COMMENT ON COLUMN estoque_tempo_real.comparado_em IS
    'When the fallback last compared the product with the sources, or the row was made.';
COMMENT ON COLUMN estoque_tempo_real.busca IS
    'The name as estoque_buscar compares it; inner use.';

-- sql/02_tabelas/estoque_transicao.sql
-- The history of ruptures, of the last 400 days: what estoque_anunciar found changed, when it did, and
-- in which business day. A product's transitions are numbered without gaps; ids follow the order in which
-- they were announced. Days and shortages are those announced before and now: of the rupture, or for the
-- types that speak of the minimum of that.
CREATE TABLE estoque_transicao (
    id bigint PRIMARY KEY,
    cod_produto text NOT NULL,
    sequencia bigint NOT NULL,
    tipo text NOT NULL CHECK (tipo IN ('apareceu', 'aproximou', 'afastou', 'terminou',
        'abaixo_do_minimo', 'acima_do_minimo')),
    em timestamptz NOT NULL,
    dia date NOT NULL,
    nome_produto text,
    dia_antes date,
    dia_depois date,
    falta_antes numeric,
    falta_depois numeric,
    causa jsonb,
    UNIQUE (cod_produto, sequencia)
);

CREATE INDEX estoque_transicao_em ON estoque_transicao (em);

REVOKE ALL ON estoque_transicao FROM PUBLIC;

COMMENT ON TABLE estoque_transicao IS
    'What changed of ruptures and minimums, of the last 400 days; read by estoque_transicoes().';
COMMENT ON COLUMN estoque_transicao.causa IS
    'The exit that crosses zero on dia_depois, or the code the product was unified into.';

-- sql/05_leitura/_estoque_abertos.sql
-- The open documents of canonical products, by the mapping that the rebuild reads. Those older than 30
-- days are left out but for the days on which the forecast still counts one: however long the history of
-- a product is, it is not looked through. p_antigos asks for all of them nevertheless.
CREATE FUNCTION _estoque_abertos(p_produtos text[], p_antigos boolean DEFAULT false)
RETURNS SETOF _estoque_aberto
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off
SET enable_nestloop = on
SET jit = off
AS $body$
DECLARE
    v_desde date := estoque_hoje() - 30;
    v_codigos text[] := _estoque_membros(p_produtos);  -- once, not in each source's condition
    -- Ids are in the order of their own type: 9 before 10, as texts the other way round.
    v_numeradas text[] := ARRAY(
        SELECT f.tabela FROM _estoque_fontes() AS f
        JOIN pg_attribute AS a ON a.attrelid = to_regclass(f.tabela) AND a.attname = 'id'
        WHERE a.atttypid = ANY ('{smallint,integer,bigint,numeric}'::regtype[]));
    v_dias date[] := ARRAY(
        SELECT DISTINCT m.data_prevista FROM movimentacao_prevista AS m
        WHERE m.cod_produto = ANY (p_produtos) AND m.data_prevista < v_desde
            AND m.saida_prevista <> 0);
BEGIN
    RETURN QUERY
    SELECT k.cod_produto, f.codigo, f.origem, f.id,
        CASE WHEN f.origem = ANY (v_numeradas) THEN f.id::numeric END,
        f.documento, f.lote, f.data, f.entra, _estoque_quantidade(f.quantidade), f.faturado
    FROM _estoque_contribuicoes(v_codigos, false, 'previsao') AS f
    CROSS JOIN LATERAL (
        SELECT c.cod_produto FROM estoque_codigo_conhecido AS c WHERE c.codigo = f.codigo OFFSET 0
    ) AS k
    WHERE (f.data >= v_desde OR f.data IS NULL OR p_antigos OR f.data = ANY (v_dias)) AND f.aberto;
END
$body$;

REVOKE ALL ON FUNCTION _estoque_abertos(text[], boolean) FROM PUBLIC;
COMMENT ON FUNCTION _estoque_abertos(text[], boolean) IS
    'The open documents of canonical products; inner use.';

-- sql/05_leitura/_estoque_colunas_das_fontes.sql
-- Generated by `make fontes` from ferramentas/fontes.py and modelos/_estoque_colunas_das_fontes.sql.jinja.
-- The columns a source must have, and what they may be: see _estoque_tipos_aceitos.
CREATE OR REPLACE FUNCTION _estoque_colunas_das_fontes() RETURNS TABLE (tabela text, coluna text, tipos text)
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    VALUES
        ('movimentacao_estoque', 'id', 'qualquer'),
        ('movimentacao_estoque', 'cod_produto', 'texto'),
        ('movimentacao_estoque', 'nome_produto', 'texto'),
        ('movimentacao_estoque', 'data_movimentacao', 'momento'),
        ('movimentacao_estoque', 'qtd_movimentacao', 'quantidade'),
        ('movimentacao_estoque', 'ativo', 'logico'),
        ('pre_separacao_item', 'id', 'qualquer'),
        ('pre_separacao_item', 'cod_produto', 'texto'),
        ('pre_separacao_item', 'nome_produto', 'texto'),
        ('pre_separacao_item', 'qtd_selecionada_usuario', 'quantidade'),
        ('pre_separacao_item', 'data_expedicao_editada', 'data'),
        ('pre_separacao_item', 'status', 'texto'),
        ('separacao', 'id', 'qualquer'),
        ('separacao', 'separacao_lote_id', 'texto'),
        ('separacao', 'cod_produto', 'texto'),
        ('separacao', 'nome_produto', 'texto'),
        ('separacao', 'qtd_saldo', 'quantidade'),
        ('separacao', 'expedicao', 'data'),
        ('programacao_producao', 'id', 'qualquer'),
        ('programacao_producao', 'cod_produto', 'texto'),
        ('programacao_producao', 'data_programacao', 'data'),
        ('programacao_producao', 'qtd_programada', 'quantidade'),
        ('embarque_itens', 'separacao_lote_id', 'texto'),
        ('embarque_itens', 'status', 'texto'),
        ('embarque_itens', 'nota_fiscal', 'texto'),
        ('embarque_itens', 'erro_validacao', 'texto'),
        ('unificacao_codigos', 'codigo_origem', 'codigo'),
        ('unificacao_codigos', 'codigo_destino', 'codigo'),
        ('unificacao_codigos', 'ativo', 'logico');
END;

GRANT EXECUTE ON FUNCTION _estoque_colunas_das_fontes() TO PUBLIC;
COMMENT ON FUNCTION _estoque_colunas_das_fontes() IS
    'The columns of the sources without which nothing is installed; inner use.';

-- sql/05_leitura/_estoque_contribuicoes.sql
-- Generated by `make fontes` from ferramentas/fontes.py and modelos/_estoque_contribuicoes.sql.jinja.
-- Every row of every source, with what it contributes: the one mapping that recomputation, audit and
-- rebuild read. p_todos asks for all rows, otherwise those of p_codigos; p_que only for what moves the
-- balance ('saldo') or the forecast ('previsao'), NULL for both. documento is what people call the
-- row's document. The gate is read from the shipment items themselves. Whatever it contributes: the
-- row's own quantity, whether it is an open document by its state (aberto), whether it is
-- invoiced, whether it enters.
-- Without settings of its own and called in FROM, it becomes part of the caller's query, which then
-- reads no more than it asks for: the caller's search_path finds the tables.
CREATE FUNCTION _estoque_contribuicoes(p_codigos text[], p_todos boolean, p_que text)
RETURNS TABLE (
    origem text, id text, codigo text, nome text, data date, saldo numeric, entrada numeric,
    saida numeric, documento text, lote text, quantidade numeric, aberto boolean, faturado boolean,
    entra boolean
)
LANGUAGE sql STABLE PARALLEL SAFE
AS $body$
    SELECT 'movimentacao_estoque'::text, f.id::text, f.cod_produto::text, f.nome_produto::text,
        NULL::date,
        _estoque_contribuicao_movimentacao(f.qtd_movimentacao::numeric, f.ativo),
        0::numeric,
        0::numeric,
        to_jsonb(f) ->> 'numero_nf', to_jsonb(f) ->> 'separacao_lote_id',
        f.qtd_movimentacao::numeric, false, false,
        false
    FROM movimentacao_estoque AS f
    WHERE (p_todos OR f.cod_produto = ANY (p_codigos))
        AND (p_que IS NULL OR p_que = 'saldo')
    UNION ALL
    SELECT 'pre_separacao_item'::text, f.id::text, f.cod_produto::text, f.nome_produto::text,
        f.data_expedicao_editada::date,
        0::numeric,
        0::numeric,
        _estoque_contribuicao_pre_separacao(f.cod_produto::text, f.data_expedicao_editada::date,
            f.qtd_selecionada_usuario::numeric, f.status::text),
        to_jsonb(f) ->> 'num_pedido', to_jsonb(f) ->> 'separacao_lote_id',
        f.qtd_selecionada_usuario::numeric,
            _estoque_contribuicao_pre_separacao(f.cod_produto::text, '2000-01-01'::date, 1,
            f.status::text) > 0, false,
        false
    FROM pre_separacao_item AS f
    WHERE (p_todos OR f.cod_produto = ANY (p_codigos))
        AND (p_que IS NULL OR p_que = 'previsao')
    UNION ALL
    SELECT 'separacao'::text, f.id::text, f.cod_produto::text, f.nome_produto::text,
        f.expedicao::date,
        0::numeric,
        0::numeric,
        _estoque_contribuicao_separacao(f.cod_produto::text, f.expedicao::date,
            f.qtd_saldo::numeric, EXISTS (
                SELECT FROM embarque_itens AS e
                WHERE e.separacao_lote_id = f.separacao_lote_id
                    AND _estoque_fatura(e.status, e.nota_fiscal, e.erro_validacao))),
        to_jsonb(f) ->> 'num_pedido', f.separacao_lote_id::text,
        f.qtd_saldo::numeric, _estoque_contribuicao_separacao(f.cod_produto::text,
            '2000-01-01'::date, 1, false) > 0, EXISTS (
                SELECT FROM embarque_itens AS e
                WHERE e.separacao_lote_id = f.separacao_lote_id
                    AND _estoque_fatura(e.status, e.nota_fiscal, e.erro_validacao)),
        false
    FROM separacao AS f
    WHERE (p_todos OR f.cod_produto = ANY (p_codigos))
        AND (p_que IS NULL OR p_que = 'previsao')
    UNION ALL
    SELECT 'programacao_producao'::text, f.id::text, f.cod_produto::text,
        to_jsonb(f) ->> 'nome_produto',
        f.data_programacao::date,
        0::numeric,
        _estoque_contribuicao_programacao(f.cod_produto::text, f.data_programacao::date,
            f.qtd_programada::numeric),
        0::numeric,
        to_jsonb(f) ->> 'linha_producao', NULL::text,
        f.qtd_programada::numeric, _estoque_contribuicao_programacao(f.cod_produto::text,
            '2000-01-01'::date, 1) > 0, false,
        true
    FROM programacao_producao AS f
    WHERE (p_todos OR f.cod_produto = ANY (p_codigos))
        AND (p_que IS NULL OR p_que = 'previsao')
$body$;

GRANT EXECUTE ON FUNCTION _estoque_contribuicoes(text[], boolean, text) TO PUBLIC;
COMMENT ON FUNCTION _estoque_contribuicoes(text[], boolean, text) IS
    'Rows of the sources with what each contributes to balance, entries and exits; inner use.';

-- sql/05_leitura/_estoque_filtros_das_fontes.sql
-- Generated by `make fontes` from ferramentas/fontes.py and modelos/_estoque_filtros_das_fontes.sql.jinja.
-- The sources whose rows are documents, and how a simulation's filter finds them: whether they enter,
-- and the columns of the day, of what people call the document where that is an order (pedidos) or a
-- production line (linhas), and of the lot (lotes); NULL for what a source does not have.
CREATE FUNCTION _estoque_filtros_das_fontes()
RETURNS TABLE (tabela text, entra boolean, data text, pedidos text, linhas text, lotes text)
LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 3
BEGIN ATOMIC
    VALUES
        ('pre_separacao_item', false, 'data_expedicao_editada', 'num_pedido', NULL,
            'separacao_lote_id'),
        ('separacao', false, 'expedicao', 'num_pedido', NULL, 'separacao_lote_id'),
        ('programacao_producao', true, 'data_programacao', NULL, 'linha_producao', NULL);
END;

GRANT EXECUTE ON FUNCTION _estoque_filtros_das_fontes() TO PUBLIC;
COMMENT ON FUNCTION _estoque_filtros_das_fontes() IS
    'How the documents of each source are found by a filter; inner use.';

-- sql/05_leitura/_estoque_indices_das_fontes.sql
-- Generated by `make fontes` from ferramentas/fontes.py and modelos/_estoque_indices_das_fontes.sql.jinja.
-- Our indexes on the ERP's tables, the only thing of ours there besides triggers. By product: the
-- rebuild of one product and the newest name of a code read only its own rows. By lot, invoice and
-- date: what is asked about a lot, or about the last days, is found without reading history. Those of
-- a column that an ERP may lack are not there where it does. definicao follows the table in CREATE
-- INDEX.
CREATE FUNCTION _estoque_indices_das_fontes()
RETURNS TABLE (nome text, tabela text, colunas text[], definicao text)
LANGUAGE sql STABLE PARALLEL SAFE
SET search_path FROM CURRENT
BEGIN ATOMIC
    SELECT d.nome, d.tabela, d.colunas, d.definicao
    FROM (VALUES
        ('estoque_movimentacao_produto', 'movimentacao_estoque', ARRAY['cod_produto', 'id'],
            'USING btree (cod_produto, id)', false),
        ('estoque_movimentacao_data', 'movimentacao_estoque', ARRAY['cod_produto',
            'data_movimentacao'],
            'USING btree (cod_produto, data_movimentacao)', false),
        ('estoque_movimentacao_dia', 'movimentacao_estoque', ARRAY['data_movimentacao'],
            'USING brin (data_movimentacao)', false),
        ('estoque_movimentacao_lote', 'movimentacao_estoque', ARRAY['separacao_lote_id'],
            'USING btree (separacao_lote_id) WHERE separacao_lote_id IS NOT NULL', true),
        ('estoque_movimentacao_nota', 'movimentacao_estoque', ARRAY['numero_nf'],
            'USING btree (numero_nf) WHERE numero_nf IS NOT NULL', true),
        ('estoque_pre_separacao_produto', 'pre_separacao_item', ARRAY['cod_produto', 'id'],
            'USING btree (cod_produto, id)', false),
        ('estoque_separacao_produto', 'separacao', ARRAY['cod_produto', 'id'],
            'USING btree (cod_produto, id)', false),
        ('estoque_separacao_lote', 'separacao', ARRAY['separacao_lote_id'],
            'USING btree (separacao_lote_id)', false),
        ('estoque_programacao_produto', 'programacao_producao', ARRAY['cod_produto', 'id'],
            'USING btree (cod_produto, id)', false),
        ('estoque_embarque_lote', 'embarque_itens', ARRAY['separacao_lote_id'],
            'USING btree (separacao_lote_id)', false)
    ) AS d (nome, tabela, colunas, definicao, opcional)
    WHERE NOT d.opcional OR EXISTS (
        SELECT FROM pg_attribute AS a
        WHERE a.attrelid = to_regclass(d.tabela) AND a.attname = d.colunas[1]
            AND NOT a.attisdropped);
END;

GRANT EXECUTE ON FUNCTION _estoque_indices_das_fontes() TO PUBLIC;
COMMENT ON FUNCTION _estoque_indices_das_fontes() IS
    'The indexes that an installation makes on the sources; inner use.';

-- sql/05_leitura/_estoque_movimentos_ligados.sql
-- The active movements that bear one of the lots or one of the invoice numbers given, each once, whatever
-- their dates: by the indexes of these two columns, which an ERP may lack.
-- A name without its table is the ERP's column where there is one, otherwise the NULL of falta.
CREATE FUNCTION _estoque_movimentos_ligados(p_lotes text[], p_notas text[])
RETURNS TABLE (
    id text, codigo text, lote text, nota text, quantidade numeric, data date, momento timestamp
)
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
SET plan_cache_mode = force_custom_plan
SET enable_seqscan = off
SET enable_nestloop = on
SET jit = off
AS $body$
BEGIN
    RETURN QUERY
    SELECT m.*
    FROM (SELECT NULL::text AS separacao_lote_id, NULL::text AS numero_nf, NULL::timestamp AS criado_em)
        AS falta
    CROSS JOIN LATERAL (
        SELECT f.*
        FROM (SELECT DISTINCT unnest(p_lotes)) AS x (lote)
        CROSS JOIN LATERAL (
            SELECT f.id::text, f.cod_produto::text, separacao_lote_id::text, numero_nf::text,
                _estoque_contribuicao_movimentacao(f.qtd_movimentacao::numeric, f.ativo) AS quantidade,
                f.data_movimentacao::date, criado_em::timestamp
            FROM movimentacao_estoque AS f WHERE separacao_lote_id::text = x.lote OFFSET 0
        ) AS f
        UNION ALL
        SELECT f.*
        FROM (SELECT DISTINCT unnest(p_notas)) AS x (nota)
        CROSS JOIN LATERAL (
            SELECT f.id::text, f.cod_produto::text, separacao_lote_id::text, numero_nf::text,
                _estoque_contribuicao_movimentacao(f.qtd_movimentacao::numeric, f.ativo) AS quantidade,
                f.data_movimentacao::date, criado_em::timestamp
            FROM movimentacao_estoque AS f
            WHERE numero_nf::text = x.nota
                AND (separacao_lote_id::text = ANY (p_lotes)) IS NOT TRUE OFFSET 0
        ) AS f
    ) AS m
    WHERE m.quantidade <> 0;
END
$body$;

REVOKE ALL ON FUNCTION _estoque_movimentos_ligados(text[], text[]) FROM PUBLIC;
COMMENT ON FUNCTION _estoque_movimentos_ligados(text[], text[]) IS
    'Active movements that bear one of some lots or invoice numbers; inner use.';

-- sql/05_leitura/_estoque_nome_proprio.sql
-- Generated by `make fontes` from ferramentas/fontes.py and modelos/_estoque_nome_proprio.sql.jinja.
-- The newest name that the rows of one code bear, looked for in the sources in their order.
-- The code is sought as a range of one: with an equality PostgreSQL may walk the whole table by id
-- where a few codes have most of the rows. An ERP may lack some of the columns.
-- Nothing is sorted: another index that begins with the code would be read to the end of its rows.
-- Its plans are kept even where the caller asks for new ones: it runs once for each product, called
-- by _estoque_nome, which works by key (docs/decisoes/15).
CREATE OR REPLACE FUNCTION _estoque_nome_proprio(p_codigo text) RETURNS text
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
SET plan_cache_mode = force_generic_plan
SET enable_sort = off
SET enable_incremental_sort = off
SET jit = off
AS $body$
DECLARE
    v_nome text;
BEGIN
    SELECT f.nome_produto::text INTO v_nome FROM movimentacao_estoque AS f
    WHERE f.cod_produto >= p_codigo AND f.cod_produto <= p_codigo
        AND f.nome_produto <> ''
    ORDER BY f.cod_produto DESC, f.id DESC LIMIT 1;
    IF v_nome IS NOT NULL THEN
        RETURN v_nome;
    END IF;
    SELECT f.nome_produto::text INTO v_nome FROM pre_separacao_item AS f
    WHERE f.cod_produto >= p_codigo AND f.cod_produto <= p_codigo
        AND f.nome_produto <> ''
    ORDER BY f.cod_produto DESC, f.id DESC LIMIT 1;
    IF v_nome IS NOT NULL THEN
        RETURN v_nome;
    END IF;
    SELECT f.nome_produto::text INTO v_nome FROM separacao AS f
    WHERE f.cod_produto >= p_codigo AND f.cod_produto <= p_codigo
        AND f.nome_produto <> ''
    ORDER BY f.cod_produto DESC, f.id DESC LIMIT 1;
    IF v_nome IS NOT NULL THEN
        RETURN v_nome;
    END IF;
    SELECT to_jsonb(f) ->> 'nome_produto' INTO v_nome FROM programacao_producao AS f
    WHERE f.cod_produto >= p_codigo AND f.cod_produto <= p_codigo
        AND to_jsonb(f) ->> 'nome_produto' <> ''
    ORDER BY f.cod_produto DESC, f.id DESC LIMIT 1;
    IF v_nome IS NOT NULL THEN
        RETURN v_nome;
    END IF;
    RETURN NULL;
END
$body$;

GRANT EXECUTE ON FUNCTION _estoque_nome_proprio(text) TO PUBLIC;
COMMENT ON FUNCTION _estoque_nome_proprio(text) IS
    'Newest name that source rows of a code bear; NULL when there is none.';

-- sql/05_leitura/_estoque_nomes_proprios.sql
-- Generated by `make fontes` from ferramentas/fontes.py and modelos/_estoque_nomes_proprios.sql.jinja.
-- _estoque_nome_proprio of many codes, in one statement instead of several for each: for those who ask
-- for the names of all products at once.
CREATE OR REPLACE FUNCTION _estoque_nomes_proprios(p_codigos text[]) RETURNS TABLE (codigo text, nome text)
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off
SET enable_sort = off
SET enable_incremental_sort = off
SET jit = off
AS $body$
BEGIN
    RETURN QUERY
    SELECT x.c, coalesce(
        (SELECT f.nome_produto::text FROM movimentacao_estoque AS f
         WHERE f.cod_produto >= x.c AND f.cod_produto <= x.c
             AND f.nome_produto <> ''
         ORDER BY f.cod_produto DESC, f.id DESC LIMIT 1),
        (SELECT f.nome_produto::text FROM pre_separacao_item AS f
         WHERE f.cod_produto >= x.c AND f.cod_produto <= x.c
             AND f.nome_produto <> ''
         ORDER BY f.cod_produto DESC, f.id DESC LIMIT 1),
        (SELECT f.nome_produto::text FROM separacao AS f
         WHERE f.cod_produto >= x.c AND f.cod_produto <= x.c
             AND f.nome_produto <> ''
         ORDER BY f.cod_produto DESC, f.id DESC LIMIT 1),
        (SELECT to_jsonb(f) ->> 'nome_produto' FROM programacao_producao AS f
         WHERE f.cod_produto >= x.c AND f.cod_produto <= x.c
             AND to_jsonb(f) ->> 'nome_produto' <> ''
         ORDER BY f.cod_produto DESC, f.id DESC LIMIT 1))
    FROM unnest(p_codigos) AS x (c);
END
$body$;

GRANT EXECUTE ON FUNCTION _estoque_nomes_proprios(text[]) TO PUBLIC;
COMMENT ON FUNCTION _estoque_nomes_proprios(text[]) IS
    'Newest name that source rows of each code bear; NULL where there is none.';

-- sql/06_unificacao/_estoque_contradicoes.sql
-- The active unifications that contradict each other and therefore unify nothing: an origin with
-- several destinations, a chain that runs into a circle (a code unified with itself is the shortest).
-- The trigger refuses to make one; rows older than the installation, or written past the triggers,
-- may be such. NULL asks for all, otherwise for those of the origins given.
CREATE FUNCTION _estoque_contradicoes(p_origens text[])
RETURNS TABLE (codigo_origem text, codigo_destino text, motivo text[])
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
SET enable_seqscan = on
SET enable_nestloop = off
AS $body$
BEGIN
    RETURN QUERY
    WITH RECURSIVE aresta AS MATERIALIZED (
        SELECT DISTINCT u.codigo_origem::text COLLATE "default" AS origem,
            u.codigo_destino::text COLLATE "default" AS destino
        FROM unificacao_codigos AS u
        WHERE u.ativo AND u.codigo_origem IS NOT NULL AND u.codigo_destino IS NOT NULL
    ),
    contradicao AS MATERIALIZED (
        SELECT a.origem, a.destino,
            (SELECT array_agg(quote_literal(b.destino) ORDER BY b.destino)
             FROM aresta AS b WHERE b.origem = a.origem HAVING count(*) > 1) AS destinos
        FROM aresta AS a
        LEFT JOIN _estoque_canonicos() AS k ON k.codigo = a.origem AND k.cod_produto <> a.origem
        WHERE k.codigo IS NULL AND (p_origens IS NULL OR a.origem IN (SELECT unnest(p_origens)))
    ),
    -- A CYCLE clause would say the same; Citus sends it on in a form that does not parse.
    passo AS (
        SELECT c.origem AS inicio, c.origem AS atual, quote_literal(c.origem) AS caminho,
            ARRAY[c.origem] AS passos, false AS repetido
        FROM contradicao AS c WHERE c.destinos IS NULL
        UNION ALL
        SELECT p.inicio, a.destino, p.caminho || ' -> ' || quote_literal(a.destino),
            p.passos || a.destino, a.destino = ANY (p.passos)
        FROM passo AS p JOIN aresta AS a ON a.origem = p.atual
        WHERE NOT p.repetido
    )
    SELECT c.origem, c.destino,
        CASE WHEN c.destinos IS NOT NULL
            THEN ARRAY['%s has the active destinations %s and %s', quote_literal(c.origem),
                array_to_string(trim_array(c.destinos, 1), ', '), c.destinos[cardinality(c.destinos)]]
            ELSE ARRAY['circular: %s', (SELECT min(p.caminho) FROM passo AS p
                                        WHERE p.inicio = c.origem AND p.repetido)] END
    FROM contradicao AS c
    ORDER BY c.origem, c.destino;
END
$body$;

GRANT EXECUTE ON FUNCTION _estoque_contradicoes(text[]) TO PUBLIC;
COMMENT ON FUNCTION _estoque_contradicoes(text[]) IS
    'Active unifications that contradict each other, with the reason in parts; inner use.';

-- sql/06_unificacao/_estoque_produtos.sql
-- The canonical codes of the codes given that are known; NULL where none is.
CREATE FUNCTION _estoque_produtos(p_codigos text[]) RETURNS text[]
LANGUAGE sql STABLE
SET enable_seqscan = off
BEGIN ATOMIC
    SELECT array_agg(DISTINCT c.cod_produto)
    FROM estoque_codigo_conhecido AS c WHERE c.codigo = ANY (p_codigos);
END;

GRANT EXECUTE ON FUNCTION _estoque_produtos(text[]) TO PUBLIC;
COMMENT ON FUNCTION _estoque_produtos(text[]) IS
    'Canonical codes of those of the codes given that are known; inner use.';

-- sql/06_unificacao/_estoque_reagrupar.sql
-- Moves codes to the group that unificacao_codigos now puts them in, and rebuilds the groups they
-- leave and join. The product rows concerned are deleted and made anew: a writer waiting on one
-- finds it gone and asks again which product its code belongs to (40001 in a repeatable snapshot).
-- Takes the turn on estoque_controle first, then locks as a writer of all these codes would, and only
-- then changes what is known of them. Planned anew for each set: it may be two codes or a thousand.
CREATE OR REPLACE FUNCTION _estoque_reagrupar(p_codigos text[]) RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET plan_cache_mode = force_custom_plan
SET enable_seqscan = off
SET enable_nestloop = off
AS $body$
DECLARE
    v_codigos text[] := p_codigos;
    v_mais text[] := p_codigos;
    v_produtos text[];
    v_corrigidos bigint;
    v_agora timestamptz := now();
BEGIN
    PERFORM _estoque_tomar_vez();

    -- With every code that a unification ties to these now or tied to them before, the set is
    -- closed: no chain leads out of it.
    LOOP
        v_mais := ARRAY(
            (
                SELECT _estoque_unidos(v_mais)
                UNION
                SELECT unnest(_estoque_membros(_estoque_produtos(v_mais)))
            )
            EXCEPT
            SELECT unnest(v_codigos));
        EXIT WHEN v_mais = '{}';
        v_codigos := v_codigos || v_mais;
    END LOOP;

    PERFORM _estoque_travar_produtos(v_codigos, true);
    UPDATE estoque_codigo_conhecido AS c
    SET cod_produto = k.cod_produto
    FROM _estoque_canonicos(v_codigos) AS k
    WHERE c.codigo = k.codigo AND c.codigo = ANY (v_codigos)
        AND c.cod_produto <> k.cod_produto;

    DELETE FROM estoque_tempo_real AS t WHERE t.cod_produto = ANY (v_codigos);
    DELETE FROM movimentacao_prevista AS m WHERE m.cod_produto = ANY (v_codigos);

    v_produtos := _estoque_produtos(v_codigos);
    INSERT INTO estoque_tempo_real (cod_produto, atualizado_em, comparado_em)
    SELECT x.p, v_agora, v_agora FROM unnest(v_produtos) AS x (p);
    v_corrigidos := _estoque_recalcular(v_produtos);
    PERFORM _estoque_revisar(v_codigos);
    RETURN v_corrigidos;
END
$body$;

REVOKE ALL ON FUNCTION _estoque_reagrupar(text[]) FROM PUBLIC;
COMMENT ON FUNCTION _estoque_reagrupar(text[]) IS
    'Puts codes into the groups the unifications say and rebuilds those groups; inner use.';

-- sql/06_unificacao/_estoque_unidos.sql
-- The codes that an active unification names beside one of those given. The unifications, which are few,
-- are read through: no index of theirs is ours to ask for.
CREATE FUNCTION _estoque_unidos(p_codigos text[]) RETURNS SETOF text
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
SET plan_cache_mode = force_custom_plan
SET enable_seqscan = on
AS $body$
BEGIN
    RETURN QUERY
    SELECT u.codigo_destino::text COLLATE "default" FROM unificacao_codigos AS u
    WHERE u.ativo AND u.codigo_origem::text = ANY (p_codigos) AND u.codigo_destino IS NOT NULL
    UNION
    SELECT u.codigo_origem::text COLLATE "default" FROM unificacao_codigos AS u
    WHERE u.ativo AND u.codigo_destino::text = ANY (p_codigos) AND u.codigo_origem IS NOT NULL;
END
$body$;

REVOKE ALL ON FUNCTION _estoque_unidos(text[]) FROM PUBLIC;
COMMENT ON FUNCTION _estoque_unidos(text[]) IS
    'Codes that an active unification names beside one of those given; inner use.';

-- sql/06_unificacao/estoque_contradicoes.sql
-- The active unifications that contradict each other and therefore unify nothing: an origin with
-- several destinations, a chain that runs into a circle (a code unified with itself is the shortest).
-- The trigger refuses to make one; rows older than the installation, or written past the triggers,
-- may be such. NULL asks for all, otherwise for those of the origins given.
CREATE OR REPLACE FUNCTION estoque_contradicoes(origens text[] DEFAULT NULL)
RETURNS TABLE (codigo_origem text, codigo_destino text, motivo text)
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $body$
BEGIN
    RETURN QUERY
    SELECT c.codigo_origem, c.codigo_destino, format(c.motivo[1], VARIADIC c.motivo[2:])
    FROM _estoque_contradicoes(origens) AS c;
END
$body$;

GRANT EXECUTE ON FUNCTION estoque_contradicoes(text[]) TO PUBLIC;
COMMENT ON FUNCTION estoque_contradicoes(text[]) IS
    'Active unifications that contradict each other and are left out, with the reason.';

-- sql/07_recalculo/_estoque_insistir.sql
-- Holds the writers of the sources off and calls one of ours that needs that: exact, and no writer is
-- ever a deadlock's victim for it. Where somebody would have to be waited for, all is undone, which
-- gives back what was locked, and tried again, for about a minute. Who is in the way is told, once.
-- What the caller's transaction has locked itself stays locked meanwhile: best called in one of its
-- own. Raises 55P03.
CREATE FUNCTION _estoque_insistir(p_funcao text) RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET lock_timeout = 0
AS $body$
DECLARE
    v_prazo timestamptz := clock_timestamp() + interval '60 s';
    v_feito bigint;
    v_quem text;
    v_partes jsonb;
    v_ditos text;
    v_aviso CONSTANT text := 'estoque_pg: the source tables are in use: trying again; held by %s';
    v_modelo CONSTANT text := 'the source tables stayed in use: nothing was changed';
    v_dica_so CONSTANT text := 'try at a quieter time';
    v_dica CONSTANT text := 'try at a quieter time, or end what is open: %s';
BEGIN
    WHILE clock_timestamp() < v_prazo LOOP
        BEGIN
            PERFORM _estoque_travar_fontes();
            EXECUTE format('SELECT %I()', p_funcao) INTO v_feito;
            RETURN v_feito;
        EXCEPTION WHEN lock_not_available OR deadlock_detected THEN
            SELECT q.quem, q.partes INTO v_quem, v_partes FROM _estoque_quem_usa() AS q;
        END;
        IF v_quem <> coalesce(v_ditos, '') THEN
            RAISE NOTICE USING MESSAGE = format(v_aviso, v_quem),
                CONSTRAINT = v_aviso, DATATYPE = json_build_array(v_partes)::text;
            v_ditos := v_quem;
        END IF;
        PERFORM pg_sleep(0.02 + 0.1 * random());
    END LOOP;
    RAISE EXCEPTION USING ERRCODE = 'lock_not_available',
        MESSAGE = v_modelo, CONSTRAINT = v_modelo,
        HINT = CASE WHEN v_quem IS NULL THEN v_dica_so ELSE format(v_dica, v_quem) END,
        DATATYPE = CASE WHEN v_quem IS NULL THEN '[]' ELSE json_build_object(
            'dica', json_build_array(v_dica, v_partes))::text END;
END
$body$;

REVOKE ALL ON FUNCTION _estoque_insistir(text) FROM PUBLIC;
COMMENT ON FUNCTION _estoque_insistir(text) IS
    'Holds the writers off, or gives way and tries again; inner use.';

-- sql/07_recalculo/_estoque_recalcular.sql
-- Rebuilds products from the sources: forecast, balance, D7 fields, name. Writes only what differs,
-- and marks the rows with the transaction, so that _estoque_aplicar rebuilds them again rather than
-- adding what this rebuild may already have read (see there). Returns how many products were wrong.
-- The caller holds the lock on the rows, and only locked rows are read and written: a product that
-- appears meanwhile is kept by its own triggers. p_todos says that the list is every product there
-- is, so that the sources are read through instead of by product.
CREATE OR REPLACE FUNCTION _estoque_recalcular(p_produtos text[], p_todos boolean DEFAULT false)
RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET plan_cache_mode = force_custom_plan
SET enable_nestloop = off
AS $body$
DECLARE
    v_hoje date := estoque_hoje();
    v_agora timestamptz := now();
    v_transacao xid8 := pg_current_xact_id();
    v_pedidos text[] := CASE WHEN NOT p_todos THEN p_produtos END;
    v_alvos text[];
    v_saldos numeric[];
    v_corrigidos text[];
    v_mais text[];
BEGIN
    SELECT array_agg(t.cod_produto), array_agg(coalesce(r.saldo, 0)) INTO v_alvos, v_saldos
    FROM unnest(p_produtos) AS t (cod_produto)
    LEFT JOIN _estoque_saldo_recalculado(v_pedidos) AS r ON r.cod_produto = t.cod_produto;

    WITH certa AS MATERIALIZED (
        SELECT r.* FROM _estoque_previsao_recalculada(v_pedidos) AS r
        WHERE r.cod_produto = ANY (p_produtos)
    ),
    sobra AS (
        DELETE FROM movimentacao_prevista AS m
        WHERE m.cod_produto = ANY (p_produtos)
            AND NOT EXISTS (SELECT FROM certa AS c
                            WHERE c.cod_produto = m.cod_produto
                                AND c.data_prevista = m.data_prevista)
        RETURNING m.cod_produto
    ),
    escrita AS (
        INSERT INTO movimentacao_prevista AS m
            (cod_produto, data_prevista, entrada_prevista, saida_prevista)
        SELECT c.cod_produto, c.data_prevista, c.entrada_prevista, c.saida_prevista
        FROM certa AS c
        ON CONFLICT (cod_produto, data_prevista) DO UPDATE
        SET entrada_prevista = EXCLUDED.entrada_prevista, saida_prevista = EXCLUDED.saida_prevista
        WHERE m.entrada_prevista <> EXCLUDED.entrada_prevista
            OR m.saida_prevista <> EXCLUDED.saida_prevista
        RETURNING m.cod_produto
    )
    SELECT array_agg(DISTINCT x.cod_produto) INTO v_corrigidos
    FROM (SELECT s.cod_produto FROM sobra AS s UNION ALL SELECT e.cod_produto FROM escrita AS e) AS x;

    -- A wrong field counts as a correction only if it claimed to hold today.
    WITH certo AS MATERIALIZED (
        SELECT d.cod_produto, d.saldo, d.menor, d.dia_ruptura, d.valido_ate, d.liquidos, n.nome,
            t.saldo_atual <> d.saldo OR t.nome_produto IS DISTINCT FROM n.nome
            OR (v_hoje BETWEEN t.valido_desde AND t.valido_ate
                AND (t.menor_estoque_d7, t.dia_ruptura, t.valido_ate > d.valido_ate,
                        _estoque_liquidos_em(t.liquidos, v_hoje - t.valido_desde))
                    IS DISTINCT FROM (d.menor, d.dia_ruptura, false, d.liquidos)) AS errado
        FROM _estoque_d7(v_alvos, v_saldos) AS d
        JOIN estoque_tempo_real AS t ON t.cod_produto = d.cod_produto
            AND t.cod_produto = ANY (v_alvos)
        CROSS JOIN LATERAL (SELECT _estoque_nome(d.cod_produto) AS nome) AS n
    ),
    escrito AS (
        UPDATE estoque_tempo_real AS t
        SET nome_produto = c.nome, saldo_atual = c.saldo, menor_estoque_d7 = c.menor,
            dia_ruptura = c.dia_ruptura, valido_desde = v_hoje, valido_ate = c.valido_ate,
            liquidos = c.liquidos,
            atualizado_em = CASE WHEN c.errado THEN v_agora ELSE t.atualizado_em END,
            recalculado_por = v_transacao
        FROM certo AS c
        WHERE t.cod_produto = c.cod_produto AND t.cod_produto = ANY (v_alvos)
    )
    SELECT array_agg(c.cod_produto) INTO v_mais FROM certo AS c WHERE c.errado;

    RETURN (SELECT count(DISTINCT x.p) FROM unnest(v_corrigidos || v_mais) AS x (p));
END
$body$;

REVOKE ALL ON FUNCTION _estoque_recalcular(text[], boolean) FROM PUBLIC;
COMMENT ON FUNCTION _estoque_recalcular(text[], boolean) IS
    'Rebuilds locked products from the sources, returns how many were wrong; inner use.';

-- sql/07_recalculo/_estoque_recalcular_tudo.sql
-- Rebuilds everything from the sources: known codes and their groups, gates, products.
-- Writers of the sources wait only for the product rows, which are locked in order, all of them.
-- Returns how many products were wrong. Used at installation, after TRUNCATE, and on request.
CREATE OR REPLACE FUNCTION _estoque_recalcular_tudo() RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET enable_seqscan = on
SET enable_nestloop = off
AS $body$
DECLARE
    v_lotes text[];
    v_codigos text[];
    v_produtos text[];
    v_sobras bigint;
    v_reagrupados bigint := 0::bigint;
    v_corrigidos bigint;
BEGIN
    PERFORM _estoque_tomar_vez();
    v_lotes := ARRAY(
        SELECT l.separacao_lote_id FROM estoque_lote AS l
        UNION
        SELECT e.separacao_lote_id::text FROM embarque_itens AS e
        WHERE e.separacao_lote_id IS NOT NULL
            AND _estoque_fatura(e.status, e.nota_fiscal, e.erro_validacao));
    PERFORM _estoque_abrir_lotes(v_lotes);
    PERFORM FROM estoque_tempo_real AS t ORDER BY t.cod_produto FOR UPDATE;

    -- Codes in the wrong group, or unknown, or no longer mentioned.
    SELECT array_agg(coalesce(m.codigo, c.codigo)) INTO v_codigos
    FROM (
        SELECT x.codigo, coalesce(k.cod_produto, x.codigo) AS cod_produto
        FROM _estoque_mencionados() AS x (codigo)
        LEFT JOIN _estoque_canonicos() AS k ON k.codigo = x.codigo
    ) AS m
    FULL JOIN estoque_codigo_conhecido AS c ON c.codigo = m.codigo
    LEFT JOIN estoque_tempo_real AS t ON t.cod_produto = c.cod_produto
    WHERE m.cod_produto IS DISTINCT FROM c.cod_produto OR t.cod_produto IS NULL;
    -- Rows of products that are nobody's are left over from before.
    SELECT count(*) INTO v_sobras
    FROM (SELECT t.cod_produto FROM estoque_tempo_real AS t
          UNION
          SELECT m.cod_produto FROM movimentacao_prevista AS m) AS x
    WHERE NOT EXISTS (SELECT FROM estoque_codigo_conhecido AS c WHERE c.cod_produto = x.cod_produto);
    DELETE FROM estoque_tempo_real AS t
    WHERE NOT EXISTS (SELECT FROM estoque_codigo_conhecido AS c WHERE c.cod_produto = t.cod_produto);
    DELETE FROM movimentacao_prevista AS m
    WHERE NOT EXISTS (SELECT FROM estoque_codigo_conhecido AS c WHERE c.cod_produto = m.cod_produto);

    IF v_codigos IS NOT NULL THEN
        v_reagrupados := greatest(_estoque_reagrupar(v_codigos), 1);
    END IF;
    -- What was not there above may be held by who waits for us; its own triggers keep it.
    SELECT array_agg(x.cod_produto) INTO v_produtos
    FROM (SELECT t.cod_produto FROM estoque_tempo_real AS t
          ORDER BY t.cod_produto FOR UPDATE SKIP LOCKED) AS x;
    v_corrigidos := _estoque_recalcular(v_produtos, true);

    -- Nothing is left to be compared because of a copy, or of partitions; what the minute job has
    -- in hand it takes off itself.
    UPDATE estoque_controle SET lugar = _estoque_lugar();
    DELETE FROM estoque_recontagem AS r
    WHERE r.codigo IN (SELECT x.codigo FROM estoque_recontagem AS x FOR UPDATE SKIP LOCKED);
    RETURN v_sobras + v_reagrupados + v_corrigidos;
END
$body$;

REVOKE ALL ON FUNCTION _estoque_recalcular_tudo() FROM PUBLIC;
COMMENT ON FUNCTION _estoque_recalcular_tudo() IS
    'Rebuilds codes, gates and products from the sources; inner use.';

-- sql/07_recalculo/_estoque_refazer.sql
-- Rebuilds everything, with the writers of the sources held off, and looks whether rows are still
-- left out. Returns the number of products corrected. Called by _estoque_insistir.
CREATE FUNCTION _estoque_refazer() RETURNS bigint
LANGUAGE plpgsql VOLATILE
AS $body$
DECLARE
    v_corrigidos bigint := _estoque_recalcular_tudo();
BEGIN
    UPDATE estoque_controle SET recusadas = EXISTS (SELECT FROM estoque_linhas_recusadas())
    WHERE recusadas;
    RETURN v_corrigidos;
END
$body$;

REVOKE ALL ON FUNCTION _estoque_refazer() FROM PUBLIC;
COMMENT ON FUNCTION _estoque_refazer() IS
    'Rebuilds everything and looks whether rows are left out; inner use.';

-- sql/07_recalculo/estoque_recalcular_tudo.sql
-- Rebuilds every product, code and gate from the sources. Idempotent; writers wait for its end, and
-- it gives way to those it would have to wait for (_estoque_insistir, which raises 55P03 in the end).
CREATE OR REPLACE FUNCTION estoque_recalcular_tudo() RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path FROM CURRENT
SET row_security = off
AS $body$
BEGIN
    RETURN _estoque_insistir('_estoque_refazer');
END
$body$;

REVOKE ALL ON FUNCTION estoque_recalcular_tudo() FROM PUBLIC;
COMMENT ON FUNCTION estoque_recalcular_tudo() IS
    'Rebuilds everything from the sources; the number of products corrected.';

-- sql/08_projecao/_estoque_dias.sql
-- The days from today to p_fim on which the balance of each product given moves, and today itself, with
-- what comes in and goes out and the balance at their ends; between two such days it stays. Overdue exits
-- leave today, overdue entries do not count. No row for what is no canonical product.
CREATE FUNCTION _estoque_dias(p_produtos text[], p_fim date)
RETURNS TABLE (cod_produto text, data date, entrada numeric, saida numeric, saldo numeric)
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off
SET enable_nestloop = on
AS $body$
DECLARE
    v_hoje date := estoque_hoje();
BEGIN
    RETURN QUERY
    WITH parcela AS (
        SELECT x.p, v_hoje AS dia, 0::numeric AS entra, 0::numeric AS sai, t.saldo_atual AS saldo
        FROM unnest(p_produtos) AS x (p)
        CROSS JOIN LATERAL (
            SELECT e.saldo_atual FROM estoque_tempo_real AS e WHERE e.cod_produto = x.p OFFSET 0
        ) AS t
        UNION ALL
        SELECT x.p, greatest(m.data_prevista, v_hoje),
            CASE WHEN m.data_prevista >= v_hoje THEN m.entrada_prevista ELSE 0 END, m.saida_prevista, 0
        FROM unnest(p_produtos) AS x (p)
        CROSS JOIN LATERAL (
            -- A range of the key, never the days of all products: docs/decisoes/15.
            SELECT p.* FROM movimentacao_prevista AS p
            WHERE ROW(p.cod_produto, p.data_prevista) >= ROW(x.p, '-infinity'::date)
                AND ROW(p.cod_produto, p.data_prevista) <= ROW(x.p, p_fim)
            OFFSET 0
        ) AS m
    )
    SELECT d.p, d.dia, d.entra, d.sai,
        sum(d.saldo + d.entra - d.sai) OVER (PARTITION BY d.p ORDER BY d.dia)
    FROM (
        SELECT r.p, r.dia, sum(r.entra) AS entra, sum(r.sai) AS sai, sum(r.saldo) AS saldo
        FROM parcela AS r
        GROUP BY r.p, r.dia
    ) AS d
    ORDER BY d.p, d.dia;
END
$body$;

GRANT EXECUTE ON FUNCTION _estoque_dias(text[], date) TO PUBLIC;
COMMENT ON FUNCTION _estoque_dias(text[], date) IS
    'The days on which products'' balances move, with the balance at their ends; inner use.';

-- sql/08_projecao/_estoque_liquidos_em.sql
-- The eight sums of the forecast that a product's row holds, as they stand p_dias days after the day they
-- were summed for. While the row holds, nothing comes in on the days that have passed, nor goes out or
-- comes in on the days that have entered the window: see valido_ate in _estoque_d7.
CREATE FUNCTION _estoque_liquidos_em(p_liquidos numeric[], p_dias integer) RETURNS numeric[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN p_dias <= 0 THEN p_liquidos
    ELSE p_liquidos[1 + least(p_dias, 7):8] || array_fill(p_liquidos[8], ARRAY[least(p_dias, 7)]) END;

GRANT EXECUTE ON FUNCTION _estoque_liquidos_em(numeric[], integer) TO PUBLIC;
COMMENT ON FUNCTION _estoque_liquidos_em(numeric[], integer) IS
    'The summed forecast of eight days, some days later; inner use.';

-- sql/08_projecao/_estoque_vencidos.sql
-- The products, of those given or of all, whose stored D7 fields do not hold today, with what they
-- are today. Where all hold, it looks at the rows given, or at no more than the two ends of the
-- validity of all: each is one look into an index, with or without statistics.
CREATE FUNCTION _estoque_vencidos(p_produtos text[] DEFAULT NULL)
RETURNS TABLE (
    cod_produto text, menor_estoque_d7 numeric(15,3), dia_ruptura date, valido_ate date,
    liquidos numeric[]
)
LANGUAGE plpgsql STABLE ROWS 100
SET search_path FROM CURRENT
AS $body$
DECLARE
    v_hoje date := estoque_hoje();
    v_vencidos text[];
    v_saldos numeric[];
BEGIN
    IF p_produtos IS NOT NULL THEN
        SELECT array_agg(t.cod_produto), array_agg(t.saldo_atual) INTO v_vencidos, v_saldos
        FROM estoque_tempo_real AS t
        WHERE t.cod_produto = ANY (p_produtos)
            AND v_hoje NOT BETWEEN t.valido_desde AND t.valido_ate;
    ELSIF (SELECT v_hoje NOT BETWEEN max(t.valido_desde) AND min(t.valido_ate)
           FROM estoque_tempo_real AS t) THEN
        SELECT array_agg(t.cod_produto), array_agg(t.saldo_atual) INTO v_vencidos, v_saldos
        FROM estoque_tempo_real AS t
        WHERE v_hoje NOT BETWEEN t.valido_desde AND t.valido_ate;
    END IF;

    IF v_vencidos IS NOT NULL THEN
        RETURN QUERY
        SELECT d.cod_produto, d.menor, d.dia_ruptura, d.valido_ate, d.liquidos
        FROM _estoque_d7(v_vencidos, v_saldos) AS d;
    END IF;
END
$body$;

GRANT EXECUTE ON FUNCTION _estoque_vencidos(text[]) TO PUBLIC;
COMMENT ON FUNCTION _estoque_vencidos(text[]) IS
    'Products, of those given or of all, whose stored D7 fields have expired, projected for today.';

-- sql/09_aplicacao/_estoque_abrir_lotes.sql
-- Sets the gate of lots to what their shipment items say and returns those whose gate turned.
-- Locks the lots in order before it reads the items: of two sessions at one lot, the second sees
-- the first. A separation takes the same lock (see _estoque_gatilho_separacao).
CREATE OR REPLACE FUNCTION _estoque_abrir_lotes(p_lotes text[])
RETURNS TABLE (lote text, faturado boolean)
LANGUAGE plpgsql VOLATILE
SET enable_seqscan = off
SET jit = off
AS $body$
BEGIN
    PERFORM _estoque_travar_lotes(p_lotes);

    RETURN QUERY
    UPDATE estoque_lote AS l
    SET faturado = NOT l.faturado, alterado_por = pg_current_xact_id()
    WHERE l.separacao_lote_id = ANY (p_lotes)
        AND l.faturado <> EXISTS (
            SELECT FROM embarque_itens AS e
            WHERE e.separacao_lote_id = l.separacao_lote_id
                AND _estoque_fatura(e.status, e.nota_fiscal, e.erro_validacao))
    RETURNING l.separacao_lote_id, l.faturado;
END
$body$;

REVOKE ALL ON FUNCTION _estoque_abrir_lotes(text[]) FROM PUBLIC;
COMMENT ON FUNCTION _estoque_abrir_lotes(text[]) IS
    'Opens and closes the gates of lots as their shipment items say; inner use.';

-- sql/09_aplicacao/_estoque_acusar_repetido.sql
-- Says which of the codes or products given is there twice: a table of ours has lost its primary
-- key, and what is written can be right in one of the rows at most. Raises XX001.
CREATE OR REPLACE FUNCTION _estoque_acusar_repetido(p_codigos text[], p_produtos text[]) RETURNS void
LANGUAGE plpgsql VOLATILE
AS $body$
DECLARE
    v_tabela text;
    v_coluna text;
    v_valor text;
    v_modelo CONSTANT text := '%s has the code %s more than once';
BEGIN
    SELECT r.tabela, r.coluna, r.valor INTO v_tabela, v_coluna, v_valor
    FROM (
        SELECT 'estoque_codigo_conhecido' AS tabela, 'codigo' AS coluna, c.codigo AS valor
        FROM estoque_codigo_conhecido AS c WHERE c.codigo = ANY (p_codigos)
        UNION ALL
        SELECT 'estoque_tempo_real', 'cod_produto', t.cod_produto
        FROM estoque_tempo_real AS t WHERE t.cod_produto = ANY (p_produtos)
    ) AS r
    GROUP BY r.tabela, r.coluna, r.valor
    HAVING count(*) > 1
    ORDER BY r.tabela, r.valor
    LIMIT 1;
    RAISE EXCEPTION USING ERRCODE = 'data_corrupted',
        MESSAGE = format(v_modelo, v_tabela, quote_nullable(v_valor)),
        DETAIL = 'The primary key of the table, which forbids it, is gone.',
        HINT = 'SELECT estoque_vigiar(); -- keeps one of each, puts the key back, compares everything',
        CONSTRAINT = v_modelo,
        DATATYPE = json_build_array(v_tabela, quote_nullable(v_valor))::text,
        SCHEMA = current_schema(), TABLE = v_tabela, COLUMN = v_coluna;
END
$body$;

REVOKE ALL ON FUNCTION _estoque_acusar_repetido(text[], text[]) FROM PUBLIC;
COMMENT ON FUNCTION _estoque_acusar_repetido(text[], text[]) IS
    'Raises XX001 for a code that a table of ours has twice; inner use.';

-- sql/09_aplicacao/_estoque_mover_documento.sql
-- The short way of one document, made, changed or taken away: p_menos leaves the forecast of p_de,
-- p_mais joins that of p_para; one of them may be 0. p_entra tells entries from exits. The forecast is
-- not read for it: the product's row holds its sums up to each of eight days, and what a document
-- changes of them is known. By them the one UPDATE that locks the row moves the minimum as well.
-- p_nome, p_saiu and the result as in _estoque_somar; the fields must have been projected today.
CREATE OR REPLACE FUNCTION _estoque_mover_documento(
    p_codigo text, p_entra boolean, p_de date, p_menos numeric, p_para date, p_mais numeric,
    p_nome text, p_saiu boolean
) RETURNS boolean
LANGUAGE plpgsql VOLATILE
AS $body$
DECLARE
    v_hoje date := estoque_hoje();
    v_menos numeric := CASE WHEN p_entra THEN p_menos ELSE -p_menos END;
    v_mais numeric := CASE WHEN p_entra THEN p_mais ELSE -p_mais END;
    v_sai integer := _estoque_dia(p_de, p_entra, v_hoje);
    v_vem integer := _estoque_dia(p_para, p_entra, v_hoje);
    v_mudanca numeric[] := ARRAY[
        CASE WHEN v_vem <= 1 THEN v_mais ELSE 0 END - CASE WHEN v_sai <= 1 THEN v_menos ELSE 0 END,
        CASE WHEN v_vem <= 2 THEN v_mais ELSE 0 END - CASE WHEN v_sai <= 2 THEN v_menos ELSE 0 END,
        CASE WHEN v_vem <= 3 THEN v_mais ELSE 0 END - CASE WHEN v_sai <= 3 THEN v_menos ELSE 0 END,
        CASE WHEN v_vem <= 4 THEN v_mais ELSE 0 END - CASE WHEN v_sai <= 4 THEN v_menos ELSE 0 END,
        CASE WHEN v_vem <= 5 THEN v_mais ELSE 0 END - CASE WHEN v_sai <= 5 THEN v_menos ELSE 0 END,
        CASE WHEN v_vem <= 6 THEN v_mais ELSE 0 END - CASE WHEN v_sai <= 6 THEN v_menos ELSE 0 END,
        CASE WHEN v_vem <= 7 THEN v_mais ELSE 0 END - CASE WHEN v_sai <= 7 THEN v_menos ELSE 0 END,
        CASE WHEN v_vem <= 8 THEN v_mais ELSE 0 END - CASE WHEN v_sai <= 8 THEN v_menos ELSE 0 END];
    v_rompe boolean;
    v_nome text;
    v_renomear boolean;
    v_certo text;
BEGIN
    UPDATE estoque_tempo_real AS t
    SET liquidos = _estoque_liquidos(t.liquidos, v_mudanca),
        menor_estoque_d7 = t.saldo_atual + _estoque_liquido_menor(t.liquidos, v_mudanca),
        -- What time alone changes from then on; see _estoque_d7. What leaves may leave it too early.
        valido_ate = least(t.valido_ate, CASE WHEN p_mais = 0 THEN NULL
            WHEN p_para > v_hoje + 7 THEN p_para - 8
            WHEN p_entra AND p_para >= v_hoje THEN greatest(p_para - 1, v_hoje) END),
        atualizado_em = now()
    WHERE t.cod_produto = p_codigo
        -- In one piece, so that the code alone says by which index: see docs/decisoes/15.
        AND coalesce(t.valido_desde = v_hoje AND t.valido_ate >= v_hoje, false)
        AND t.recalculado_por IS DISTINCT FROM pg_current_xact_id()
    RETURNING t.menor_estoque_d7 < 0 OR t.dia_ruptura IS NOT NULL,
        t.nome_produto,
        coalesce(p_nome, '') <> '' AND (t.nome_produto IS NOT DISTINCT FROM p_nome) = p_saiu
    INTO v_rompe, v_nome, v_renomear;
    IF NOT FOUND THEN
        RETURN false;
    END IF;

    IF p_de = p_para THEN
        IF p_mais <> p_menos THEN
            PERFORM _estoque_prever(p_codigo, p_de, p_entra, p_mais - p_menos);
        END IF;
    ELSE
        IF p_menos <> 0 THEN
            PERFORM _estoque_prever(p_codigo, p_de, p_entra, -p_menos);
        END IF;
        IF p_mais <> 0 THEN
            PERFORM _estoque_prever(p_codigo, p_para, p_entra, p_mais);
        END IF;
    END IF;
    IF v_rompe THEN
        PERFORM _estoque_romper(ARRAY[p_codigo]);
    END IF;
    IF v_renomear THEN
        -- The row is locked: of names, what is committed by now is seen.
        v_certo := _estoque_nome(p_codigo);
        IF v_certo IS DISTINCT FROM v_nome THEN
            UPDATE estoque_tempo_real AS t SET nome_produto = v_certo WHERE t.cod_produto = p_codigo;
        END IF;
    END IF;
    RETURN true;
END
$body$;

REVOKE ALL ON FUNCTION
    _estoque_mover_documento(text, boolean, date, numeric, date, numeric, text, boolean) FROM PUBLIC;
COMMENT ON FUNCTION
    _estoque_mover_documento(text, boolean, date, numeric, date, numeric, text, boolean) IS
    'Moves one document in the forecast of its product; inner use.';

-- sql/09_aplicacao/_estoque_nomear.sql
-- Writes the names of the products given where they differ from what the sources say.
-- Called for the few rows whose name a statement may have changed. Locks the rows in order, and reads
-- the sources in a statement that begins after that: a name committed meanwhile is seen.
CREATE OR REPLACE FUNCTION _estoque_nomear(p_produtos text[]) RETURNS void
LANGUAGE plpgsql VOLATILE
AS $body$
DECLARE
    v_nomes text[];
BEGIN
    PERFORM FROM (SELECT p.produto FROM unnest(p_produtos) AS p (produto) ORDER BY 1) AS p
    CROSS JOIN LATERAL (
        SELECT FROM estoque_tempo_real AS t WHERE t.cod_produto = p.produto FOR NO KEY UPDATE
    ) AS t;

    v_nomes := ARRAY(SELECT _estoque_nome(p.produto)
                     FROM unnest(p_produtos) WITH ORDINALITY AS p (produto, n) ORDER BY p.n);
    UPDATE estoque_tempo_real AS t
    SET nome_produto = n.nome, atualizado_em = now()
    FROM unnest(p_produtos, v_nomes) AS n (produto, nome)
    WHERE t.cod_produto = ANY (ARRAY[n.produto]) AND t.nome_produto IS DISTINCT FROM n.nome;
END
$body$;

REVOKE ALL ON FUNCTION _estoque_nomear(text[]) FROM PUBLIC;
COMMENT ON FUNCTION _estoque_nomear(text[]) IS 'Refreshes product names from the sources; inner use.';

-- sql/09_aplicacao/_estoque_recusar.sql
-- Refuses quantities that cannot be counted, naming table, column and product; where several rows have
-- such, the first ten products, by code. What a row had before the statement is not held against it:
-- rows left out by a tolerant install may still be written to.
-- Raises EP001.
CREATE OR REPLACE FUNCTION _estoque_recusar(p_deltas _estoque_delta[], p_tabela text, p_coluna text)
RETURNS void
LANGUAGE plpgsql VOLATILE
AS $body$
DECLARE
    v_linhas bigint;
    v_produtos bigint;
    v_codigo text;
    v_lista text;
    v_ditos json;
    v_valores text[];
    v_modelo text;
    v_dica CONSTANT text := 'Write a finite quantity of less than 1,000,000,000,000;'
        ' nothing of this statement was kept.';
BEGIN
    SELECT sum(x.linhas)::bigint, count(*), min(x.codigo),
        string_agg(format(x.modelo, p_tabela, p_coluna, quote_nullable(x.codigo), x.linhas),
            E'\n' ORDER BY x.ordem) FILTER (WHERE x.ordem <= 10),
        json_agg(json_build_array(x.modelo, p_tabela, p_coluna, quote_nullable(x.codigo), x.linhas)
            ORDER BY x.ordem) FILTER (WHERE x.ordem <= 10)
    INTO v_linhas, v_produtos, v_codigo, v_lista, v_ditos
    FROM (
        SELECT d.codigo, sum(d.fora) AS linhas, row_number() OVER (ORDER BY d.codigo) AS ordem,
            CASE WHEN sum(d.fora) > 1 THEN '%s.%s of product %s in %s rows'
                ELSE '%s.%s of product %s' END AS modelo
        FROM unnest(p_deltas) AS d
        GROUP BY d.codigo
        HAVING sum(d.fora) > 0
    ) AS x;
    IF v_linhas = 1 THEN
        v_modelo := '%s.%s of product %s is NaN, infinite or out of range';
        v_valores := ARRAY[p_tabela, p_coluna, quote_nullable(v_codigo)];
        RAISE EXCEPTION USING
            ERRCODE = 'EP001',
            MESSAGE = format(v_modelo, VARIADIC v_valores),
            HINT = v_dica,
            CONSTRAINT = v_modelo, DATATYPE = to_json(v_valores)::text,
            SCHEMA = current_schema(), TABLE = p_tabela, COLUMN = p_coluna;
    ELSIF v_linhas > 1 THEN
        v_modelo := '%s.%s is NaN, infinite or out of range in %s rows';
        v_valores := ARRAY[p_tabela, p_coluna, v_linhas::text];
        IF v_produtos > 10 THEN
            v_lista := v_lista || format(E'\nand of %s more', v_produtos - 10);
            v_ditos := (v_ditos::jsonb
                || jsonb_build_array(jsonb_build_array('and of %s more', v_produtos - 10)))::json;
        END IF;
        RAISE EXCEPTION USING
            ERRCODE = 'EP001',
            MESSAGE = format(v_modelo, VARIADIC v_valores),
            DETAIL = v_lista,
            HINT = v_dica,
            CONSTRAINT = v_modelo,
            DATATYPE = json_build_object('valores', v_valores, 'detalhe', v_ditos)::text,
            SCHEMA = current_schema(), TABLE = p_tabela, COLUMN = p_coluna;
    END IF;
END
$body$;

REVOKE ALL ON FUNCTION _estoque_recusar(_estoque_delta[], text, text) FROM PUBLIC;
COMMENT ON FUNCTION _estoque_recusar(_estoque_delta[], text, text) IS
    'Raises EP001 for a quantity that cannot be counted; inner use.';

-- sql/09_aplicacao/_estoque_registrar.sql
-- Makes codes known that are not: each gets a row in estoque_codigo_conhecido, and its product one
-- in estoque_tempo_real. A code that another session is registering or forgetting is waited for,
-- and then left as that session decided; under REPEATABLE READ that raises 40001.
-- Touches no code that has its product, since who holds the product may be about to forget the code.
-- Called before any product is locked. Returns the codes that were not known.
CREATE OR REPLACE FUNCTION _estoque_registrar(p_codigos text[]) RETURNS text[]
LANGUAGE plpgsql VOLATILE
AS $body$
DECLARE
    v_novos text[];
    v_agora timestamptz := now();
BEGIN
    WITH novo AS (
        INSERT INTO estoque_codigo_conhecido (codigo, cod_produto)
        SELECT x.c, x.c FROM unnest(p_codigos) AS x (c)
        WHERE NOT EXISTS (
            SELECT FROM estoque_codigo_conhecido AS c WHERE c.codigo = x.c OFFSET 0)
        ORDER BY x.c
        ON CONFLICT (codigo) DO NOTHING
        RETURNING codigo
    )
    SELECT array_agg(n.codigo) INTO v_novos FROM novo AS n;

    -- Where a bypass took the product of a known code away, the code is read under a lock, so that
    -- it does not move to another group before its product is there.
    INSERT INTO estoque_tempo_real (cod_produto, atualizado_em, comparado_em)
    SELECT DISTINCT x.cod_produto, v_agora, v_agora
    FROM (
        SELECT c.cod_produto
        FROM (SELECT u.c FROM unnest(p_codigos) AS u (c) ORDER BY u.c) AS u
        CROSS JOIN LATERAL (
            SELECT c.cod_produto FROM estoque_codigo_conhecido AS c
            WHERE c.codigo = u.c AND NOT EXISTS (
                SELECT FROM estoque_tempo_real AS t WHERE t.cod_produto = c.cod_produto OFFSET 0)
            FOR SHARE
        ) AS c
    ) AS x
    ORDER BY x.cod_produto
    ON CONFLICT (cod_produto) DO NOTHING;
    RETURN v_novos;
END
$body$;

REVOKE ALL ON FUNCTION _estoque_registrar(text[]) FROM PUBLIC;
COMMENT ON FUNCTION _estoque_registrar(text[]) IS
    'Makes codes and their products known, returns the new codes; inner use.';

-- sql/09_aplicacao/_estoque_revisar.sql
-- Looks again at codes that lost source rows or may have changed name: a code no source mentions
-- any more is forgotten, with its product when it was the last of its group; the others are named anew.
CREATE OR REPLACE FUNCTION _estoque_revisar(p_codigos text[]) RETURNS void
LANGUAGE plpgsql VOLATILE
SET enable_seqscan = off
SET enable_nestloop = on
AS $body$
DECLARE
    v_esquecidos text[];
    v_produtos text[];
BEGIN
    SELECT array_agg(x.c ORDER BY x.c) INTO v_esquecidos
    FROM unnest(p_codigos) AS x (c)
    WHERE x.c NOT IN (SELECT _estoque_mencionados(p_codigos));

    v_produtos := _estoque_produtos(p_codigos);
    IF v_esquecidos IS NOT NULL THEN
        -- Inside a trigger or a function, the query around it may still bring rows of this code.
        PERFORM set_config('estoque_pg.esqueceu', pg_current_xact_id()::text, true);
        DELETE FROM estoque_codigo_conhecido AS c WHERE c.codigo = ANY (v_esquecidos);
        DELETE FROM movimentacao_prevista AS m
        WHERE m.cod_produto = ANY (v_produtos) AND NOT EXISTS (
            SELECT FROM estoque_codigo_conhecido AS c
            WHERE c.cod_produto = m.cod_produto OFFSET 0);
        DELETE FROM estoque_tempo_real AS t
        WHERE t.cod_produto = ANY (v_produtos) AND NOT EXISTS (
            SELECT FROM estoque_codigo_conhecido AS c
            WHERE c.cod_produto = t.cod_produto OFFSET 0);
    END IF;
    PERFORM _estoque_nomear(v_produtos);
END
$body$;

REVOKE ALL ON FUNCTION _estoque_revisar(text[]) FROM PUBLIC;
COMMENT ON FUNCTION _estoque_revisar(text[]) IS
    'Forgets codes that no source mentions, renames the products of the others; inner use.';

-- sql/09_aplicacao/_estoque_somar.sql
-- The short way of one movement, made, changed or taken away: the forecast stays as it is, so balance
-- and minimum move by the same amount. Only a product has a row under its own code: a code that is not
-- canonical, or not known, finds none.
-- p_nome is the name the row bears, where it was made or taken away (p_saiu); NULL where it stays.
-- Returns false, having done nothing, where that is not enough (no row, _estoque_basta_somar, a product
-- rebuilt in this transaction): then it goes through _estoque_aplicar, where the locks are explained.
CREATE OR REPLACE FUNCTION _estoque_somar(p_codigo text, p_saldo numeric, p_nome text, p_saiu boolean)
RETURNS boolean
LANGUAGE plpgsql VOLATILE
AS $body$
DECLARE
    v_hoje date := estoque_hoje();
    v_rompe boolean;
    v_nome text;
    v_renomear boolean;
    v_certo text;
BEGIN
    UPDATE estoque_tempo_real AS t
    SET saldo_atual = t.saldo_atual + p_saldo,
        menor_estoque_d7 = t.menor_estoque_d7 + p_saldo,
        atualizado_em = now()
    WHERE t.cod_produto = p_codigo
        AND _estoque_basta_somar(t.menor_estoque_d7, p_saldo, v_hoje, t.valido_desde, t.valido_ate)
        AND t.recalculado_por IS DISTINCT FROM pg_current_xact_id()
    RETURNING t.menor_estoque_d7 < 0 OR t.dia_ruptura IS NOT NULL,
        t.nome_produto,
        coalesce(p_nome, '') <> '' AND (t.nome_produto IS NOT DISTINCT FROM p_nome) = p_saiu
    INTO v_rompe, v_nome, v_renomear;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    IF v_rompe THEN
        PERFORM _estoque_romper(ARRAY[p_codigo]);
    END IF;
    IF v_renomear THEN
        -- The row is locked: of names, what is committed by now is seen.
        v_certo := _estoque_nome(p_codigo);
        IF v_certo IS DISTINCT FROM v_nome THEN
            UPDATE estoque_tempo_real AS t SET nome_produto = v_certo WHERE t.cod_produto = p_codigo;
        END IF;
    END IF;
    RETURN true;
END
$body$;

REVOKE ALL ON FUNCTION _estoque_somar(text, numeric, text, boolean) FROM PUBLIC;
COMMENT ON FUNCTION _estoque_somar(text, numeric, text, boolean) IS
    'Adds one movement to its product; inner use.';

-- sql/09_aplicacao/_estoque_travar_lotes.sql
-- Locks lots in order, making those not seen before. The row is written, not only locked, so that a
-- REPEATABLE READ session that had not seen this one fails with 40001 instead of overlooking it.
CREATE FUNCTION _estoque_travar_lotes(p_lotes text[]) RETURNS void
LANGUAGE plpgsql VOLATILE
AS $body$
BEGIN
    INSERT INTO estoque_lote AS l (separacao_lote_id, faturado)
    SELECT DISTINCT x.lote, false FROM unnest(p_lotes) AS x (lote) ORDER BY x.lote
    ON CONFLICT (separacao_lote_id) DO UPDATE SET faturado = l.faturado;
END
$body$;

REVOKE ALL ON FUNCTION _estoque_travar_lotes(text[]) FROM PUBLIC;
COMMENT ON FUNCTION _estoque_travar_lotes(text[]) IS 'Locks lots in order; inner use.';

-- sql/10_gatilhos/_estoque_exigir_propria.sql
-- Refuses a statement on a table that bears a trigger of ours and is no source of this schema, nor a
-- partition or child of one: a copy, an archive, a table of another installation. Counting it would
-- move numbers that are not its own, and to pass over it in silence would hide a source that is not
-- counted. NULL in p_fonte stands for any source. Raises EP007.
CREATE OR REPLACE FUNCTION _estoque_exigir_propria(p_relacao oid, p_fonte text) RETURNS void
LANGUAGE plpgsql STABLE
AS $body$
DECLARE
    v_gatilhos text;
    v_modelo text;
    v_dica CONSTANT text := 'Nothing of this statement was kept. `estoque vigiar` in the schema of its'
        ' functions takes them off, and so does: %s';
    v_valores text[];
BEGIN
    IF p_fonte IS NOT NULL AND _estoque_pertence(p_relacao, p_fonte) THEN
        RETURN;
    ELSIF p_fonte IS NULL AND EXISTS (
        SELECT FROM _estoque_fontes() AS f WHERE _estoque_pertence(p_relacao, f.tabela))
    THEN
        RETURN;
    END IF;
    SELECT string_agg(format('DROP TRIGGER %I ON %s;', t.tgname, t.tgrelid::regclass), ' '
        ORDER BY t.tgname)
    INTO v_gatilhos
    FROM pg_trigger AS t
    JOIN pg_proc AS p ON p.oid = t.tgfoid
    WHERE t.tgrelid = p_relacao AND p.proname LIKE E'\\_estoque\\_gatilho\\_%';
    v_modelo := CASE WHEN current_schema() IS NULL
        THEN 'table %s of schema %s bears triggers that count for schema that is gone, or was renamed'
        ELSE 'table %s of schema %s bears triggers that count for schema %s' END;
    v_valores := ARRAY[p_relacao::regclass::text,
        (SELECT c.relnamespace::regnamespace::text FROM pg_class AS c WHERE c.oid = p_relacao),
        quote_ident(current_schema())];
    RAISE EXCEPTION USING
        ERRCODE = 'EP007',
        MESSAGE = format(v_modelo, VARIADIC v_valores),
        HINT = format(v_dica, v_gatilhos),
        CONSTRAINT = v_modelo,
        DATATYPE = json_build_object('valores', v_valores,
            'dica', json_build_array(v_dica, v_gatilhos))::text;
END
$body$;

REVOKE ALL ON FUNCTION _estoque_exigir_propria(oid, text) FROM PUBLIC;
COMMENT ON FUNCTION _estoque_exigir_propria(oid, text) IS
    'Raises EP007 for a table that is no source of this schema; inner use.';

-- sql/10_gatilhos/_estoque_gatilho_embarque.sql
-- Trigger function of embarque_itens: when a lot becomes invoiced, or no longer is, the exits of all
-- its separations leave the forecast or come back. Statements that change no gate write nothing.
-- Raises 40001 under REPEATABLE READ and SERIALIZABLE where the snapshot is older than the installation.
CREATE OR REPLACE FUNCTION _estoque_gatilho_embarque() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path FROM CURRENT
SET row_security = off
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off
SET jit = off
AS $body$
DECLARE
    v_novos text[];
    v_antigos text[];
    v_lotes text[];
    v_faturados boolean[];
    v_deltas _estoque_delta[];
BEGIN
    IF TG_TABLE_NAME <> 'embarque_itens' OR TG_TABLE_SCHEMA IS DISTINCT FROM current_schema() THEN
        PERFORM _estoque_exigir_propria(TG_RELID, 'embarque_itens');
    END IF;
    IF TG_OP <> 'DELETE' THEN
        SELECT array_agg(f.separacao_lote_id::text) INTO v_novos
        FROM novos AS f
        WHERE f.separacao_lote_id IS NOT NULL
            AND _estoque_fatura(f.status, f.nota_fiscal, f.erro_validacao);
    END IF;
    IF TG_OP <> 'INSERT' THEN
        SELECT array_agg(f.separacao_lote_id::text) INTO v_antigos
        FROM antigos AS f
        WHERE f.separacao_lote_id IS NOT NULL
            AND _estoque_fatura(f.status, f.nota_fiscal, f.erro_validacao);
    END IF;

    SELECT array_agg(m.lote) INTO v_lotes
    FROM (
        SELECT x.lote
        FROM (SELECT unnest(v_novos), 1 UNION ALL SELECT unnest(v_antigos), -1) AS x (lote, itens)
        GROUP BY x.lote
        HAVING sum(x.itens) <> 0
    ) AS m;
    IF v_lotes IS NULL THEN
        RETURN NULL;
    END IF;

    -- Of the separations of a lot without a row, a snapshot from before the installation may lack some.
    IF current_setting('transaction_isolation') <> 'read committed'
        AND NOT EXISTS (SELECT FROM estoque_controle)
    THEN
        RAISE EXCEPTION USING ERRCODE = 'serialization_failure',
            MESSAGE = 'could not serialize access: the installation is newer than this transaction',
            HINT = 'Run the transaction again.',
            CONSTRAINT = 'could not serialize access: the installation is newer than this transaction';
    END IF;
    -- The separations are read in a statement of their own, which begins with the lots locked.
    SELECT array_agg(l.lote), array_agg(l.faturado) INTO v_lotes, v_faturados
    FROM _estoque_abrir_lotes(v_lotes) AS l;
    SELECT array_agg(ROW(g.codigo, g.data, 0, 0, g.saida, 0, NULL, NULL, NULL, NULL)::_estoque_delta)
    INTO v_deltas
    FROM (
        SELECT s.cod_produto::text AS codigo, s.expedicao::date AS data,
            sum(_estoque_contribuicao_separacao(s.cod_produto::text, s.expedicao::date,
                    s.qtd_saldo::numeric, l.faturado)
                - _estoque_contribuicao_separacao(s.cod_produto::text, s.expedicao::date,
                    s.qtd_saldo::numeric, NOT l.faturado)) AS saida
        FROM unnest(v_lotes, v_faturados) AS l (lote, faturado)
        CROSS JOIN LATERAL (
            SELECT s.cod_produto, s.expedicao, s.qtd_saldo FROM separacao AS s
            WHERE s.separacao_lote_id = l.lote OFFSET 0
        ) AS s
        GROUP BY s.cod_produto, s.expedicao::date
    ) AS g;
    IF v_deltas IS NOT NULL THEN
        PERFORM _estoque_aplicar(v_deltas);
    END IF;
    RETURN NULL;
END
$body$;

REVOKE ALL ON FUNCTION _estoque_gatilho_embarque() FROM PUBLIC;
COMMENT ON FUNCTION _estoque_gatilho_embarque() IS
    'Moves the exits of lots whose gate a statement turned; inner use.';

-- sql/10_gatilhos/_estoque_gatilho_movimentacao.sql
-- Generated by `make fontes` from ferramentas/fontes.py and modelos/_estoque_gatilho.sql.jinja.
-- Trigger function of movimentacao_estoque: brings what a statement changed to _estoque_aplicar.
-- Runs once per statement, with its owner's rights, whoever writes. Raises EP001,
-- and EP007 for a table that is no source of this schema.
CREATE OR REPLACE FUNCTION _estoque_gatilho_movimentacao() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path FROM CURRENT
SET row_security = off
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off
AS $body$
DECLARE
    v_deltas _estoque_delta[];
    v_antigos _estoque_delta[];
    v_fora numeric;
    v_mudou boolean := TG_OP = 'UPDATE';
    v_codigo text;
    v_nome text;
    v_menos numeric := 0::numeric;
    v_mais numeric := 0::numeric;
BEGIN
    IF TG_TABLE_NAME <> 'movimentacao_estoque' OR TG_TABLE_SCHEMA IS DISTINCT FROM current_schema() THEN
        PERFORM _estoque_exigir_propria(TG_RELID, 'movimentacao_estoque');
    END IF;
    -- One row alone, which is what most statements bring, change or take away, goes the short way.
    IF TG_OP = 'INSERT' THEN
        SELECT f.cod_produto::text, f.nome_produto::text,
            _estoque_contribuicao_movimentacao(f.qtd_movimentacao::numeric, f.ativo)
        INTO v_codigo, v_nome, v_mais
        FROM novos AS f
        WHERE NOT EXISTS (SELECT FROM novos OFFSET 1)
            AND _estoque_cabe(f.qtd_movimentacao::numeric);
    ELSIF TG_OP = 'UPDATE' THEN
        SELECT f.cod_produto::text,
            _estoque_contribuicao_movimentacao(a.qtd_movimentacao::numeric, a.ativo),
            _estoque_contribuicao_movimentacao(f.qtd_movimentacao::numeric, f.ativo)
        INTO v_codigo, v_menos, v_mais
        FROM novos AS f, antigos AS a
        WHERE NOT EXISTS (SELECT FROM novos OFFSET 1)
            AND _estoque_cabe(f.qtd_movimentacao::numeric)
            AND ROW(f.id::text, f.cod_produto::text, f.nome_produto::text) IS NOT DISTINCT FROM
                ROW(a.id::text, a.cod_produto::text, a.nome_produto::text);
        IF v_mais = v_menos THEN
            RETURN NULL;
        END IF;
    ELSE
        SELECT f.cod_produto::text, f.nome_produto::text,
            _estoque_contribuicao_movimentacao(f.qtd_movimentacao::numeric, f.ativo)
        INTO v_codigo, v_nome, v_menos
        FROM antigos AS f
        WHERE NOT EXISTS (SELECT FROM antigos OFFSET 1);
    END IF;
    IF v_codigo IS NOT NULL
        AND _estoque_somar(v_codigo, v_mais - v_menos, v_nome, TG_OP = 'DELETE')
    THEN
        -- The last row of a code may have been the last to mention it.
        IF TG_OP = 'DELETE' AND NOT _estoque_mencionado(v_codigo) THEN
            PERFORM _estoque_revisar(ARRAY[v_codigo]);
        END IF;
        RETURN NULL;
    END IF;

    -- Names are compared by their bytes: whether they differ is all that counts.
    IF TG_OP <> 'DELETE' THEN
        SELECT array_agg(ROW(g.*)::_estoque_delta), sum(g.fora) INTO v_deltas, v_fora
        FROM (
            SELECT l.codigo, l.data,
                sum(l.quantidade), 0, 0,
                count(*), _estoque_nome_unico(min(l.nome), max(l.nome)),
                sum(CASE WHEN v_mudou THEN _estoque_digital(l.id, l.nome) END),
                l.lote, count(*) FILTER (WHERE NOT l.cabe) AS fora
            FROM (
                SELECT f.id::text AS id, f.cod_produto::text AS codigo,
                    (f.nome_produto::text) COLLATE "C" AS nome, NULL::date AS data,
                    _estoque_contribuicao_movimentacao(f.qtd_movimentacao::numeric,
                        f.ativo) AS quantidade,
                    NULL::text AS lote,
                    _estoque_cabe(f.qtd_movimentacao::numeric) AS cabe
                FROM novos AS f
            ) AS l
            GROUP BY l.codigo, l.data, l.lote
        ) AS g;
    END IF;
    IF TG_OP <> 'INSERT' THEN
        SELECT array_agg(ROW(g.*)::_estoque_delta) INTO v_antigos
        FROM (
            SELECT l.codigo, l.data,
                -sum(l.quantidade), 0, 0,
                -count(*), _estoque_nome_unico(min(l.nome), max(l.nome)),
                sum(CASE WHEN v_mudou THEN -_estoque_digital(l.id, l.nome) END),
                l.lote, -count(*) FILTER (WHERE NOT l.cabe) AS fora
            FROM (
                SELECT f.id::text AS id, f.cod_produto::text AS codigo,
                    (f.nome_produto::text) COLLATE "C" AS nome, NULL::date AS data,
                    _estoque_contribuicao_movimentacao(f.qtd_movimentacao::numeric,
                        f.ativo) AS quantidade,
                    NULL::text AS lote,
                    _estoque_cabe(f.qtd_movimentacao::numeric) AS cabe
                FROM antigos AS f
            ) AS l
            GROUP BY l.codigo, l.data, l.lote
        ) AS g;
        v_deltas := v_antigos || v_deltas;
    END IF;
    IF v_fora > 0 THEN
        PERFORM _estoque_recusar(v_deltas, 'movimentacao_estoque', 'qtd_movimentacao');
    END IF;
    IF v_deltas IS NULL THEN
        RETURN NULL;
    END IF;
    PERFORM _estoque_aplicar(v_deltas);
    RETURN NULL;
END
$body$;

REVOKE ALL ON FUNCTION _estoque_gatilho_movimentacao() FROM PUBLIC;
COMMENT ON FUNCTION _estoque_gatilho_movimentacao() IS
    'Counts what a statement changed in movimentacao_estoque; inner use.';

-- sql/10_gatilhos/_estoque_gatilho_pre_separacao.sql
-- Generated by `make fontes` from ferramentas/fontes.py and modelos/_estoque_gatilho.sql.jinja.
-- Trigger function of pre_separacao_item: brings what a statement changed to _estoque_aplicar.
-- Runs once per statement, with its owner's rights, whoever writes. Raises EP001,
-- and EP007 for a table that is no source of this schema.
CREATE OR REPLACE FUNCTION _estoque_gatilho_pre_separacao() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path FROM CURRENT
SET row_security = off
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off
AS $body$
DECLARE
    v_deltas _estoque_delta[];
    v_antigos _estoque_delta[];
    v_fora numeric;
    v_mudou boolean := TG_OP = 'UPDATE';
    v_codigo text;
    v_nome text;
    v_de date;
    v_para date;
    v_menos numeric := 0::numeric;
    v_mais numeric := 0::numeric;
BEGIN
    IF TG_TABLE_NAME <> 'pre_separacao_item' OR TG_TABLE_SCHEMA IS DISTINCT FROM current_schema() THEN
        PERFORM _estoque_exigir_propria(TG_RELID, 'pre_separacao_item');
    END IF;
    -- One row alone, which is what most statements bring, change or take away, goes the short way.
    IF TG_OP = 'INSERT' THEN
        SELECT f.cod_produto::text, f.nome_produto::text,
            f.data_expedicao_editada::date,
                _estoque_contribuicao_pre_separacao(f.cod_produto::text,
                f.data_expedicao_editada::date, f.qtd_selecionada_usuario::numeric, f.status::text)
        INTO v_codigo, v_nome, v_para, v_mais
        FROM novos AS f
        WHERE NOT EXISTS (SELECT FROM novos OFFSET 1)
            AND _estoque_cabe(f.qtd_selecionada_usuario::numeric);
    ELSIF TG_OP = 'UPDATE' THEN
        SELECT f.cod_produto::text,
            a.data_expedicao_editada::date,
                _estoque_contribuicao_pre_separacao(a.cod_produto::text,
                a.data_expedicao_editada::date, a.qtd_selecionada_usuario::numeric, a.status::text),
            f.data_expedicao_editada::date,
                _estoque_contribuicao_pre_separacao(f.cod_produto::text,
                f.data_expedicao_editada::date, f.qtd_selecionada_usuario::numeric, f.status::text)
        INTO v_codigo, v_de, v_menos, v_para, v_mais
        FROM novos AS f, antigos AS a
        WHERE NOT EXISTS (SELECT FROM novos OFFSET 1)
            AND _estoque_cabe(f.qtd_selecionada_usuario::numeric)
            AND ROW(f.id::text, f.cod_produto::text, f.nome_produto::text) IS NOT DISTINCT FROM
                ROW(a.id::text, a.cod_produto::text, a.nome_produto::text);
        IF v_mais = v_menos AND (v_mais = 0 OR v_de = v_para) THEN
            RETURN NULL;
        END IF;
    ELSE
        SELECT f.cod_produto::text, f.nome_produto::text,
            f.data_expedicao_editada::date,
                _estoque_contribuicao_pre_separacao(f.cod_produto::text,
                f.data_expedicao_editada::date, f.qtd_selecionada_usuario::numeric, f.status::text)
        INTO v_codigo, v_nome, v_de, v_menos
        FROM antigos AS f
        WHERE NOT EXISTS (SELECT FROM antigos OFFSET 1);
    END IF;
    IF v_codigo IS NOT NULL
        AND _estoque_mover_documento(v_codigo, false, v_de, v_menos, v_para, v_mais, v_nome,
            TG_OP = 'DELETE')
    THEN
        -- The last row of a code may have been the last to mention it.
        IF TG_OP = 'DELETE' AND NOT _estoque_mencionado(v_codigo) THEN
            PERFORM _estoque_revisar(ARRAY[v_codigo]);
        END IF;
        RETURN NULL;
    END IF;

    -- Names are compared by their bytes: whether they differ is all that counts.
    IF TG_OP <> 'DELETE' THEN
        SELECT array_agg(ROW(g.*)::_estoque_delta), sum(g.fora) INTO v_deltas, v_fora
        FROM (
            SELECT l.codigo, l.data,
                0, 0, sum(l.quantidade),
                count(*), _estoque_nome_unico(min(l.nome), max(l.nome)),
                sum(CASE WHEN v_mudou THEN _estoque_digital(l.id, l.nome) END),
                l.lote, count(*) FILTER (WHERE NOT l.cabe) AS fora
            FROM (
                SELECT f.id::text AS id, f.cod_produto::text AS codigo,
                    (f.nome_produto::text) COLLATE "C" AS nome,
                        f.data_expedicao_editada::date AS data,
                    _estoque_contribuicao_pre_separacao(f.cod_produto::text,
                        f.data_expedicao_editada::date, f.qtd_selecionada_usuario::numeric,
                        f.status::text) AS quantidade,
                    NULL::text AS lote,
                    _estoque_cabe(f.qtd_selecionada_usuario::numeric) AS cabe
                FROM novos AS f
            ) AS l
            GROUP BY l.codigo, l.data, l.lote
        ) AS g;
    END IF;
    IF TG_OP <> 'INSERT' THEN
        SELECT array_agg(ROW(g.*)::_estoque_delta) INTO v_antigos
        FROM (
            SELECT l.codigo, l.data,
                0, 0, -sum(l.quantidade),
                -count(*), _estoque_nome_unico(min(l.nome), max(l.nome)),
                sum(CASE WHEN v_mudou THEN -_estoque_digital(l.id, l.nome) END),
                l.lote, -count(*) FILTER (WHERE NOT l.cabe) AS fora
            FROM (
                SELECT f.id::text AS id, f.cod_produto::text AS codigo,
                    (f.nome_produto::text) COLLATE "C" AS nome,
                        f.data_expedicao_editada::date AS data,
                    _estoque_contribuicao_pre_separacao(f.cod_produto::text,
                        f.data_expedicao_editada::date, f.qtd_selecionada_usuario::numeric,
                        f.status::text) AS quantidade,
                    NULL::text AS lote,
                    _estoque_cabe(f.qtd_selecionada_usuario::numeric) AS cabe
                FROM antigos AS f
            ) AS l
            GROUP BY l.codigo, l.data, l.lote
        ) AS g;
        v_deltas := v_antigos || v_deltas;
    END IF;
    IF v_fora > 0 THEN
        PERFORM _estoque_recusar(v_deltas, 'pre_separacao_item', 'qtd_selecionada_usuario');
    END IF;
    IF v_deltas IS NULL THEN
        RETURN NULL;
    END IF;
    PERFORM _estoque_aplicar(v_deltas);
    RETURN NULL;
END
$body$;

REVOKE ALL ON FUNCTION _estoque_gatilho_pre_separacao() FROM PUBLIC;
COMMENT ON FUNCTION _estoque_gatilho_pre_separacao() IS
    'Counts what a statement changed in pre_separacao_item; inner use.';

-- sql/10_gatilhos/_estoque_gatilho_programacao.sql
-- Generated by `make fontes` from ferramentas/fontes.py and modelos/_estoque_gatilho.sql.jinja.
-- Trigger function of programacao_producao: brings what a statement changed to _estoque_aplicar.
-- Runs once per statement, with its owner's rights, whoever writes. Raises EP001,
-- and EP007 for a table that is no source of this schema.
-- The name is read through jsonb because an ERP may have no such column.
CREATE OR REPLACE FUNCTION _estoque_gatilho_programacao() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path FROM CURRENT
SET row_security = off
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off
AS $body$
DECLARE
    v_deltas _estoque_delta[];
    v_antigos _estoque_delta[];
    v_fora numeric;
    v_mudou boolean := TG_OP = 'UPDATE';
    v_codigo text;
    v_nome text;
    v_de date;
    v_para date;
    v_menos numeric := 0::numeric;
    v_mais numeric := 0::numeric;
BEGIN
    IF TG_TABLE_NAME <> 'programacao_producao' OR TG_TABLE_SCHEMA IS DISTINCT FROM current_schema() THEN
        PERFORM _estoque_exigir_propria(TG_RELID, 'programacao_producao');
    END IF;
    -- One row alone, which is what most statements bring, change or take away, goes the short way.
    IF TG_OP = 'INSERT' THEN
        SELECT f.cod_produto::text, to_jsonb(f) ->> 'nome_produto',
            f.data_programacao::date, _estoque_contribuicao_programacao(f.cod_produto::text,
                f.data_programacao::date, f.qtd_programada::numeric)
        INTO v_codigo, v_nome, v_para, v_mais
        FROM novos AS f
        WHERE NOT EXISTS (SELECT FROM novos OFFSET 1)
            AND _estoque_cabe(f.qtd_programada::numeric);
    ELSIF TG_OP = 'UPDATE' THEN
        SELECT f.cod_produto::text,
            a.data_programacao::date, _estoque_contribuicao_programacao(a.cod_produto::text,
                a.data_programacao::date, a.qtd_programada::numeric),
            f.data_programacao::date, _estoque_contribuicao_programacao(f.cod_produto::text,
                f.data_programacao::date, f.qtd_programada::numeric)
        INTO v_codigo, v_de, v_menos, v_para, v_mais
        FROM novos AS f, antigos AS a
        WHERE NOT EXISTS (SELECT FROM novos OFFSET 1)
            AND _estoque_cabe(f.qtd_programada::numeric)
            AND ROW(f.id::text, f.cod_produto::text,
                to_jsonb(f) ->> 'nome_produto') IS NOT DISTINCT FROM
                ROW(a.id::text, a.cod_produto::text, to_jsonb(a) ->> 'nome_produto');
        IF v_mais = v_menos AND (v_mais = 0 OR v_de = v_para) THEN
            RETURN NULL;
        END IF;
    ELSE
        SELECT f.cod_produto::text, to_jsonb(f) ->> 'nome_produto',
            f.data_programacao::date, _estoque_contribuicao_programacao(f.cod_produto::text,
                f.data_programacao::date, f.qtd_programada::numeric)
        INTO v_codigo, v_nome, v_de, v_menos
        FROM antigos AS f
        WHERE NOT EXISTS (SELECT FROM antigos OFFSET 1);
    END IF;
    IF v_codigo IS NOT NULL
        AND _estoque_mover_documento(v_codigo, true, v_de, v_menos, v_para, v_mais, v_nome,
            TG_OP = 'DELETE')
    THEN
        -- The last row of a code may have been the last to mention it.
        IF TG_OP = 'DELETE' AND NOT _estoque_mencionado(v_codigo) THEN
            PERFORM _estoque_revisar(ARRAY[v_codigo]);
        END IF;
        RETURN NULL;
    END IF;

    -- Names are compared by their bytes: whether they differ is all that counts.
    IF TG_OP <> 'DELETE' THEN
        SELECT array_agg(ROW(g.*)::_estoque_delta), sum(g.fora) INTO v_deltas, v_fora
        FROM (
            SELECT l.codigo, l.data,
                0, sum(l.quantidade), 0,
                count(*), _estoque_nome_unico(min(l.nome), max(l.nome)),
                sum(CASE WHEN v_mudou THEN _estoque_digital(l.id, l.nome) END),
                l.lote, count(*) FILTER (WHERE NOT l.cabe) AS fora
            FROM (
                SELECT f.id::text AS id, f.cod_produto::text AS codigo,
                    (to_jsonb(f) ->> 'nome_produto') COLLATE "C" AS nome,
                        f.data_programacao::date AS data,
                    _estoque_contribuicao_programacao(f.cod_produto::text,
                        f.data_programacao::date, f.qtd_programada::numeric) AS quantidade,
                    NULL::text AS lote,
                    _estoque_cabe(f.qtd_programada::numeric) AS cabe
                FROM novos AS f
            ) AS l
            GROUP BY l.codigo, l.data, l.lote
        ) AS g;
    END IF;
    IF TG_OP <> 'INSERT' THEN
        SELECT array_agg(ROW(g.*)::_estoque_delta) INTO v_antigos
        FROM (
            SELECT l.codigo, l.data,
                0, -sum(l.quantidade), 0,
                -count(*), _estoque_nome_unico(min(l.nome), max(l.nome)),
                sum(CASE WHEN v_mudou THEN -_estoque_digital(l.id, l.nome) END),
                l.lote, -count(*) FILTER (WHERE NOT l.cabe) AS fora
            FROM (
                SELECT f.id::text AS id, f.cod_produto::text AS codigo,
                    (to_jsonb(f) ->> 'nome_produto') COLLATE "C" AS nome,
                        f.data_programacao::date AS data,
                    _estoque_contribuicao_programacao(f.cod_produto::text,
                        f.data_programacao::date, f.qtd_programada::numeric) AS quantidade,
                    NULL::text AS lote,
                    _estoque_cabe(f.qtd_programada::numeric) AS cabe
                FROM antigos AS f
            ) AS l
            GROUP BY l.codigo, l.data, l.lote
        ) AS g;
        v_deltas := v_antigos || v_deltas;
    END IF;
    IF v_fora > 0 THEN
        PERFORM _estoque_recusar(v_deltas, 'programacao_producao', 'qtd_programada');
    END IF;
    IF v_deltas IS NULL THEN
        RETURN NULL;
    END IF;
    PERFORM _estoque_aplicar(v_deltas);
    RETURN NULL;
END
$body$;

REVOKE ALL ON FUNCTION _estoque_gatilho_programacao() FROM PUBLIC;
COMMENT ON FUNCTION _estoque_gatilho_programacao() IS
    'Counts what a statement changed in programacao_producao; inner use.';

-- sql/10_gatilhos/_estoque_gatilho_separacao.sql
-- Generated by `make fontes` from ferramentas/fontes.py and modelos/_estoque_gatilho.sql.jinja.
-- Trigger function of separacao: brings what a statement changed to _estoque_aplicar.
-- Runs once per statement, with its owner's rights, whoever writes. Raises EP001,
-- and EP007 for a table that is no source of this schema.
-- Each row counts by the gate of its lot. The lots are locked before the products, and the gate is
-- read under that lock, so that a row and an invoice of one lot cannot miss each other.
CREATE OR REPLACE FUNCTION _estoque_gatilho_separacao() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path FROM CURRENT
SET row_security = off
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off
AS $body$
DECLARE
    v_deltas _estoque_delta[];
    v_antigos _estoque_delta[];
    v_fora numeric;
    v_mudou boolean := TG_OP = 'UPDATE';
    v_codigo text;
    v_nome text;
    v_de date;
    v_para date;
    v_menos numeric := 0::numeric;
    v_mais numeric := 0::numeric;
    v_lote text;
    v_faturado boolean;
    v_alterado_por xid8;
    v_lotes text[];
    v_recalcular text[];
BEGIN
    IF TG_TABLE_NAME <> 'separacao' OR TG_TABLE_SCHEMA IS DISTINCT FROM current_schema() THEN
        PERFORM _estoque_exigir_propria(TG_RELID, 'separacao');
    END IF;
    -- One row alone, which is what most statements bring, change or take away, goes the short way.
    IF TG_OP = 'INSERT' THEN
        SELECT f.cod_produto::text, f.nome_produto::text,
            f.expedicao::date, _estoque_contribuicao_separacao(f.cod_produto::text,
                f.expedicao::date, f.qtd_saldo::numeric, false), f.separacao_lote_id::text
        INTO v_codigo, v_nome, v_para, v_mais, v_lote
        FROM novos AS f
        WHERE NOT EXISTS (SELECT FROM novos OFFSET 1)
            AND _estoque_cabe(f.qtd_saldo::numeric);
    ELSIF TG_OP = 'UPDATE' THEN
        SELECT f.cod_produto::text,
            a.expedicao::date, _estoque_contribuicao_separacao(a.cod_produto::text,
                a.expedicao::date, a.qtd_saldo::numeric, false),
            f.expedicao::date, _estoque_contribuicao_separacao(f.cod_produto::text,
                f.expedicao::date, f.qtd_saldo::numeric, false), f.separacao_lote_id::text
        INTO v_codigo, v_de, v_menos, v_para, v_mais, v_lote
        FROM novos AS f, antigos AS a
        WHERE NOT EXISTS (SELECT FROM novos OFFSET 1)
            AND _estoque_cabe(f.qtd_saldo::numeric)
            AND ROW(f.id::text, f.cod_produto::text, f.nome_produto::text,
                f.separacao_lote_id::text) IS NOT DISTINCT FROM
                ROW(a.id::text, a.cod_produto::text, a.nome_produto::text,
                    a.separacao_lote_id::text);
        IF v_mais = v_menos AND (v_mais = 0 OR v_de = v_para) THEN
            RETURN NULL;
        END IF;
    ELSE
        SELECT f.cod_produto::text, f.nome_produto::text,
            f.expedicao::date, _estoque_contribuicao_separacao(f.cod_produto::text,
                f.expedicao::date, f.qtd_saldo::numeric, false), f.separacao_lote_id::text
        INTO v_codigo, v_nome, v_de, v_menos, v_lote
        FROM antigos AS f
        WHERE NOT EXISTS (SELECT FROM antigos OFFSET 1);
    END IF;
    IF v_codigo IS NOT NULL AND v_lote IS NOT NULL AND (v_menos <> 0 OR v_mais <> 0) THEN
        -- As _estoque_travar_lotes does, for one.
        INSERT INTO estoque_lote AS l (separacao_lote_id, faturado) VALUES (v_lote, false)
        ON CONFLICT (separacao_lote_id) DO UPDATE SET faturado = l.faturado
        RETURNING l.faturado, l.alterado_por INTO v_faturado, v_alterado_por;
        IF v_faturado THEN
            v_menos := 0::numeric;
            v_mais := 0::numeric;
        END IF;
    END IF;
    IF v_codigo IS NOT NULL AND v_alterado_por IS DISTINCT FROM pg_current_xact_id()
        AND _estoque_mover_documento(v_codigo, false, v_de, v_menos, v_para, v_mais, v_nome,
            TG_OP = 'DELETE')
    THEN
        -- The last row of a code may have been the last to mention it.
        IF TG_OP = 'DELETE' AND NOT _estoque_mencionado(v_codigo) THEN
            PERFORM _estoque_revisar(ARRAY[v_codigo]);
        END IF;
        RETURN NULL;
    END IF;

    -- Quantities here are those of an open gate.
    -- Names are compared by their bytes: whether they differ is all that counts.
    IF TG_OP <> 'DELETE' THEN
        SELECT array_agg(ROW(g.*)::_estoque_delta), sum(g.fora) INTO v_deltas, v_fora
        FROM (
            SELECT l.codigo, l.data,
                0, 0, sum(l.quantidade),
                count(*), _estoque_nome_unico(min(l.nome), max(l.nome)),
                sum(CASE WHEN v_mudou THEN _estoque_digital(l.id, l.nome) END),
                l.lote, count(*) FILTER (WHERE NOT l.cabe) AS fora
            FROM (
                SELECT f.id::text AS id, f.cod_produto::text AS codigo,
                    (f.nome_produto::text) COLLATE "C" AS nome, f.expedicao::date AS data,
                    _estoque_contribuicao_separacao(f.cod_produto::text, f.expedicao::date,
                        f.qtd_saldo::numeric, false) AS quantidade,
                    f.separacao_lote_id::text AS lote,
                    _estoque_cabe(f.qtd_saldo::numeric) AS cabe
                FROM novos AS f
            ) AS l
            GROUP BY l.codigo, l.data, l.lote
        ) AS g;
    END IF;
    IF TG_OP <> 'INSERT' THEN
        SELECT array_agg(ROW(g.*)::_estoque_delta) INTO v_antigos
        FROM (
            SELECT l.codigo, l.data,
                0, 0, -sum(l.quantidade),
                -count(*), _estoque_nome_unico(min(l.nome), max(l.nome)),
                sum(CASE WHEN v_mudou THEN -_estoque_digital(l.id, l.nome) END),
                l.lote, -count(*) FILTER (WHERE NOT l.cabe) AS fora
            FROM (
                SELECT f.id::text AS id, f.cod_produto::text AS codigo,
                    (f.nome_produto::text) COLLATE "C" AS nome, f.expedicao::date AS data,
                    _estoque_contribuicao_separacao(f.cod_produto::text, f.expedicao::date,
                        f.qtd_saldo::numeric, false) AS quantidade,
                    f.separacao_lote_id::text AS lote,
                    _estoque_cabe(f.qtd_saldo::numeric) AS cabe
                FROM antigos AS f
            ) AS l
            GROUP BY l.codigo, l.data, l.lote
        ) AS g;
        v_deltas := v_antigos || v_deltas;
    END IF;
    IF v_fora > 0 THEN
        PERFORM _estoque_recusar(v_deltas, 'separacao', 'qtd_saldo');
    END IF;
    IF v_deltas IS NULL THEN
        RETURN NULL;
    END IF;

    -- Lots whose rows changed what they would contribute; a row that only moved between lots did.
    SELECT array_agg(DISTINCT m.lote) INTO v_lotes
    FROM (
        SELECT d.lote FROM unnest(v_deltas) AS d
        WHERE d.lote IS NOT NULL
        GROUP BY d.lote, d.codigo, d.data
        HAVING sum(d.saida) <> 0
    ) AS m;
    IF v_lotes IS NOT NULL THEN
        PERFORM _estoque_travar_lotes(v_lotes);
        SELECT array_agg(ROW(d.codigo, d.data,
                0, 0, CASE WHEN l.faturado THEN 0 ELSE d.saida END,
                d.linhas, d.nome, d.digital, NULL, NULL)::_estoque_delta),
            array_agg(DISTINCT d.codigo) FILTER (WHERE l.alterado_por = pg_current_xact_id())
        INTO v_deltas, v_recalcular
        FROM unnest(v_deltas) AS d
        LEFT JOIN LATERAL (
            SELECT l.faturado, l.alterado_por FROM estoque_lote AS l
            WHERE l.separacao_lote_id = d.lote OFFSET 0
        ) AS l ON true;
    END IF;
    -- Where this transaction turned the gate, that may have counted these rows already.
    PERFORM _estoque_aplicar(v_deltas, coalesce(array_remove(v_recalcular, NULL), '{}'));
    RETURN NULL;
END
$body$;

REVOKE ALL ON FUNCTION _estoque_gatilho_separacao() FROM PUBLIC;
COMMENT ON FUNCTION _estoque_gatilho_separacao() IS
    'Counts what a statement changed in separacao; inner use.';

-- sql/10_gatilhos/_estoque_gatilho_truncar.sql
-- Trigger function for TRUNCATE of any source: with no rows to compare, everything is rebuilt.
-- Raises 0A000 under REPEATABLE READ and SERIALIZABLE, EP007 for a table that is no source.
CREATE OR REPLACE FUNCTION _estoque_gatilho_truncar() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path FROM CURRENT
SET row_security = off
SET plan_cache_mode = force_generic_plan
AS $body$
BEGIN
    PERFORM _estoque_exigir_propria(TG_RELID, NULL);
    -- TRUNCATE does not respect snapshots: an older one would rebuild without seeing everything.
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        PERFORM _estoque_acusar('0A000', '', 'TRUNCATE of %s needs the isolation level READ COMMITTED',
            'Use DELETE in this transaction, or TRUNCATE in one of READ COMMITTED.',
            quote_ident(TG_TABLE_NAME));
    END IF;
    PERFORM _estoque_recalcular_tudo();
    RETURN NULL;
END
$body$;

REVOKE ALL ON FUNCTION _estoque_gatilho_truncar() FROM PUBLIC;
COMMENT ON FUNCTION _estoque_gatilho_truncar() IS
    'Rebuilds everything after TRUNCATE of a source; inner use.';

-- sql/10_gatilhos/_estoque_gatilho_unificacao.sql
-- Trigger function of unificacao_codigos: regroups the codes whose active unification changed.
-- Changes take turns on estoque_controle, so that two sessions cannot contradict each other unseen.
-- Raises EP002 for a code unified with itself, a cycle, or two destinations.
CREATE OR REPLACE FUNCTION _estoque_gatilho_unificacao() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path FROM CURRENT
SET row_security = off
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off
AS $body$
DECLARE
    v_novos text[] := ARRAY[]::text[];
    v_antigos text[] := ARRAY[]::text[];
    v_codigos text[];
    v_origens text[];
    v_motivo text[];
    v_modelo CONSTANT text := 'code unification is contradictory: %s';
BEGIN
    IF TG_TABLE_NAME <> 'unificacao_codigos' OR TG_TABLE_SCHEMA IS DISTINCT FROM current_schema() THEN
        PERFORM _estoque_exigir_propria(TG_RELID, 'unificacao_codigos');
    END IF;
    -- Pairs of codes, flattened in the order origin, destination.
    IF TG_OP <> 'DELETE' THEN
        SELECT coalesce(array_agg(ARRAY[f.codigo_origem::text, f.codigo_destino::text]), '{}')
        INTO v_novos
        FROM novos AS f
        WHERE f.ativo AND f.codigo_origem IS NOT NULL AND f.codigo_destino IS NOT NULL;
    END IF;
    IF TG_OP <> 'INSERT' THEN
        SELECT coalesce(array_agg(ARRAY[f.codigo_origem::text, f.codigo_destino::text]), '{}')
        INTO v_antigos
        FROM antigos AS f
        WHERE f.ativo AND f.codigo_origem IS NOT NULL AND f.codigo_destino IS NOT NULL;
    END IF;

    WITH novo AS (
        SELECT v_novos[i][1] AS origem, v_novos[i][2] AS destino
        FROM generate_subscripts(v_novos, 1) AS i
    ),
    antigo AS (
        SELECT v_antigos[i][1] AS origem, v_antigos[i][2] AS destino
        FROM generate_subscripts(v_antigos, 1) AS i
    ),
    mudanca AS (
        SELECT n.*, true AS entrou FROM (TABLE novo EXCEPT ALL TABLE antigo) AS n
        UNION ALL
        SELECT a.*, false FROM (TABLE antigo EXCEPT ALL TABLE novo) AS a
    )
    SELECT array_agg(DISTINCT c.codigo), array_agg(DISTINCT m.origem) FILTER (WHERE m.entrou)
    INTO v_codigos, v_origens
    FROM mudanca AS m, LATERAL (VALUES (m.origem), (m.destino)) AS c (codigo);
    IF v_codigos IS NULL THEN
        RETURN NULL;
    END IF;

    PERFORM _estoque_tomar_vez();
    -- Only what this statement brings is refused: contradictions that were there may stay.
    SELECT c.motivo INTO v_motivo FROM _estoque_contradicoes(coalesce(v_origens, '{}')) AS c LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION USING ERRCODE = 'EP002',
            MESSAGE = format(v_modelo, format(v_motivo[1], VARIADIC v_motivo[2:])),
            HINT = 'Leave one active row per codigo_origem in unificacao_codigos, and no circle.',
            SCHEMA = TG_TABLE_SCHEMA, TABLE = 'unificacao_codigos', COLUMN = 'codigo_origem',
            CONSTRAINT = v_modelo, DATATYPE = json_build_array(v_motivo)::text;
    END IF;
    PERFORM _estoque_reagrupar(v_codigos);
    RETURN NULL;
END
$body$;

REVOKE ALL ON FUNCTION _estoque_gatilho_unificacao() FROM PUBLIC;
COMMENT ON FUNCTION _estoque_gatilho_unificacao() IS
    'Regroups the codes whose active unification a statement changed; inner use.';

-- sql/10_gatilhos/_estoque_pertence.sql
-- Whether a table is a source of ours, or among the partitions or children of one. A partition keeps
-- its triggers when it is detached. Where Citus has distributed the schema, statements fire the triggers
-- of a shard, a table of its own on the node of the schema; which it is one of is known to Citus.
CREATE OR REPLACE FUNCTION _estoque_pertence(p_relacao oid, p_fonte text) RETURNS boolean
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $body$
DECLARE
    v_tabela oid;
BEGIN
    IF to_regclass('pg_catalog.pg_dist_shard') IS NOT NULL THEN
        -- By what its name ends with: Citus leaves shards out where pg_class is asked.
        EXECUTE format('SELECT s.logicalrelid FROM %I AS s'
            ' WHERE s.shardid = substring($1::text FROM ''_([0-9]{1,18})"?$'')::bigint'
            ' AND to_regclass(shard_name(s.logicalrelid, s.shardid)) = $1', 'pg_dist_shard')
        INTO v_tabela USING p_relacao::regclass;
    END IF;
    IF coalesce(v_tabela, p_relacao) = to_regclass(p_fonte) THEN
        RETURN true;
    END IF;
    RETURN EXISTS (
        WITH RECURSIVE acima AS (
            SELECT coalesce(v_tabela, p_relacao) AS relacao
            UNION
            SELECT i.inhparent
            FROM acima AS a
            JOIN pg_inherits AS i ON i.inhrelid = a.relacao AND NOT i.inhdetachpending
        )
        SELECT FROM acima AS a WHERE a.relacao = to_regclass(p_fonte));
END
$body$;

GRANT EXECUTE ON FUNCTION _estoque_pertence(oid, text) TO PUBLIC;
COMMENT ON FUNCTION _estoque_pertence(oid, text) IS
    'True for a source table, its partitions and its children; inner use.';

-- sql/11_consultas/_estoque_acusar.sql
-- Raises an error whose parts can be read one by one: the message is p_modelo with the values put in for
-- each %s, and both stand in fields of their own, from which a program can say it in another language:
-- CONSTRAINT has the model, DATATYPE the values as a JSON array of texts, COLUMN the argument meant.
CREATE FUNCTION _estoque_acusar(
    p_estado text, p_campo text, p_modelo text, p_dica text, VARIADIC p_valores text[] DEFAULT '{}'
) RETURNS void
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
AS $body$
BEGIN
    RAISE EXCEPTION USING ERRCODE = p_estado,
        MESSAGE = format(p_modelo, VARIADIC p_valores),
        HINT = p_dica,
        COLUMN = p_campo, CONSTRAINT = p_modelo, DATATYPE = to_json(p_valores)::text;
END
$body$;

GRANT EXECUTE ON FUNCTION _estoque_acusar(text, text, text, text, text[]) TO PUBLIC;
COMMENT ON FUNCTION _estoque_acusar(text, text, text, text, text[]) IS
    'Raises an error, its message''s model and values in fields of their own; inner use.';

-- sql/11_consultas/_estoque_atual.sql
-- All product rows with their D7 fields right for today, which the caller names, and with the forecast
-- summed up to the ends of today to today + 7: stored where they hold, projected where not. Questions about the whole stock read it; called in FROM it becomes part of their
-- query, so that a condition on dia_ruptura goes by its index. estoque_consultar and the view
-- estoque_por_codigo do the same for the products they are asked about.
CREATE FUNCTION _estoque_atual(p_hoje date)
RETURNS TABLE (
    cod_produto text, nome_produto text, saldo_atual numeric(15,3),
    menor_estoque_d7 numeric(15,3), dia_ruptura date, liquidos numeric[]
)
LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT t.cod_produto, t.nome_produto, t.saldo_atual, t.menor_estoque_d7, t.dia_ruptura,
        _estoque_liquidos_em(t.liquidos, p_hoje - t.valido_desde)
    FROM estoque_tempo_real AS t
    WHERE p_hoje BETWEEN t.valido_desde AND t.valido_ate
    UNION ALL
    SELECT t.cod_produto, t.nome_produto, t.saldo_atual, v.menor_estoque_d7, v.dia_ruptura,
        v.liquidos
    FROM _estoque_vencidos() AS v
    JOIN estoque_tempo_real AS t ON t.cod_produto = v.cod_produto;
END;

GRANT EXECUTE ON FUNCTION _estoque_atual(date) TO PUBLIC;
COMMENT ON FUNCTION _estoque_atual(date) IS
    'All product rows with D7 fields right for today, to be part of a query; inner use.';

-- sql/11_consultas/_estoque_avisar.sql
-- Tells in a notice that the filter of an item of mudancas met no document; its fields as those of the
-- errors of _estoque_acusar. False, so that a condition leaves the row of the notice out.
CREATE FUNCTION _estoque_avisar(p_item integer) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
AS $body$
BEGIN
    RAISE NOTICE USING
        MESSAGE = format('item %s of mudancas meets no open document', p_item),
        COLUMN = 'mudancas', CONSTRAINT = 'item %s of mudancas meets no open document',
        DATATYPE = to_json(ARRAY[p_item::text])::text;
    RETURN false;
END
$body$;

GRANT EXECUTE ON FUNCTION _estoque_avisar(integer) TO PUBLIC;
COMMENT ON FUNCTION _estoque_avisar(integer) IS
    'Notice that a filter of a simulation met nothing; inner use.';

-- sql/11_consultas/_estoque_causa_da_falta.sql
-- The exit that takes the balance of a product's day below zero by more than its tolerance, of a day that
-- is the first such one (estoque_rupturas). None where the day began below.
CREATE FUNCTION _estoque_causa_da_falta(p_produto text, p_dia date)
RETURNS TABLE (origem text, id text, documento text, saida numeric)
LANGUAGE plpgsql STABLE ROWS 1
SET search_path FROM CURRENT
SET enable_seqscan = off
SET enable_nestloop = on
AS $body$
DECLARE
    v_hoje date := estoque_hoje();
    v_limite numeric;
BEGIN
    SELECT -r.tolerancia INTO v_limite FROM estoque_regra_vigente(p_produto) AS r;
    IF p_dia = v_hoje AND EXISTS (
        SELECT FROM estoque_tempo_real AS t
        WHERE t.cod_produto = p_produto AND t.saldo_atual < v_limite) THEN
        RETURN;
    END IF;
    RETURN QUERY
    SELECT d.origem, d.id, d.documento, d.saida
    FROM estoque_documentos(p_produto, p_dia - v_hoje) AS d
    WHERE d.dia = p_dia AND d.saldo < v_limite AND d.saldo + d.saida >= v_limite
    LIMIT 1;
END
$body$;

GRANT EXECUTE ON FUNCTION _estoque_causa_da_falta(text, date) TO PUBLIC;
COMMENT ON FUNCTION _estoque_causa_da_falta(text, date) IS
    'The exit that makes a product run out on a day; inner use.';

-- sql/11_consultas/_estoque_citados.sql
-- Documents as estoque_incoerencias names them: of one source, in the order given, each with what people
-- call it where p_documentos says so.
CREATE FUNCTION _estoque_citados(p_origem text, p_ids text[], p_documentos text[] DEFAULT NULL)
RETURNS jsonb
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (SELECT coalesce(jsonb_agg(
            jsonb_build_object('origem', p_origem, 'id', x.id, 'documento', x.documento) ORDER BY x.n), '[]')
        FROM ROWS FROM (unnest(p_ids), unnest(p_documentos)) WITH ORDINALITY AS x (id, documento, n));

GRANT EXECUTE ON FUNCTION _estoque_citados(text, text[], text[]) TO PUBLIC;
COMMENT ON FUNCTION _estoque_citados(text, text[], text[]) IS
    'Source, id and name of each document of a list, as JSON; inner use.';

-- sql/11_consultas/_estoque_data_da_mudanca.sql
-- The date under a key of a change of a simulation, written YYYY-MM-DD whatever the DateStyle; NULL where
-- the key is missing. Raises 22023, naming item and key.
CREATE FUNCTION _estoque_data_da_mudanca(p_ordem integer, p_item jsonb, p_chave text) RETURNS date
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
AS $body$
DECLARE
    v_texto text := p_item ->> p_chave;
    v_partes text[];
BEGIN
    IF NOT p_item ? p_chave THEN
        RETURN NULL;
    END IF;
    v_partes := CASE WHEN jsonb_typeof(p_item -> p_chave) = 'string'
        THEN regexp_match(v_texto, '^([0-9]{4})-(0[1-9]|1[0-2])-([0-2][0-9]|3[01])$') END;
    IF v_partes IS NOT NULL AND v_partes[1] > '0000' AND v_partes[3]::integer BETWEEN 1 AND extract(
        day FROM make_date(v_partes[1]::integer, v_partes[2]::integer, 1) + interval '1 month -1 day')
    THEN
        RETURN make_date(v_partes[1]::integer, v_partes[2]::integer, v_partes[3]::integer);
    END IF;
    PERFORM _estoque_acusar('22023', p_chave,
        'item %s of mudancas: %s must be a date written YYYY-MM-DD, not %s',
        'Write "2026-12-01" for the first of December 2026.', p_ordem::text, p_chave,
        (p_item -> p_chave)::text);
    RETURN NULL;
END
$body$;

GRANT EXECUTE ON FUNCTION _estoque_data_da_mudanca(integer, jsonb, text) TO PUBLIC;
COMMENT ON FUNCTION _estoque_data_da_mudanca(integer, jsonb, text) IS
    'The date under a key of a change of a simulation; inner use.';

-- sql/11_consultas/_estoque_dia_que_conta.sql
-- The day on which a document counts, by its date: an exit that is overdue today, an entry that is overdue
-- and what has no date on none.
CREATE FUNCTION _estoque_dia_que_conta(p_data date, p_entra boolean, p_hoje date) RETURNS date
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN p_data >= p_hoje THEN p_data WHEN p_data < p_hoje AND NOT p_entra THEN p_hoje END;

REVOKE ALL ON FUNCTION _estoque_dia_que_conta(date, boolean, date) FROM PUBLIC;
COMMENT ON FUNCTION _estoque_dia_que_conta(date, boolean, date) IS
    'The day on which a document counts, NULL where it does not; inner use.';

-- sql/11_consultas/_estoque_em_uso.sql
-- Whether a canonical product has an open document, with a date or without, or a movement since a day.
CREATE FUNCTION _estoque_em_uso(p_produto text, p_desde date) RETURNS boolean
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off
SET enable_nestloop = on
SET enable_bitmapscan = off
AS $body$
BEGIN
    RETURN EXISTS (SELECT FROM movimentacao_prevista AS m
                   WHERE ROW(m.cod_produto, m.data_prevista) >= ROW(p_produto, '-infinity'::date)
                       AND ROW(m.cod_produto, m.data_prevista) <= ROW(p_produto, 'infinity'::date)
                       AND (m.entrada_prevista > 0 OR m.saida_prevista > 0))
        OR EXISTS (SELECT FROM unnest(_estoque_membros(ARRAY[p_produto])) AS k (codigo)
                   CROSS JOIN LATERAL (
                       SELECT FROM movimentacao_estoque AS m
                       WHERE m.cod_produto = k.codigo AND m.data_movimentacao >= p_desde
                       LIMIT 1
                   ) AS m)
        OR EXISTS (SELECT FROM _estoque_abertos(ARRAY[p_produto], true) AS a
                   WHERE NOT a.faturado AND a.quantidade > 0);
END
$body$;

REVOKE ALL ON FUNCTION _estoque_em_uso(text, date) FROM PUBLIC;
COMMENT ON FUNCTION _estoque_em_uso(text, date) IS
    'Whether a product has an open document or a movement since a day; inner use.';

-- sql/11_consultas/_estoque_exigir_dias.sql
-- Refuses a horizon in days that is NULL, negative, or beyond the most that an answer may have (NULL:
-- any). Raises 22023.
CREATE FUNCTION _estoque_exigir_dias(p_dias integer, p_maximo integer DEFAULT NULL) RETURNS void
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
AS $body$
BEGIN
    IF p_dias IS NULL OR p_dias < 0 THEN
        PERFORM _estoque_acusar('22023', 'dias', 'dias must be zero or more, not %s',
            'Give the number of days from today.', coalesce(p_dias::text, 'NULL'));
    ELSIF p_dias > p_maximo THEN
        PERFORM _estoque_acusar('22023', 'dias', 'dias must be %s at most, not %s',
            'Give the number of days from today.', p_maximo::text, p_dias::text);
    END IF;
END
$body$;

GRANT EXECUTE ON FUNCTION _estoque_exigir_dias(integer, integer) TO PUBLIC;
COMMENT ON FUNCTION _estoque_exigir_dias(integer, integer) IS
    'Raises 22023 for days that are NULL, negative, or too many; inner use.';

-- sql/11_consultas/_estoque_faltas.sql
-- Of each product given that ends some day of today to p_fim below zero, by more than its tolerance: the
-- first such day, the largest shortage, and the last such day, NULL where that is p_fim.
CREATE FUNCTION _estoque_faltas(p_produtos text[], p_fim date)
RETURNS TABLE (cod_produto text, ruptura date, falta numeric, fim date)
LANGUAGE plpgsql STABLE ROWS 1000
SET search_path FROM CURRENT
AS $body$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT d.cod_produto, min(d.data), -min(d.saldo),
        nullif(max(coalesce(d.proximo - 1, p_fim)), p_fim)
    FROM (
        -- Between two days on which it moves, the balance stays.
        SELECT x.*, lead(x.data) OVER (PARTITION BY x.cod_produto ORDER BY x.data) AS proximo
        FROM _estoque_dias(p_produtos, p_fim) AS x
    ) AS d
    JOIN _estoque_tolerancias(p_produtos) AS r ON r.cod_produto = d.cod_produto
    WHERE d.saldo < -r.tolerancia
    GROUP BY d.cod_produto;
END
$body$;

GRANT EXECUTE ON FUNCTION _estoque_faltas(text[], date) TO PUBLIC;
COMMENT ON FUNCTION _estoque_faltas(text[], date) IS
    'First and last day below zero and the largest shortage of products; inner use.';

-- sql/11_consultas/_estoque_incoerencias_de_abertos.sql
-- What is wrong with exits that are open: without a date, overdue by more than a week, repeated, or a
-- pre-separation of a lot that is separated or invoiced already. The sources of documents are read
-- through, once.
-- A name without its table is the ERP's column where there is one, otherwise the NULL of falta.
CREATE FUNCTION _estoque_incoerencias_de_abertos() RETURNS SETOF _estoque_incoerencia
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
SET plan_cache_mode = force_custom_plan
SET enable_nestloop = off
SET jit = off
AS $body$
DECLARE
    v_limite date := estoque_hoje() - 7;
BEGIN
    RETURN QUERY
    WITH aberto AS MATERIALIZED (
        SELECT k.cod_produto, f.origem, f.id, f.codigo, f.data, f.lote, f.documento,
            _estoque_quantidade(f.quantidade) AS quantidade
        FROM _estoque_contribuicoes(NULL, true, 'previsao') AS f
        JOIN estoque_codigo_conhecido AS k ON k.codigo = f.codigo
        WHERE f.aberto AND NOT f.entra AND NOT f.faturado AND _estoque_quantidade(f.quantidade) > 0
    ),
    lote AS MATERIALIZED (
        SELECT DISTINCT a.lote FROM aberto AS a
        WHERE a.origem = 'pre_separacao_item' AND a.lote IS NOT NULL
    ),
    -- The lots of pre-separations that are separated, with what is in them, or invoiced.
    separado AS MATERIALIZED (
        SELECT f.lote, k.cod_produto, f.id, f.documento
        FROM (SELECT NULL::text AS num_pedido) AS falta
        CROSS JOIN LATERAL (
            SELECT l.lote, f.id, f.cod_produto::text AS codigo, num_pedido::text AS documento
            FROM lote AS l
            JOIN separacao AS f ON f.separacao_lote_id::text = l.lote
        ) AS f
        LEFT JOIN estoque_codigo_conhecido AS k ON k.codigo = f.codigo
    ),
    tomado AS (
        SELECT s.lote FROM separado AS s
        UNION
        SELECT e.separacao_lote_id::text FROM embarque_itens AS e
        WHERE _estoque_fatura(e.status, e.nota_fiscal, e.erro_validacao)
    )
    SELECT 'pre-separacao repetida', a.cod_produto,
        _estoque_citados(a.origem, ARRAY[a.id], ARRAY[a.documento])
            || _estoque_citados('separacao', s.ids, s.documentos),
        a.data, a.quantidade, 'encerrar_pre_separacao'
    FROM aberto AS a
    JOIN tomado AS t ON t.lote = a.lote
    LEFT JOIN (
        SELECT s.lote, s.cod_produto, array_agg(s.id::text ORDER BY s.id) AS ids,
            array_agg(s.documento ORDER BY s.id) AS documentos
        FROM separado AS s GROUP BY s.lote, s.cod_produto
    ) AS s ON s.lote = a.lote AND s.cod_produto = a.cod_produto
    WHERE a.origem = 'pre_separacao_item'
    UNION ALL
    SELECT 'separacao repetida', a.cod_produto,
        _estoque_citados('separacao', array_agg(a.id ORDER BY length(a.id), a.id),
            array_agg(a.documento)),
        a.data, a.quantidade * (count(*) - 1), 'excluir_repetida'
    FROM aberto AS a
    WHERE a.origem = 'separacao' AND a.lote IS NOT NULL AND a.documento IS NOT NULL
    GROUP BY a.cod_produto, a.lote, a.documento, a.codigo, a.quantidade, a.data
    HAVING count(*) > 1
    UNION ALL
    SELECT 'demanda sem data', a.cod_produto,
        _estoque_citados(a.origem, ARRAY[a.id], ARRAY[a.documento]), NULL::date, a.quantidade,
        'informar_data'
    FROM aberto AS a
    WHERE a.data IS NULL
    UNION ALL
    SELECT 'saida atrasada', a.cod_produto,
        _estoque_citados(a.origem, ARRAY[a.id], ARRAY[a.documento]), a.data, a.quantidade,
        'remarcar_saida'
    FROM aberto AS a
    WHERE a.data < v_limite;
END
$body$;

REVOKE ALL ON FUNCTION _estoque_incoerencias_de_abertos() FROM PUBLIC;
COMMENT ON FUNCTION _estoque_incoerencias_de_abertos() IS
    'What is wrong with open exits; inner use.';

-- sql/11_consultas/_estoque_incoerencias_de_codigos.sql
-- Codes that are equal but for blanks, leading zeros or capitals, and belong to different products: a
-- row for each set of such codes, under the first of its products.
CREATE FUNCTION _estoque_incoerencias_de_codigos() RETURNS SETOF _estoque_incoerencia
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
SET enable_nestloop = off
AS $body$
BEGIN
    RETURN QUERY
    WITH codigo AS MATERIALIZED (
        SELECT c.codigo, c.cod_produto, ltrim(translate(lower(c.codigo), E' \t\n\r', ''), '0') AS chave
        FROM estoque_codigo_conhecido AS c
    )
    SELECT 'codigos parecidos', min(c.cod_produto),
        _estoque_citados('estoque_codigo_conhecido', array_agg(c.codigo ORDER BY c.codigo)),
        NULL::date, NULL::numeric, 'unificar_codigos'
    FROM codigo AS c
    JOIN (
        SELECT p.chave FROM codigo AS p
        GROUP BY p.chave HAVING min(p.cod_produto) <> max(p.cod_produto)
    ) AS p ON p.chave = c.chave
    GROUP BY c.chave;
END
$body$;

REVOKE ALL ON FUNCTION _estoque_incoerencias_de_codigos() FROM PUBLIC;
COMMENT ON FUNCTION _estoque_incoerencias_de_codigos() IS
    'Codes that look alike and are not unified; inner use.';

-- sql/11_consultas/_estoque_incoerencias_de_estornos.sql
-- Of one product and invoice number, or lot where a movement bears no number, more came back than went
-- out. Looked for where something came in within the last 90 days; what went out may be older. Where
-- nothing went out it is a purchase.
-- A name without its table is the ERP's column where there is one, otherwise the NULL of falta.
CREATE FUNCTION _estoque_incoerencias_de_estornos() RETURNS SETOF _estoque_incoerencia
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
SET plan_cache_mode = force_custom_plan
SET enable_nestloop = off
SET jit = off
AS $body$
DECLARE
    v_desde date := estoque_hoje() - 90;
    v_lotes text[];
    v_notas text[];
BEGIN
    SELECT array_agg(DISTINCT e.lote) FILTER (WHERE e.nota IS NULL), array_agg(DISTINCT e.nota)
    INTO v_lotes, v_notas
    FROM (SELECT NULL::text AS separacao_lote_id, NULL::text AS numero_nf) AS falta
    CROSS JOIN LATERAL (
        SELECT separacao_lote_id::text AS lote, nullif(numero_nf::text, '') AS nota
        FROM movimentacao_estoque AS f
        WHERE f.data_movimentacao >= v_desde
            AND _estoque_contribuicao_movimentacao(f.qtd_movimentacao::numeric, f.ativo) > 0
    ) AS e
    WHERE e.nota IS NOT NULL OR e.lote IS NOT NULL;

    RETURN QUERY
    WITH movimento AS MATERIALIZED (
        SELECT m.id, k.cod_produto, nullif(m.nota, '') AS nota,
            CASE WHEN nullif(m.nota, '') IS NULL THEN m.lote END AS lote, m.quantidade, m.data
        FROM _estoque_movimentos_ligados(v_lotes, v_notas) AS m
        JOIN estoque_codigo_conhecido AS k ON k.codigo = m.codigo
    ),
    demais AS (
        SELECT m.cod_produto, m.nota, m.lote, sum(m.quantidade) AS quantidade,
            max(m.data) FILTER (WHERE m.quantidade > 0) AS data
        FROM movimento AS m
        WHERE m.nota IS NOT NULL OR m.lote IS NOT NULL
        GROUP BY m.cod_produto, m.nota, m.lote
        HAVING sum(m.quantidade) > 0 AND min(m.quantidade) < 0
    )
    SELECT 'estorno repetido', d.cod_produto,
        _estoque_citados('movimentacao_estoque', array_agg(m.id ORDER BY length(m.id), m.id),
            array_agg(m.nota)),
        d.data, d.quantidade, 'conferir_estorno'
    FROM demais AS d
    JOIN movimento AS m ON m.cod_produto = d.cod_produto
        AND (m.nota = d.nota OR d.nota IS NULL AND m.nota IS NULL AND m.lote = d.lote)
    WHERE d.data >= v_desde
    GROUP BY d.cod_produto, d.nota, d.lote, d.data, d.quantidade;
END
$body$;

REVOKE ALL ON FUNCTION _estoque_incoerencias_de_estornos() FROM PUBLIC;
COMMENT ON FUNCTION _estoque_incoerencias_de_estornos() IS
    'Where more came back than went out; inner use.';

-- sql/11_consultas/_estoque_incoerencias_de_lotes.sql
-- What invoices, shipments, separations and movements say of the lots of the last 90 days, where they
-- contradict each other. A lot is of these days by a separation of it: by the later of its date and
-- of the day it was made; one of which neither is known counts as of today. The movements of a lot are
-- those that bear it, or an invoice number of its items: of one that is invoiced the numbers that
-- invoice it, of one that is not those that invoice no other.
-- A name without its table is the ERP's column where there is one, otherwise the NULL of falta.
CREATE FUNCTION _estoque_incoerencias_de_lotes() RETURNS SETOF _estoque_incoerencia
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
SET plan_cache_mode = force_custom_plan
SET enable_nestloop = off
SET jit = off
AS $body$
DECLARE
    v_desde date := estoque_hoje() - 90;
    -- Without either column nothing is known of the movements of a lot.
    v_ligados boolean := EXISTS (
        SELECT FROM pg_attribute AS a
        WHERE a.attrelid = to_regclass('movimentacao_estoque') AND NOT a.attisdropped
            AND a.attname IN ('separacao_lote_id', 'numero_nf'));
    v_lotes text[];
BEGIN
    SELECT array_agg(DISTINCT f.lote) INTO v_lotes
    FROM (SELECT NULL::timestamp AS criado_em) AS falta
    CROSS JOIN LATERAL (
        SELECT f.separacao_lote_id::text AS lote, f.expedicao::date AS data, criado_em::date AS criada
        FROM separacao AS f
    ) AS f
    WHERE f.lote IS NOT NULL AND coalesce(greatest(f.data, f.criada), 'infinity') >= v_desde;

    RETURN QUERY
    WITH recente AS MATERIALIZED (SELECT x.lote FROM unnest(v_lotes) AS x (lote)),
    item AS MATERIALIZED (
        SELECT i.*, coalesce(i.nota, i.pedido) AS documento
        FROM (SELECT NULL::text AS pedido, NULL::text AS id) AS falta
        CROSS JOIN LATERAL (
            SELECT r.lote, id::text AS id, pedido::text AS pedido, nullif(e.nota_fiscal, '') AS nota,
                coalesce(e.status = 'ativo', false) AS ativo, e.erro_validacao IS NOT NULL AS erro,
                _estoque_fatura(e.status, e.nota_fiscal, e.erro_validacao) AS fatura
            FROM recente AS r
            JOIN embarque_itens AS e ON e.separacao_lote_id::text = r.lote
        ) AS i
    ),
    faturado AS MATERIALIZED (
        SELECT i.lote, array_agg(i.id ORDER BY length(i.id), i.id) AS ids,
            array_agg(i.documento ORDER BY length(i.id), i.id) AS documentos
        FROM item AS i
        WHERE i.fatura GROUP BY i.lote
    ),
    separado AS MATERIALIZED (
        SELECT s.*, k.cod_produto, greatest(_estoque_quantidade(s.bruta), 0) AS quantidade,
            coalesce(s.propria, s.momento::date) AS data, t.lote IS NOT NULL AS faturado
        FROM (SELECT NULL::text AS num_pedido, NULL::timestamp AS criado_em) AS falta
        CROSS JOIN LATERAL (
            SELECT r.lote, f.id, num_pedido::text AS pedido, f.cod_produto::text AS codigo,
                f.qtd_saldo::numeric AS bruta, f.expedicao::date AS propria,
                criado_em::timestamp AS momento
            FROM recente AS r
            JOIN separacao AS f ON f.separacao_lote_id::text = r.lote
        ) AS s
        JOIN estoque_codigo_conhecido AS k ON k.codigo = s.codigo
        LEFT JOIN faturado AS t ON t.lote = s.lote
    ),
    -- The products of each lot.
    par AS MATERIALIZED (
        SELECT s.lote, s.cod_produto, s.faturado, sum(s.quantidade) AS quantidade,
            min(s.data) AS data, array_agg(s.id::text ORDER BY s.id) AS ids,
            array_agg(s.pedido ORDER BY s.id) AS documentos
        FROM separado AS s GROUP BY s.lote, s.cod_produto, s.faturado
    ),
    nota AS MATERIALIZED (
        SELECT DISTINCT i.lote, i.nota
        FROM item AS i
        LEFT JOIN faturado AS t ON t.lote = i.lote
        LEFT JOIN (SELECT DISTINCT o.nota FROM item AS o WHERE o.fatura) AS o ON o.nota = i.nota
        WHERE i.nota IS NOT NULL AND (i.fatura OR t.lote IS NULL AND o.nota IS NULL)
    ),
    movimento AS MATERIALIZED (
        SELECT m.*, k.cod_produto
        FROM _estoque_movimentos_ligados(v_lotes, ARRAY(SELECT DISTINCT n.nota FROM nota AS n)) AS m
        JOIN estoque_codigo_conhecido AS k ON k.codigo = m.codigo
    ),
    ligado AS MATERIALIZED (
        SELECT r.lote, m.id, m.cod_produto, m.quantidade, m.data, m.momento, m.nota
        FROM movimento AS m JOIN recente AS r ON r.lote = m.lote
        UNION
        SELECT n.lote, m.id, m.cod_produto, m.quantidade, m.data, m.momento, m.nota
        FROM movimento AS m JOIN nota AS n ON n.nota = m.nota
    ),
    saldo AS MATERIALIZED (
        SELECT l.lote, l.cod_produto, sum(l.quantidade) AS quantidade,
            min(l.data) FILTER (WHERE l.quantidade < 0) AS data,
            array_agg(l.id ORDER BY length(l.id), l.id) AS ids,
            array_agg(nullif(l.nota, '') ORDER BY length(l.id), l.id) AS documentos
        FROM ligado AS l GROUP BY l.lote, l.cod_produto
    ),
    -- The orders of each invoiced lot: whether an active item invoices them, and without an error.
    pedido AS MATERIALIZED (
        SELECT i.lote, i.pedido, bool_or(i.ativo) AS ativo, bool_or(i.fatura) AS faturado,
            bool_or(i.ativo AND i.erro) AS erro, array_agg(i.id ORDER BY length(i.id), i.id) AS ids,
            array_agg(i.documento ORDER BY length(i.id), i.id) AS documentos
        FROM item AS i WHERE i.pedido IS NOT NULL GROUP BY i.lote, i.pedido
    )
    SELECT 'faturado sem movimento', p.cod_produto,
        _estoque_citados('separacao', p.ids, p.documentos)
            || _estoque_citados('embarque_itens', t.ids, t.documentos),
        p.data, p.quantidade, 'lancar_movimento'
    FROM par AS p
    JOIN faturado AS t ON t.lote = p.lote
    LEFT JOIN saldo AS s ON s.lote = p.lote AND s.cod_produto = p.cod_produto
    WHERE v_ligados AND p.quantidade > 0 AND coalesce(s.quantidade, 0) >= 0
    UNION ALL
    SELECT 'movimento sem fatura', p.cod_produto,
        _estoque_citados('movimentacao_estoque', s.ids, s.documentos)
            || _estoque_citados('separacao', p.ids, p.documentos),
        s.data, -s.quantidade, 'conferir_fatura'
    FROM par AS p
    JOIN saldo AS s ON s.lote = p.lote AND s.cod_produto = p.cod_produto
    WHERE NOT p.faturado AND s.quantidade < 0
    UNION ALL
    -- An order is of the lot by an active item, or by the separations that are joined to it.
    SELECT 'lote faturado em parte', s.cod_produto,
        _estoque_citados('separacao', array_agg(s.id::text ORDER BY s.id),
                array_agg(s.pedido ORDER BY s.id))
            || _estoque_citados('embarque_itens', o.ids, o.documentos),
        min(s.data), sum(s.quantidade), 'faturar_pedido'
    FROM pedido AS o
    JOIN separado AS s ON s.lote = o.lote AND s.pedido = o.pedido
    WHERE s.faturado AND (NOT o.faturado OR o.erro)
    GROUP BY o.lote, o.pedido, o.ids, o.documentos, s.cod_produto
    HAVING sum(s.quantidade) > 0
    UNION ALL
    SELECT 'lote reutilizado', s.cod_produto,
        _estoque_citados('separacao', ARRAY[s.id::text], ARRAY[s.pedido])
            || _estoque_citados('embarque_itens', t.ids, t.documentos),
        s.data, s.quantidade, 'trocar_lote'
    FROM separado AS s
    JOIN faturado AS t ON t.lote = s.lote
    LEFT JOIN (
        SELECT l.lote, max(l.momento) AS momento FROM ligado AS l
        WHERE l.quantidade < 0 GROUP BY l.lote
    ) AS m ON m.lote = s.lote
    LEFT JOIN pedido AS o ON o.lote = s.lote AND o.pedido = s.pedido
    LEFT JOIN (
        SELECT DISTINCT i.lote FROM item AS i WHERE i.pedido IS NULL
    ) AS i ON i.lote = s.lote
    WHERE s.quantidade > 0
        AND coalesce(s.momento > m.momento, s.pedido IS NOT NULL AND o.pedido IS NULL AND i.lote IS NULL);
END
$body$;

REVOKE ALL ON FUNCTION _estoque_incoerencias_de_lotes() FROM PUBLIC;
COMMENT ON FUNCTION _estoque_incoerencias_de_lotes() IS
    'What contradicts itself in the lots of the last 90 days; inner use.';

-- sql/11_consultas/_estoque_mudancas.sql
-- Reads the changes of a simulation from JSON: a list of
--   {"acao": "somar", "codigo": text, "data": date, "entrada": number} (or "saida")
--   {"acao": "ignorar", filter}
--   {"acao": "adiar", "dias": whole number, filter} (negative: earlier), or "para": date, not before today
--   {"acao": "escalar", "fator": number >= 0, filter}
-- where a filter is one or more of "origem" (text), "ids" (texts or whole numbers, with "origem"),
-- "pedidos", "lotes", "linhas", "codigos" (lists of texts), "de", "ate" (dates, YYYY-MM-DD).
-- NULL and the empty list are no change. Raises 22023, naming the item, counted from 1, and the key.
CREATE FUNCTION _estoque_mudancas(p_mudancas jsonb) RETURNS SETOF _estoque_mudanca
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
SET enable_seqscan = off
AS $body$
DECLARE
    v_filtro text[] := '{origem,ids,pedidos,lotes,linhas,codigos,de,ate}'::text[];
    v_chaves jsonb := jsonb '{"somar": ["acao", "codigo", "data", "entrada", "saida"],'
        '"ignorar": ["acao"], "adiar": ["acao", "dias", "para"], "escalar": ["acao", "fator"]}';
    v_n integer;
    v_item jsonb;
    v_valor jsonb;
    v_chave text;
    v_numero numeric;
    m _estoque_mudanca;
BEGIN
    IF p_mudancas IS NULL OR p_mudancas = 'null' THEN
        RETURN;
    ELSIF jsonb_typeof(p_mudancas) <> 'array' THEN
        PERFORM _estoque_acusar('22023', 'mudancas', 'mudancas must be a list of changes, not %s',
            'Write [{"acao": ...}].', jsonb_typeof(p_mudancas));
    ELSIF jsonb_array_length(p_mudancas) > 1000 THEN
        PERFORM _estoque_acusar('22023', 'mudancas', 'mudancas has %s items; 1000 are the most',
            'One item reaches many documents by a filter.', jsonb_array_length(p_mudancas)::text);
    END IF;

    FOR v_n, v_item IN SELECT i.n::integer, i.item FROM jsonb_array_elements(p_mudancas)
                       WITH ORDINALITY AS i (item, n) ORDER BY i.n
    LOOP
        m := NULL;
        m.ordem := v_n;
        IF jsonb_typeof(v_item) <> 'object' THEN
            PERFORM _estoque_acusar('22023', 'mudancas', 'item %s of mudancas must be an object, not %s',
                'Write {"acao": ...}.', v_n::text, jsonb_typeof(v_item));
        END IF;
        m.acao := CASE WHEN jsonb_typeof(v_item -> 'acao') = 'string' THEN v_item ->> 'acao' END;
        IF m.acao IS NULL OR NOT v_chaves ? m.acao THEN
            PERFORM _estoque_acusar('22023', 'acao', 'item %s of mudancas: acao must be somar, ignorar,'
                ' adiar or escalar, not %s', 'Say with acao what is to be done.', v_n::text,
                coalesce((v_item -> 'acao')::text, 'missing'));
        END IF;
        SELECT k INTO v_chave FROM jsonb_object_keys(v_item) AS k
        WHERE NOT (v_chaves -> m.acao ? k OR m.acao <> 'somar' AND k = ANY (v_filtro))
        ORDER BY k LIMIT 1;
        IF FOUND THEN
            PERFORM _estoque_acusar('22023', v_chave, 'item %s of mudancas: %s knows no key %s',
                'Look for a slip in the spelling: an unknown key would change nothing.',
                v_n::text, m.acao, quote_literal(v_chave));
        END IF;

        IF m.acao = 'somar' THEN
            IF jsonb_typeof(v_item -> 'codigo') IS DISTINCT FROM 'string' THEN
                PERFORM _estoque_acusar('22023', 'codigo', 'item %s of mudancas: codigo must be a text,'
                    ' not %s', 'Name the product.', v_n::text,
                    coalesce((v_item -> 'codigo')::text, 'missing'));
            END IF;
            SELECT c.cod_produto INTO m.produto FROM estoque_codigo_conhecido AS c
            WHERE c.codigo = v_item ->> 'codigo';
            IF NOT FOUND THEN
                PERFORM _estoque_acusar('22023', 'codigo', 'item %s of mudancas: no source knows the'
                    ' codigo %s', 'Codes are text: ''0123'' and ''123'' are two products.', v_n::text,
                    quote_literal(v_item ->> 'codigo'));
            END IF;
            m.data := _estoque_data_da_mudanca(v_n, v_item, 'data');
            IF (v_item ? 'entrada') = (v_item ? 'saida') THEN
                PERFORM _estoque_acusar('22023', 'entrada', 'item %s of mudancas: somar takes either'
                    ' entrada or saida', 'Give one quantity, coming in or going out.', v_n::text);
            END IF;
            m.entrada := _estoque_numero_da_mudanca(v_n, v_item, 'entrada', true);
            m.saida := _estoque_numero_da_mudanca(v_n, v_item, 'saida', true);
            IF m.data IS NULL OR m.entrada IS NOT NULL AND m.data < estoque_hoje() THEN
                PERFORM _estoque_acusar('22023', 'data', 'item %s of mudancas: data must be a date, and'
                    ' that of an entry not before %s, not %s', 'An entry that is overdue does not count.',
                    v_n::text, estoque_hoje()::text, coalesce((v_item -> 'data')::text, 'missing'));
            END IF;
            RETURN NEXT m;
            CONTINUE;
        ELSIF NOT v_item ?| v_filtro THEN
            PERFORM _estoque_acusar('22023', 'mudancas', 'item %s of mudancas: %s has no filter',
                'Say which documents are meant: by origem, ids, pedidos, lotes, linhas, codigos, de'
                ' or ate.', v_n::text, m.acao);
        END IF;

        IF m.acao = 'adiar' THEN
            IF (v_item ? 'dias') = (v_item ? 'para') THEN
                PERFORM _estoque_acusar('22023', 'dias', 'item %s of mudancas: adiar takes either dias'
                    ' or para', 'Give the days to move by, or the date to move to.', v_n::text);
            END IF;
            v_numero := CASE WHEN jsonb_typeof(v_item -> 'dias') = 'number'
                THEN (v_item ->> 'dias')::numeric END;
            IF v_item ? 'dias' AND coalesce(v_numero <> trunc(v_numero) OR abs(v_numero) > 3650, true)
            THEN
                PERFORM _estoque_acusar('22023', 'dias', 'item %s of mudancas: dias must be a whole'
                    ' number of days, 3650 at most, not %s', 'Negative days lead to an earlier date.',
                    v_n::text, (v_item -> 'dias')::text);
            END IF;
            m.dias := v_numero::integer;
            m.para := _estoque_data_da_mudanca(v_n, v_item, 'para');
            IF m.para < estoque_hoje() THEN
                PERFORM _estoque_acusar('22023', 'para', 'item %s of mudancas: para may not lie before'
                    ' %s, as %s does', 'Nothing can be moved into the past.', v_n::text,
                    estoque_hoje()::text, m.para::text);
            END IF;
        ELSIF m.acao = 'escalar' THEN
            m.fator := _estoque_numero_da_mudanca(v_n, v_item, 'fator', false);
            IF m.fator IS NULL THEN
                PERFORM _estoque_acusar('22023', 'fator', 'item %s of mudancas: escalar takes a fator',
                    'Give what to multiply the quantities by: 0.5 halves them.', v_n::text);
            END IF;
        END IF;

        IF v_item ? 'origem' THEN
            m.origem := v_item ->> 'origem';
            IF NOT coalesce(m.origem IN (SELECT f.tabela FROM _estoque_filtros_das_fontes() AS f), false)
                OR jsonb_typeof(v_item -> 'origem') <> 'string'
            THEN
                PERFORM _estoque_acusar('22023', 'origem', 'item %s of mudancas: origem must be one of'
                    ' %s, not %s', 'Name the table that the documents stand in.', v_n::text,
                    (SELECT string_agg(f.tabela, ', ' ORDER BY f.tabela)
                     FROM _estoque_filtros_das_fontes() AS f), (v_item -> 'origem')::text);
            END IF;
        ELSIF v_item ? 'ids' THEN
            PERFORM _estoque_acusar('22023', 'ids', 'item %s of mudancas: ids need origem',
                'Name the table that the ids are of.', v_n::text);
        END IF;
        FOREACH v_chave IN ARRAY '{ids,pedidos,lotes,linhas,codigos}'::text[] LOOP
            v_valor := v_item -> v_chave;
            CONTINUE WHEN v_valor IS NULL;
            IF jsonb_typeof(v_valor) <> 'array' OR v_valor = '[]' OR EXISTS (
                SELECT FROM jsonb_array_elements(
                    CASE jsonb_typeof(v_valor) WHEN 'array' THEN v_valor ELSE '[]' END) AS e
                WHERE jsonb_typeof(e) <> 'string' AND NOT (v_chave = 'ids'
                    AND jsonb_typeof(e) = 'number' AND e::text ~ '^-?[0-9]+$'))
            THEN
                PERFORM _estoque_acusar('22023', v_chave, 'item %s of mudancas: %s must be a list of'
                    ' texts, not %s', 'Write ["..."], also for one; whole numbers are fine as ids.',
                    v_n::text, v_chave, left(v_valor::text, 200));
            END IF;
        END LOOP;
        m.ids := ARRAY(SELECT jsonb_array_elements_text(v_item -> 'ids'));
        m.pedidos := ARRAY(SELECT jsonb_array_elements_text(v_item -> 'pedidos'));
        m.lotes := ARRAY(SELECT jsonb_array_elements_text(v_item -> 'lotes'));
        m.linhas := ARRAY(SELECT jsonb_array_elements_text(v_item -> 'linhas'));
        m.produtos := ARRAY(
            SELECT DISTINCT c.cod_produto FROM estoque_codigo_conhecido AS c
            WHERE c.codigo = ANY (ARRAY(SELECT jsonb_array_elements_text(v_item -> 'codigos'))));
        -- No list is no condition; a list that no document meets is one.
        m.ids := CASE WHEN v_item ? 'ids' THEN m.ids END;
        m.pedidos := CASE WHEN v_item ? 'pedidos' THEN m.pedidos END;
        m.lotes := CASE WHEN v_item ? 'lotes' THEN m.lotes END;
        m.linhas := CASE WHEN v_item ? 'linhas' THEN m.linhas END;
        m.produtos := CASE WHEN v_item ? 'codigos' THEN m.produtos END;
        m.de := _estoque_data_da_mudanca(v_n, v_item, 'de');
        m.ate := _estoque_data_da_mudanca(v_n, v_item, 'ate');
        RETURN NEXT m;
    END LOOP;
END
$body$;

GRANT EXECUTE ON FUNCTION _estoque_mudancas(jsonb) TO PUBLIC;
COMMENT ON FUNCTION _estoque_mudancas(jsonb) IS
    'The changes of a simulation, read from JSON and checked; inner use.';

-- sql/11_consultas/_estoque_mudar.sql
-- Makes the changes of a simulation, one after the other, to the open documents they may meet, and writes
-- nothing: the documents before and after, and the items whose filter met none (avisos, from 1).
-- What does not count is no document here: what is invoiced or has no quantity, and unless an item moves
-- to a date (para), which makes it count, an entry that is overdue or a document without a date.
-- A document added has no source; so only codigos, de and ate meet it.
CREATE FUNCTION _estoque_mudar(
    p_mudancas jsonb, OUT antes _estoque_aberto[], OUT depois _estoque_aberto[], OUT avisos integer[]
)
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $body$
DECLARE
    v_hoje date := estoque_hoje();
    v_mudancas _estoque_mudanca[] := ARRAY(
        SELECT x FROM _estoque_mudancas(p_mudancas) AS x ORDER BY x.ordem);
    v_para boolean := EXISTS (SELECT FROM unnest(v_mudancas) AS x WHERE x.para IS NOT NULL);
    v_por_pedido text[] := ARRAY(
        SELECT f.tabela FROM _estoque_filtros_das_fontes() AS f WHERE f.pedidos IS NOT NULL);
    v_por_linha text[] := ARRAY(
        SELECT f.tabela FROM _estoque_filtros_das_fontes() AS f WHERE f.linhas IS NOT NULL);
    v_quantos bigint;
    m _estoque_mudanca;
BEGIN
    avisos := '{}';
    antes := ARRAY(
        SELECT a FROM _estoque_abertos(_estoque_tocados(v_mudancas), v_para) AS a
        WHERE NOT a.faturado AND a.quantidade > 0
            AND (v_para OR _estoque_dia_que_conta(a.data, a.entra, v_hoje) IS NOT NULL));
    depois := antes;
    FOREACH m IN ARRAY v_mudancas LOOP
        IF m.acao = 'somar' THEN
            depois := depois || ROW(m.produto, m.produto, NULL, NULL, NULL, NULL, NULL, m.data,
                m.entrada IS NOT NULL, coalesce(m.entrada, m.saida), false)::_estoque_aberto;
            CONTINUE;
        END IF;
        SELECT
            coalesce(array_agg(CASE WHEN NOT x.achado THEN x.d ELSE
                ROW((x.d).cod_produto, (x.d).codigo, (x.d).origem, (x.d).id, (x.d).numero,
                    (x.d).documento, (x.d).lote,
                    CASE
                        WHEN m.para IS NOT NULL THEN m.para
                        WHEN m.dias IS NULL OR (x.d).data IS NULL OR (x.d).data > '9999-12-31' THEN (x.d).data
                        WHEN (x.d).entra AND (x.d).data < v_hoje THEN (x.d).data
                        ELSE greatest(greatest((x.d).data, v_hoje) + m.dias, v_hoje) END,
                    (x.d).entra, round((x.d).quantidade * coalesce(m.fator, 1), 3), false
                    )::_estoque_aberto END)
                FILTER (WHERE NOT (x.achado AND m.acao = 'ignorar')), '{}'),
            count(*) FILTER (WHERE x.achado)
        INTO depois, v_quantos
        FROM (
            SELECT d, coalesce(
                (m.origem IS NULL OR d.origem = m.origem)
                AND (m.ids IS NULL OR d.id = ANY (m.ids))
                AND (m.pedidos IS NULL
                    OR d.documento = ANY (m.pedidos) AND d.origem = ANY (v_por_pedido))
                AND (m.lotes IS NULL OR d.lote = ANY (m.lotes))
                AND (m.linhas IS NULL
                    OR d.documento = ANY (m.linhas) AND d.origem = ANY (v_por_linha))
                AND (m.produtos IS NULL OR d.cod_produto = ANY (m.produtos))
                AND (m.de IS NULL OR d.data >= m.de)
                AND (m.ate IS NULL OR d.data <= m.ate), false) AS achado
            FROM unnest(depois) AS d
        ) AS x;
        IF v_quantos = 0 THEN
            avisos := avisos || m.ordem;
        END IF;
    END LOOP;
END
$body$;

REVOKE ALL ON FUNCTION _estoque_mudar(jsonb) FROM PUBLIC;
COMMENT ON FUNCTION _estoque_mudar(jsonb) IS
    'The open documents before and after the changes of a simulation; inner use.';

-- sql/11_consultas/_estoque_numero_da_mudanca.sql
-- The number under a key of a change of a simulation: a quantity, above zero when rounded to 3 decimals
-- as it is counted, or a factor, zero or more; NULL where the key is missing. Raises 22023, naming item
-- and key.
CREATE FUNCTION _estoque_numero_da_mudanca(
    p_ordem integer, p_item jsonb, p_chave text, p_quantidade boolean
) RETURNS numeric
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path FROM CURRENT
AS $body$
DECLARE
    v_numero numeric;
BEGIN
    IF NOT p_item ? p_chave THEN
        RETURN NULL;
    END IF;
    v_numero := CASE WHEN jsonb_typeof(p_item -> p_chave) = 'number'
        THEN (p_item ->> p_chave)::numeric END;
    IF v_numero IS NULL OR NOT _estoque_cabe(v_numero)
        OR (CASE WHEN p_quantidade THEN round(v_numero, 3) <= 0 ELSE v_numero < 0 END)
    THEN
        PERFORM _estoque_acusar('22023', p_chave, CASE WHEN p_quantidade
            THEN 'item %s of mudancas: %s must be a number above zero, not %s'
            ELSE 'item %s of mudancas: %s must be a number, zero or more, not %s' END,
            'Write it without quotes, with a decimal point.', p_ordem::text, p_chave,
            left((p_item -> p_chave)::text, 200));
    END IF;
    RETURN CASE WHEN p_quantidade THEN round(v_numero, 3) ELSE v_numero END;
END
$body$;

GRANT EXECUTE ON FUNCTION _estoque_numero_da_mudanca(integer, jsonb, text, boolean) TO PUBLIC;
COMMENT ON FUNCTION _estoque_numero_da_mudanca(integer, jsonb, text, boolean) IS
    'The number under a key of a change of a simulation; inner use.';

-- sql/11_consultas/_estoque_projecao_simulada.sql
-- estoque_projecao_simulada as data: besides the days a row without one for each item whose filter met
-- no document, by its number (aviso).
-- Reads the sources with its owner's rights: who may run it need not have any on them.
CREATE FUNCTION _estoque_projecao_simulada(p_codigo text, p_mudancas jsonb, p_dias integer)
RETURNS TABLE (
    aviso integer, dia integer, data date, entrada_antes numeric, saida_antes numeric,
    saldo_antes numeric, entrada_depois numeric, saida_depois numeric, saldo_depois numeric
)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path FROM CURRENT
SET row_security = off
AS $body$
#variable_conflict use_column
DECLARE
    v_hoje date := estoque_hoje();
BEGIN
    PERFORM _estoque_exigir_dias(p_dias, 3650);
    RETURN QUERY
    WITH simulado AS MATERIALIZED (
        SELECT s.* FROM _estoque_simular(p_mudancas, p_dias, estoque_codigo(p_codigo)) AS s
    ),
    -- A day without a document ends as the one before; the numbers of documents go no further.
    denso AS (
        SELECT g.dia, s.*, count(s.data) OVER (ORDER BY g.dia) AS trecho
        FROM generate_series(0, p_dias) AS g (dia)
        LEFT JOIN simulado AS s ON s.data = v_hoje + g.dia
        WHERE EXISTS (SELECT FROM simulado AS x WHERE x.data IS NOT NULL)
    )
    SELECT s.aviso, NULL::integer, NULL::date, NULL::numeric, NULL::numeric, NULL::numeric,
        NULL::numeric, NULL::numeric, NULL::numeric
    FROM simulado AS s WHERE s.aviso IS NOT NULL
    UNION ALL
    (SELECT NULL, d.dia, v_hoje + d.dia, coalesce(d.entrada_antes, 0), coalesce(d.saida_antes, 0),
        first_value(d.saldo_antes) OVER no_trecho, coalesce(d.entrada_depois, 0),
        coalesce(d.saida_depois, 0), first_value(d.saldo_depois) OVER no_trecho
    FROM denso AS d
    WINDOW no_trecho AS (PARTITION BY d.trecho ORDER BY d.dia)
    ORDER BY d.dia);
END
$body$;

REVOKE ALL ON FUNCTION _estoque_projecao_simulada(text, jsonb, integer) FROM PUBLIC;
COMMENT ON FUNCTION _estoque_projecao_simulada(text, jsonb, integer) IS
    'estoque_projecao_simulada with its notices as rows; inner use.';

-- sql/11_consultas/_estoque_simulados.sql
-- estoque_simular as data: besides the products a row without one for each item whose filter met no
-- document, by its number (aviso), which estoque_simular tells in a notice; and of each product the last
-- day below zero, as estoque_rupturas tells it: NULL where that is today + dias.
-- Reads the sources with its owner's rights: who may run it need not have any on them.
CREATE FUNCTION _estoque_simulados(p_mudancas jsonb, p_dias integer)
RETURNS TABLE (
    aviso integer, cod_produto text, nome_produto text, dia_ruptura_antes date,
    dia_ruptura_depois date, menor_antes numeric, menor_depois numeric, fim_ruptura_antes date,
    fim_ruptura_depois date
)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path FROM CURRENT
SET row_security = off
AS $body$
#variable_conflict use_column
DECLARE
    v_fim date;
BEGIN
    PERFORM _estoque_exigir_dias(p_dias, 3650);
    v_fim := estoque_hoje() + p_dias;

    RETURN QUERY
    SELECT r.aviso, r.cod_produto, t.nome_produto, r.ruptura_antes, r.ruptura_depois,
        least(t.saldo_atual, r.menor_antes), least(t.saldo_atual, r.menor_depois),
        nullif(r.fim_antes, v_fim), nullif(r.fim_depois, v_fim)
    FROM (
        SELECT s.aviso, s.cod_produto,
            min(s.data) FILTER (WHERE s.saldo_antes < 0) AS ruptura_antes,
            min(s.data) FILTER (WHERE s.saldo_depois < 0) AS ruptura_depois,
            min(s.saldo_antes) AS menor_antes, min(s.saldo_depois) AS menor_depois,
            max(s.ate) FILTER (WHERE s.saldo_antes < 0) AS fim_antes,
            max(s.ate) FILTER (WHERE s.saldo_depois < 0) AS fim_depois
        FROM (
            -- Between two days on which it moves, the balance stays.
            SELECT x.*, coalesce(lead(x.data) OVER (PARTITION BY x.cod_produto ORDER BY x.data) - 1,
                v_fim) AS ate
            FROM _estoque_simular(p_mudancas, p_dias) AS x
        ) AS s
        GROUP BY s.aviso, s.cod_produto
    ) AS r
    LEFT JOIN estoque_tempo_real AS t ON t.cod_produto = ANY (ARRAY[r.cod_produto])
    ORDER BY r.aviso, r.cod_produto;
END
$body$;

REVOKE ALL ON FUNCTION _estoque_simulados(jsonb, integer) FROM PUBLIC;
COMMENT ON FUNCTION _estoque_simulados(jsonb, integer) IS
    'estoque_simular with its notices as rows; inner use.';

-- sql/11_consultas/_estoque_simular.sql
-- What the changes of a simulation do to each product, before and after, on the days of today to today +
-- p_dias on which its balance moves then or now. Besides a row without a product for each item whose
-- filter met no document: aviso is its number.
CREATE FUNCTION _estoque_simular(p_mudancas jsonb, p_dias integer, p_produto text DEFAULT NULL)
RETURNS TABLE (
    aviso integer, cod_produto text, data date, entrada_antes numeric, saida_antes numeric,
    saldo_antes numeric, entrada_depois numeric, saida_depois numeric, saldo_depois numeric
)
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
SET enable_nestloop = off
AS $body$
#variable_conflict use_column
DECLARE
    v_hoje date := estoque_hoje();
    v_fim date := v_hoje + p_dias;
    v_mudado record;
    v_diferenca _estoque_aberto[];
    v_produtos text[];
BEGIN
    SELECT * INTO v_mudado FROM _estoque_mudar(p_mudancas);
    RETURN QUERY SELECT a.n, NULL::text, NULL::date, NULL::numeric, NULL::numeric, NULL::numeric,
        NULL::numeric, NULL::numeric, NULL::numeric FROM unnest(v_mudado.avisos) AS a (n);

    -- What is as it was counts on neither side; what is gone counts against.
    v_diferenca := ARRAY(
        SELECT ROW(d.cod_produto, d.codigo, d.origem, d.id, d.numero, d.documento, d.lote,
            c.dia, d.entra, d.quantidade * x.sinal, false)::_estoque_aberto
        FROM (SELECT a AS d, -1 AS sinal FROM unnest(v_mudado.antes) AS a
              UNION ALL SELECT a, 1 FROM unnest(v_mudado.depois) AS a) AS x,
            LATERAL (SELECT (x.d).*) AS d,
            LATERAL (SELECT _estoque_dia_que_conta(d.data, d.entra, v_hoje) AS dia) AS c
        WHERE c.dia <= v_fim AND (p_produto IS NULL OR d.cod_produto = p_produto));
    v_produtos := CASE WHEN p_produto IS NOT NULL THEN ARRAY[p_produto] ELSE ARRAY(
        SELECT d.cod_produto FROM (
            SELECT x.cod_produto, sum(CASE WHEN x.entra THEN x.quantidade ELSE -x.quantidade END) AS liquido
            FROM unnest(v_diferenca) AS x GROUP BY x.cod_produto, x.data
        ) AS d
        WHERE d.liquido <> 0 GROUP BY d.cod_produto) END;

    RETURN QUERY
    WITH parcela AS (
        SELECT d.cod_produto, d.data, d.entrada, d.saida, d.saldo - lag(d.saldo, 1, 0::numeric)
            OVER (PARTITION BY d.cod_produto ORDER BY d.data) AS liquido,
            0::numeric AS mais_entrada, 0::numeric AS mais_saida
        FROM _estoque_dias(v_produtos, v_fim) AS d
        UNION ALL
        SELECT x.cod_produto, x.data, 0, 0, 0, CASE WHEN x.entra THEN x.quantidade ELSE 0 END,
            CASE WHEN x.entra THEN 0 ELSE x.quantidade END
        FROM unnest(v_diferenca) AS x
        WHERE x.cod_produto = ANY (v_produtos)
    ),
    dia AS (
        SELECT p.cod_produto, p.data, sum(p.entrada) AS entrada, sum(p.saida) AS saida,
            sum(p.liquido) AS liquido, sum(p.mais_entrada) AS mais_entrada, sum(p.mais_saida) AS mais_saida
        FROM parcela AS p
        GROUP BY p.cod_produto, p.data
    )
    SELECT NULL::integer, d.cod_produto, d.data, d.entrada, d.saida, sum(d.liquido) OVER ate_aqui,
        d.entrada + d.mais_entrada, d.saida + d.mais_saida,
        sum(d.liquido + d.mais_entrada - d.mais_saida) OVER ate_aqui
    FROM dia AS d
    WINDOW ate_aqui AS (PARTITION BY d.cod_produto ORDER BY d.data)
    ORDER BY d.cod_produto, d.data;
END
$body$;

REVOKE ALL ON FUNCTION _estoque_simular(jsonb, integer, text) FROM PUBLIC;
COMMENT ON FUNCTION _estoque_simular(jsonb, integer, text) IS
    'Balances before and after the changes of a simulation; inner use.';

-- sql/11_consultas/_estoque_tem_coluna.sql
-- Whether a table of the search_path has a column; false for a column that is NULL.
CREATE FUNCTION _estoque_tem_coluna(p_tabela text, p_coluna text) RETURNS boolean
LANGUAGE sql STABLE
RETURN EXISTS (
    SELECT FROM pg_attribute AS a
    WHERE a.attrelid = to_regclass(quote_ident(p_tabela)) AND a.attname = p_coluna AND NOT a.attisdropped);

GRANT EXECUTE ON FUNCTION _estoque_tem_coluna(text, text) TO PUBLIC;
COMMENT ON FUNCTION _estoque_tem_coluna(text, text) IS 'Whether a table has a column; inner use.';

-- sql/11_consultas/_estoque_tocados.sql
-- The products whose documents the changes of a simulation may meet: all of them, and more where a
-- filter says little. By code where codes are given; else by the columns that a filter names, in the
-- sources that have them; else by the days of the forecast, to which a move to a date (para) adds what
-- does not count yet: entries that are overdue, and what has no date.
-- Runs with the rights of its caller. Read through where no index serves a column.
CREATE FUNCTION _estoque_tocados(p_mudancas _estoque_mudanca[]) RETURNS text[]
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
SET plan_cache_mode = force_custom_plan
SET enable_seqscan = on
SET jit = off
AS $body$
DECLARE
    m _estoque_mudanca;
    f record;
    v_codigos text[] := ARRAY[]::text[];
    v_achados text[];
    v_para boolean := EXISTS (SELECT FROM unnest(p_mudancas) AS x WHERE x.para IS NOT NULL);
    v_condicoes text;
    v_numeros text;
BEGIN
    FOREACH m IN ARRAY p_mudancas LOOP
        IF m.acao = 'somar' OR m.produtos IS NOT NULL THEN
            v_codigos := v_codigos || m.produtos;
            CONTINUE;
        END IF;
        IF coalesce(m.ids, m.pedidos, m.lotes, m.linhas) IS NULL THEN
            SELECT array_agg(DISTINCT p.cod_produto) INTO v_achados
            FROM movimentacao_prevista AS p
            WHERE p.data_prevista >= coalesce(m.de, '-infinity')
                AND p.data_prevista <= coalesce(m.ate, 'infinity')
                AND (m.origem IS NULL OR CASE
                    WHEN (SELECT x.entra FROM _estoque_filtros_das_fontes() AS x WHERE x.tabela = m.origem)
                    THEN p.entrada_prevista ELSE p.saida_prevista END > 0);
            v_codigos := v_codigos || v_achados;
            CONTINUE WHEN NOT v_para;
        END IF;

        FOR f IN
            SELECT x.*, i.atttypid AS tipo_do_id
            FROM _estoque_filtros_das_fontes() AS x
            JOIN pg_attribute AS i ON i.attrelid = to_regclass(x.tabela) AND i.attname = 'id'
            WHERE (m.origem IS NULL OR x.tabela = m.origem)
                -- A column of the filter that the source has not, or the ERP's table lacks: no row has it.
                AND (m.pedidos IS NULL OR _estoque_tem_coluna(x.tabela, x.pedidos))
                AND (m.lotes IS NULL OR _estoque_tem_coluna(x.tabela, x.lotes))
                AND (m.linhas IS NULL OR _estoque_tem_coluna(x.tabela, x.linhas))
        LOOP
            -- Ids are compared as what they are, so that the table's own index serves.
            v_numeros := CASE WHEN f.tipo_do_id = ANY ('{smallint,integer,bigint}'::regtype[]) THEN
                'f.id = ANY (ARRAY(SELECT x::bigint FROM unnest($1) AS x WHERE x ~ ''^-?[0-9]{1,18}$''))'
                ELSE 'f.id::text = ANY ($1)' END;
            v_condicoes := concat_ws(' AND ',
                CASE WHEN m.ids IS NOT NULL THEN v_numeros END,
                CASE WHEN m.pedidos IS NOT NULL THEN format('f.%I::text = ANY ($2)', f.pedidos) END,
                CASE WHEN m.lotes IS NOT NULL THEN format('f.%I::text = ANY ($3)', f.lotes) END,
                CASE WHEN m.linhas IS NOT NULL THEN format('f.%I::text = ANY ($4)', f.linhas) END,
                CASE WHEN coalesce(m.ids, m.pedidos, m.lotes, m.linhas) IS NULL THEN
                    format(CASE WHEN f.entra THEN '(f.%1$I IS NULL OR f.%1$I < $5)'
                        ELSE 'f.%1$I IS NULL' END, f.data) END);
            EXECUTE format('SELECT array_agg(DISTINCT f.cod_produto::text) FROM %I AS f WHERE %s',
                f.tabela, v_condicoes)
            INTO v_achados USING m.ids, m.pedidos, m.lotes, m.linhas, estoque_hoje();
            v_codigos := v_codigos || v_achados;
        END LOOP;
    END LOOP;
    RETURN ARRAY(SELECT DISTINCT c.cod_produto FROM estoque_codigo_conhecido AS c
                 WHERE c.codigo = ANY (v_codigos));
END
$body$;

REVOKE ALL ON FUNCTION _estoque_tocados(_estoque_mudanca[]) FROM PUBLIC;
COMMENT ON FUNCTION _estoque_tocados(_estoque_mudanca[]) IS
    'The products whose documents a simulation may meet; inner use.';

-- sql/11_consultas/_estoque_tolerancias.sql
-- The shortage that is none for each product given: of its rule, chosen as in _estoque_regras, where that
-- says so, else of the row without a code. The rules of all others are not looked up.
CREATE FUNCTION _estoque_tolerancias(p_produtos text[])
RETURNS TABLE (cod_produto text, tolerancia numeric)
LANGUAGE plpgsql STABLE ROWS 1000
SET search_path FROM CURRENT
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off
SET enable_nestloop = on
AS $body$
#variable_conflict use_column
DECLARE
    v_geral numeric := coalesce(
        (SELECT r.tolerancia FROM estoque_regra AS r WHERE r.cod_produto IS NULL), 0);
BEGIN
    RETURN QUERY
    SELECT u.p, coalesce(r.tolerancia, v_geral)
    FROM unnest(p_produtos) AS u (p)
    LEFT JOIN (
        SELECT DISTINCT ON (k.cod_produto) k.cod_produto, e.tolerancia
        FROM estoque_codigo_conhecido AS k
        JOIN estoque_regra AS e ON e.cod_produto = k.codigo
        WHERE k.cod_produto = ANY (p_produtos)
        ORDER BY k.cod_produto, e.cod_produto <> k.cod_produto, e.cod_produto
    ) AS r ON r.cod_produto = u.p;
END
$body$;

GRANT EXECUTE ON FUNCTION _estoque_tolerancias(text[]) TO PUBLIC;
COMMENT ON FUNCTION _estoque_tolerancias(text[]) IS
    'Shortages of products up to which there is none; inner use.';

-- sql/11_consultas/estoque_abaixo_do_minimo.sql
-- The products that end some day of today to today + dias below their minimum by more than their
-- tolerance (estoque_regra): the first such day, the lowest end of day, what is lacking to the minimum
-- then, and by when to order: the lead time before the first day, NULL where there is none. By day, then
-- code. Of the products without a rule of their own, only those with an open document or a movement in
-- the last 12 months.
-- Reads the sources with its owner's rights: who may run it need not have any on them. Raises 22023 for
-- days that are negative or more than 3650.
CREATE FUNCTION estoque_abaixo_do_minimo(dias integer DEFAULT 28)
RETURNS TABLE (
    cod_produto text, nome_produto text, minimo numeric, primeiro_dia date, menor_saldo numeric,
    falta numeric, pedir_ate date
)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path FROM CURRENT
SET row_security = off
SET plan_cache_mode = force_custom_plan
SET enable_nestloop = off
SET jit = off
AS $body$
#variable_conflict use_column
DECLARE
    v_hoje date := estoque_hoje();
    v_fim date;
    v_ha_um_ano date := (v_hoje - interval '12 months')::date;
    g estoque_regra;
BEGIN
    PERFORM _estoque_exigir_dias(dias, 3650);
    v_fim := v_hoje + dias;
    -- Not joined: a loop, however short, is what is switched off here, and such a cost has plans compiled.
    SELECT r.* INTO g FROM estoque_regra AS r WHERE r.cod_produto IS NULL;

    RETURN QUERY
    WITH regra AS MATERIALIZED (SELECT r.* FROM _estoque_regras() AS r),
    -- Without any entry it could end no day lower than with all its exits.
    suspeito AS MATERIALIZED (
        SELECT t.cod_produto, t.nome_produto, r.cod_produto IS NOT NULL AS propria,
            coalesce(r.minimo, g.minimo, 0) AS minimo,
            coalesce(r.tolerancia, g.tolerancia, 0) AS tolerancia,
            CASE WHEN r.cod_produto IS NULL THEN g.prazo_reposicao ELSE r.prazo_reposicao END AS prazo
        FROM estoque_tempo_real AS t
        LEFT JOIN regra AS r ON r.cod_produto = t.cod_produto
        LEFT JOIN (
            SELECT m.cod_produto, sum(m.saida_prevista) AS saida
            FROM movimentacao_prevista AS m
            WHERE m.data_prevista <= v_fim
            GROUP BY m.cod_produto
        ) AS x ON x.cod_produto = t.cod_produto
        WHERE t.saldo_atual - coalesce(x.saida, 0)
            < coalesce(r.minimo, g.minimo, 0) - coalesce(r.tolerancia, g.tolerancia, 0)
    ),
    abaixo AS MATERIALIZED (
        SELECT s.cod_produto, s.nome_produto, s.propria, s.minimo, s.prazo,
            min(d.data) FILTER (WHERE d.saldo < s.minimo - s.tolerancia) AS primeiro,
            min(d.saldo) AS menor
        FROM suspeito AS s
        JOIN _estoque_dias(ARRAY(SELECT x.cod_produto FROM suspeito AS x), v_fim) AS d
            ON d.cod_produto = s.cod_produto
        GROUP BY s.cod_produto, s.nome_produto, s.propria, s.minimo, s.tolerancia, s.prazo
    )
    SELECT a.cod_produto, a.nome_produto, a.minimo, a.primeiro, a.menor, a.minimo - a.menor,
        a.primeiro - a.prazo
    FROM abaixo AS a
    WHERE a.primeiro IS NOT NULL
        AND (a.propria OR _estoque_em_uso(a.cod_produto, v_ha_um_ano))
    ORDER BY a.primeiro, a.cod_produto;
END
$body$;

REVOKE ALL ON FUNCTION estoque_abaixo_do_minimo(integer) FROM PUBLIC;
COMMENT ON FUNCTION estoque_abaixo_do_minimo(integer) IS
    'Products that fall below their minimum, and by when to order; 22023 for bad days.';

-- sql/11_consultas/estoque_buscar.sql
-- The products that have every word of a text in their name or in a code of their group, whatever the
-- accents and capitals; nothing in the text has a meaning of its own. First the product of which the
-- text is a code, then one of which it is so but for capitals, then those whose name or a code begins
-- with the text, then the rest; by code. Blank or NULL gives no rows.
-- The columns it compares (busca) hold what _estoque_simples makes of names and codes. It reads both
-- tables through; where there are indexes of pg_trgm on the columns, it goes by these. Raises 22023 for
-- a limit that is NULL or negative.
CREATE FUNCTION estoque_buscar(texto text, limite integer DEFAULT 50)
RETURNS TABLE (
    cod_produto text, nome_produto text, estoque_atual numeric(15,3),
    menor_estoque_d7 numeric(15,3), dia_ruptura date
)
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
SET plan_cache_mode = force_custom_plan
SET jit = off
AS $body$
#variable_conflict use_column
DECLARE
    v_texto text := btrim(regexp_replace(_estoque_simples(texto), '\s+', ' ', 'g'));
    v_padroes text[] := ARRAY(
        SELECT '%' || regexp_replace(x.palavra, '([\\%_])', '\\\1', 'g') || '%'
        FROM unnest(string_to_array(v_texto, ' ')) AS x (palavra)
        GROUP BY x.palavra ORDER BY length(x.palavra) DESC);
    v_produtos text[];
BEGIN
    IF limite IS NULL OR limite < 0 THEN
        PERFORM _estoque_acusar('22023', 'limite', 'limite must be zero or more, not %s',
            'Give the largest number of products to return.', coalesce(limite::text, 'NULL'));
    END IF;
    IF coalesce(v_texto, '') = '' THEN
        RETURN;
    END IF;

    SELECT array_agg(x.cod_produto ORDER BY x.ordem, x.cod_produto) INTO v_produtos
    FROM (
        WITH codigo AS MATERIALIZED (
            SELECT c.codigo, c.cod_produto, c.busca FROM estoque_codigo_conhecido AS c
            WHERE c.busca LIKE ANY (v_padroes)
        ),
        grupo AS (
            SELECT c.cod_produto, array_agg(p.padrao) AS padroes, min(CASE
                WHEN c.codigo IN (texto, btrim(texto)) THEN 0
                WHEN c.busca = v_texto THEN 1
                WHEN starts_with(c.busca, v_texto) THEN 2
                ELSE 3 END) AS ordem
            FROM codigo AS c
            JOIN unnest(v_padroes) AS p (padrao) ON c.busca LIKE p.padrao
            GROUP BY c.cod_produto
        ),
        achado AS (
            SELECT t.cod_produto, CASE WHEN starts_with(t.busca, v_texto) THEN 2 ELSE 3 END AS ordem
            FROM estoque_tempo_real AS t
            -- Each by itself, since an index serves LIKE but not LIKE ALL, and goes by all of them: the
            -- longest word may be one that every name has.
            WHERE t.busca LIKE v_padroes[1]
                AND (v_padroes[2] IS NULL OR t.busca LIKE v_padroes[2])
                AND (v_padroes[3] IS NULL OR t.busca LIKE ALL (v_padroes[3:]))
            UNION ALL
            SELECT g.cod_produto, g.ordem
            FROM grupo AS g
            JOIN estoque_tempo_real AS t ON t.cod_produto = g.cod_produto
            WHERE NOT EXISTS (
                SELECT FROM unnest(v_padroes) AS p (padrao)
                WHERE p.padrao <> ALL (g.padroes) AND (t.busca LIKE p.padrao) IS NOT TRUE)
        )
        SELECT a.cod_produto, min(a.ordem) AS ordem FROM achado AS a
        GROUP BY a.cod_produto ORDER BY 2, 1 LIMIT limite
    ) AS x;

    RETURN QUERY
    SELECT t.cod_produto, t.nome_produto, t.saldo_atual,
        CASE WHEN v.cod_produto IS NULL THEN t.menor_estoque_d7 ELSE v.menor_estoque_d7 END,
        CASE WHEN v.cod_produto IS NULL THEN t.dia_ruptura ELSE v.dia_ruptura END
    FROM estoque_tempo_real AS t
    LEFT JOIN _estoque_vencidos(v_produtos) AS v ON v.cod_produto = t.cod_produto
    WHERE t.cod_produto = ANY (v_produtos)
    ORDER BY array_position(v_produtos, t.cod_produto);
END
$body$;

GRANT EXECUTE ON FUNCTION estoque_buscar(text, integer) TO PUBLIC;
COMMENT ON FUNCTION estoque_buscar(text, integer) IS
    'Products with every word of a text in the name or in a code, the closest first; 22023 for a bad limit.';

-- sql/11_consultas/estoque_cobertura.sql
-- For how long the stock of each known code of a list lasts, by two measures: what left in the 30 days
-- before today (exits are active negative movements), and the open exits alone, as if nothing came in.
-- An infinite date never comes. Reads the movements with its owner's rights: who may run it need not
-- have any on them.
CREATE FUNCTION estoque_cobertura(codigos text[])
RETURNS TABLE (
    codigo_consultado text, cod_produto text, nome_produto text, estoque_atual numeric(15,3),
    saida_diaria numeric, dias_por_consumo numeric, dias_por_documentos integer
)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path FROM CURRENT
SET row_security = off
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off
SET jit = off
AS $body$
#variable_conflict use_column
DECLARE
    v_hoje date := estoque_hoje();
BEGIN
    RETURN QUERY
    SELECT x.codigo, p.cod_produto, p.nome_produto, p.saldo_atual, round(s.soma / 30, 3),
        round(greatest(p.saldo_atual, 0) * 30 / nullif(s.soma, 0), 1),
        CASE WHEN p.saldo_atual < 0 THEN 0 ELSE (
            SELECT min(a.dia) - v_hoje
            FROM (
                SELECT greatest(m.data_prevista, v_hoje) AS dia,
                    sum(m.saida_prevista) OVER (ORDER BY greatest(m.data_prevista, v_hoje)) AS saidas
                FROM movimentacao_prevista AS m
                -- A range of the key, never the days of all products: docs/decisoes/15.
                WHERE ROW(m.cod_produto, m.data_prevista) >= ROW(p.cod_produto, '-infinity'::date)
                    AND ROW(m.cod_produto, m.data_prevista) < ROW(p.cod_produto, 'infinity'::date)
            ) AS a
            WHERE a.saidas > p.saldo_atual) END
    FROM (SELECT DISTINCT unnest(codigos)) AS x (codigo)
    CROSS JOIN LATERAL (
        SELECT t.cod_produto, t.nome_produto, t.saldo_atual
        FROM estoque_codigo_conhecido AS c
        JOIN estoque_tempo_real AS t ON t.cod_produto = c.cod_produto
        WHERE c.codigo = x.codigo OFFSET 0
    ) AS p
    CROSS JOIN LATERAL (
        SELECT coalesce(-sum(f.quantidade), 0) AS soma
        FROM (
            SELECT c.codigo FROM estoque_codigo_conhecido AS c
            WHERE c.cod_produto = p.cod_produto OFFSET 0
        ) AS c
        CROSS JOIN LATERAL (
            SELECT _estoque_contribuicao_movimentacao(f.qtd_movimentacao::numeric, f.ativo) AS quantidade
            FROM movimentacao_estoque AS f
            WHERE ROW(f.cod_produto, f.data_movimentacao) >= ROW(c.codigo, v_hoje - 30)
                AND ROW(f.cod_produto, f.data_movimentacao) < ROW(c.codigo, v_hoje) OFFSET 0
        ) AS f
        WHERE f.quantidade < 0
    ) AS s
    ORDER BY x.codigo;
END
$body$;

REVOKE ALL ON FUNCTION estoque_cobertura(text[]) FROM PUBLIC;
COMMENT ON FUNCTION estoque_cobertura(text[]) IS
    'Days for which each known code of the list lasts, by what left lately and by the open exits.';

-- sql/11_consultas/estoque_disponibilidade.sql
-- The earliest day from which a quantity can be promised without making a later day short, up to the
-- horizon, and how much could be promised on that day. NULLs when no day does; no row for an
-- unknown code. Raises 22023 for a quantity that is not positive and for negative days.
CREATE OR REPLACE FUNCTION estoque_disponibilidade(codigo text, quantidade numeric, dias integer DEFAULT 28)
RETURNS TABLE (data_disponivel date, quantidade_disponivel numeric)
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
SET enable_seqscan = off
AS $body$
BEGIN
    PERFORM _estoque_exigir_dias(dias);
    IF quantidade IS NULL OR NOT (quantidade > 0 AND quantidade < 'Infinity') THEN
        PERFORM _estoque_acusar('22023', 'quantidade', 'quantidade must be a positive number, not %s',
            'Give the quantity to promise.', coalesce(quantidade::text, 'NULL'));
    END IF;

    -- The lowest balance from a day to the horizon never falls as the day advances, so the first
    -- day that suffices is the one with the lowest date among those that do.
    RETURN QUERY
    SELECT m.data, m.menor
    FROM (SELECT true) AS sempre
    LEFT JOIN LATERAL (
        SELECT p.data, min(p.saldo_final) OVER (ORDER BY p.dia DESC) AS menor
        FROM estoque_projecao(codigo, dias) AS p
        ORDER BY p.dia
    ) AS m ON m.menor >= quantidade
    WHERE EXISTS (SELECT FROM estoque_codigo_conhecido AS c
                  WHERE c.codigo = estoque_disponibilidade.codigo)
    ORDER BY m.data
    LIMIT 1;
END
$body$;

GRANT EXECUTE ON FUNCTION estoque_disponibilidade(text, numeric, integer) TO PUBLIC;
COMMENT ON FUNCTION estoque_disponibilidade(text, numeric, integer) IS
    'Earliest safe day for a quantity and how much can be promised on it; NULLs when there is none.';

-- sql/11_consultas/estoque_disponibilidade_double.sql
-- estoque_disponibilidade for a double precision, which PostgreSQL turns into a numeric only where it
-- is told to. The quantity is read to 15 significant digits, so that 0.1 is 0.1. Literals without a
-- type and integers come here too: of two types that would do, PostgreSQL prefers this one.
-- Raises as that one does.
CREATE FUNCTION estoque_disponibilidade(
    codigo text, quantidade double precision, dias integer DEFAULT 28
)
RETURNS TABLE (data_disponivel date, quantidade_disponivel numeric)
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $body$
BEGIN
    RETURN QUERY SELECT d.* FROM estoque_disponibilidade(codigo, quantidade::numeric, dias) AS d;
END
$body$;

GRANT EXECUTE ON FUNCTION estoque_disponibilidade(text, double precision, integer) TO PUBLIC;
COMMENT ON FUNCTION estoque_disponibilidade(text, double precision, integer) IS
    'Earliest safe day for a quantity and how much can be promised on it; NULLs when there is none.';

-- sql/11_consultas/estoque_documentos.sql
-- The open documents of a product, also those that do not count, with the reason (situacao):
--   conta, atrasada           it counts, on its day, or today for an exit that is overdue;
--   faturado                  its lot is invoiced;
--   sem quantidade, sem data  there is nothing to count, or no day;
--   entrada atrasada          an entry that is overdue;
--   alem do horizonte         its day is beyond those asked for.
-- Those that count come first, in the order in which the balance is run down (saldo): by day, entries
-- before exits, then by source and id; day by day they add up to estoque_projecao. Those that do not
-- count come last, none of them older than 30 days.
-- Reads the sources with its owner's rights: who may run it need not have any on them. No row for an
-- unknown code. Raises 22023 for days that are negative or more than 3650.
CREATE FUNCTION estoque_documentos(codigo text, dias integer DEFAULT 28)
RETURNS SETOF _estoque_documento
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path FROM CURRENT
SET row_security = off
SET enable_seqscan = off
AS $body$
DECLARE
    v_hoje date := estoque_hoje();
    v_produto text := estoque_codigo(codigo);
    v_fim date;
    v_saldo numeric;
BEGIN
    PERFORM _estoque_exigir_dias(dias, 3650);
    SELECT t.saldo_atual INTO v_saldo FROM estoque_tempo_real AS t WHERE t.cod_produto = v_produto;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    v_fim := v_hoje + dias;

    RETURN QUERY
    WITH julgado AS (
        SELECT a.*, CASE
            WHEN a.faturado THEN 'faturado'
            WHEN a.quantidade <= 0 THEN 'sem quantidade'
            WHEN a.data IS NULL THEN 'sem data'
            WHEN a.data > v_fim THEN 'alem do horizonte'
            WHEN a.data >= v_hoje THEN 'conta'
            WHEN a.entra THEN 'entrada atrasada'
            ELSE 'atrasada' END AS situacao
        FROM _estoque_abertos(ARRAY[v_produto]) AS a
    ),
    contado AS (
        SELECT j.*, j.situacao IN ('conta', 'atrasada') AS conta,
            CASE WHEN j.situacao IN ('conta', 'atrasada') THEN greatest(j.data, v_hoje) END AS dia
        FROM julgado AS j
        WHERE j.situacao IN ('conta', 'atrasada') OR j.data IS NULL OR j.data >= v_hoje - 30
    )
    SELECT c.dia, c.data, c.origem, c.id, c.documento, c.lote, c.codigo,
        CASE WHEN c.entra THEN c.quantidade ELSE 0 END,
        CASE WHEN c.entra THEN 0 ELSE c.quantidade END,
        CASE WHEN c.conta THEN v_saldo + sum(CASE WHEN c.entra THEN c.quantidade
            ELSE -c.quantidade END) FILTER (WHERE c.conta) OVER (
            ORDER BY c.conta DESC, c.dia, c.entra DESC, c.origem, c.numero, c.id
            ROWS UNBOUNDED PRECEDING) END,
        c.situacao
    FROM contado AS c
    ORDER BY c.conta DESC, c.dia, c.entra DESC, c.origem, c.numero, c.id;
END
$body$;

REVOKE ALL ON FUNCTION estoque_documentos(text, integer) FROM PUBLIC;
COMMENT ON FUNCTION estoque_documentos(text, integer) IS
    'Open documents of a product, with the day each counts on or why it does not; 22023 for bad days.';

-- sql/11_consultas/estoque_em_risco.sql
-- The products that end no day of today to today + dias below zero, but would if no entry came: the first
-- such day, the largest shortage there would be, and the first entry that is awaited. By day, then code.
-- Raises 22023 for days that are negative or more than 3650.
CREATE FUNCTION estoque_em_risco(dias integer DEFAULT 28)
RETURNS TABLE (
    cod_produto text, nome_produto text, estoque_atual numeric(15,3), dia_ruptura date, falta numeric,
    proxima_entrada date
)
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
SET plan_cache_mode = force_custom_plan
SET enable_nestloop = off
SET jit = off
AS $body$
#variable_conflict use_column
DECLARE
    v_fim date;
BEGIN
    PERFORM _estoque_exigir_dias(dias, 3650);
    v_fim := estoque_hoje() + dias;

    RETURN QUERY
    WITH suspeito AS MATERIALIZED (
        SELECT t.cod_produto, t.nome_produto, t.saldo_atual
        FROM estoque_tempo_real AS t
        JOIN (
            SELECT m.cod_produto, sum(m.saida_prevista) AS saida
            FROM movimentacao_prevista AS m
            WHERE m.data_prevista <= v_fim
            GROUP BY m.cod_produto
        ) AS x ON x.cod_produto = t.cod_produto
        WHERE t.saldo_atual < x.saida
    ),
    dia AS (
        SELECT s.cod_produto, s.nome_produto, s.saldo_atual, d.data, d.entrada, d.saldo,
            s.saldo_atual - sum(d.saida) OVER (PARTITION BY d.cod_produto ORDER BY d.data) AS sem_entradas
        FROM _estoque_dias(ARRAY(SELECT x.cod_produto FROM suspeito AS x), v_fim) AS d
        JOIN suspeito AS s ON s.cod_produto = d.cod_produto
    )
    SELECT d.cod_produto, d.nome_produto, d.saldo_atual,
        min(d.data) FILTER (WHERE d.sem_entradas < 0) AS ruptura, -min(d.sem_entradas),
        min(d.data) FILTER (WHERE d.entrada > 0)
    FROM dia AS d
    GROUP BY d.cod_produto, d.nome_produto, d.saldo_atual
    HAVING min(d.saldo) >= 0
    ORDER BY ruptura, d.cod_produto;
END
$body$;

GRANT EXECUTE ON FUNCTION estoque_em_risco(integer) TO PUBLIC;
COMMENT ON FUNCTION estoque_em_risco(integer) IS
    'Products that run out unless the planned entries come; 22023 for bad days.';

-- sql/11_consultas/estoque_explicar.sql
-- Why a product runs out, and what would help: one row for each interval of days of today to today + dias
-- that end below zero. fim is its last day, NULL where the last day asked for belongs to it; falta the
-- largest shortage, dia_da_falta the first day of it; then the exit that takes the balance below zero on
-- the first day (none where that day begins below zero), and the next entry that counts after that day,
-- beyond the horizon too.
-- remedios is a list of {acao, origem, id, documento, quantidade, de, para, mudancas, dia_ruptura_depois,
-- menor_depois}: each ends the interval alone, which is tried before it is told, and mudancas is what
-- estoque_simular takes. The least of each kind there is:
--   repor      falta, by the first day;
--   antecipar  the nearest entry that suffices, to the first day;
--   adiar      the smallest exit counting by the first day that suffices, to the day after the last.
-- Reads the sources with its owner's rights: who may run it need not have any on them. No row for an
-- unknown code or a product that does not run out. Raises 22023 for days that are negative or more than
-- 3650.
CREATE FUNCTION estoque_explicar(codigo text, dias integer DEFAULT 28)
RETURNS SETOF _estoque_explicacao
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path FROM CURRENT
SET row_security = off
AS $body$
DECLARE
    v_hoje date := estoque_hoje();
    v_produto text := estoque_codigo(codigo);
    v_fim date;
    v_agora numeric;
BEGIN
    PERFORM _estoque_exigir_dias(dias, 3650);
    v_fim := v_hoje + dias;
    SELECT t.saldo_atual INTO v_agora FROM estoque_tempo_real AS t WHERE t.cod_produto = v_produto;

    RETURN QUERY
    WITH dia AS MATERIALIZED (
        SELECT d.data, d.entrada, d.saida, d.saldo,
            lead(d.data) OVER (ORDER BY d.data) AS proximo,
            count(*) FILTER (WHERE d.saldo >= 0) OVER (ORDER BY d.data) AS trecho
        FROM _estoque_dias(ARRAY[v_produto], v_fim) AS d
    ),
    intervalo AS MATERIALIZED (
        SELECT min(d.data) AS inicio,
            -- It ends before the next day that moves the balance; none: it goes on beyond the horizon.
            CASE WHEN bool_and(d.proximo IS NOT NULL) THEN max(d.proximo) - 1 END AS fim,
            -min(d.saldo) AS falta
        FROM dia AS d
        WHERE d.saldo < 0
        GROUP BY d.trecho
    ),
    documento AS MATERIALIZED (
        SELECT a.origem, a.id, a.documento, a.entrada > 0 AS entra, a.entrada + a.saida AS quantidade,
            coalesce(a.dia, a.data_prevista) AS dia, a.saldo, a.ordinality AS ordem
        FROM estoque_documentos(v_produto, dias) WITH ORDINALITY AS a
        WHERE EXISTS (SELECT FROM intervalo)
            AND a.situacao IN ('conta', 'atrasada', 'alem do horizonte')
    ),
    remedio AS (
        SELECT i.inicio, i.fim, 1 AS ordem, 'repor' AS acao, NULL::text AS origem, NULL::text AS id,
            NULL::text AS documento, i.falta AS quantidade, NULL::date AS de, i.inicio AS para,
            i.inicio AS desde, NULL::date AS ate, jsonb_build_object('acao', 'somar', 'codigo',
                v_produto, 'data', i.inicio, 'entrada', trim_scale(i.falta)) AS mudanca
        FROM intervalo AS i
        UNION ALL
        SELECT i.inicio, i.fim, 2, 'antecipar', e.origem, e.id, e.documento, e.quantidade, e.dia,
            i.inicio, i.inicio, e.dia, jsonb_build_object('acao', 'adiar', 'para', i.inicio,
                'origem', e.origem, 'ids', jsonb_build_array(e.id))
        FROM intervalo AS i
        CROSS JOIN LATERAL (
            SELECT d.* FROM documento AS d
            WHERE d.entra AND d.dia > coalesce(i.fim, v_fim) AND d.quantidade >= i.falta
            ORDER BY d.dia, d.ordem
            LIMIT 1
        ) AS e
        UNION ALL
        SELECT i.inicio, i.fim, 3, 'adiar', s.origem, s.id, s.documento, s.quantidade, s.dia,
            i.fim + 1, s.dia, i.fim + 1, jsonb_build_object('acao', 'adiar', 'para', i.fim + 1,
                'origem', s.origem, 'ids', jsonb_build_array(s.id))
        FROM intervalo AS i
        CROSS JOIN LATERAL (
            SELECT d.* FROM documento AS d
            WHERE NOT d.entra AND d.dia <= i.inicio AND d.quantidade >= i.falta
            ORDER BY d.quantidade, d.dia DESC, d.ordem
            LIMIT 1
        ) AS s
        WHERE i.fim IS NOT NULL
    ),
    -- A remedy raises the balance by its quantity from the day (desde) to before the other (ate).
    tentado AS (
        SELECT r.inicio, r.ordem, r.acao, r.origem, r.id, r.documento, r.quantidade, r.de, r.para,
            r.mudanca, min(d.data) FILTER (WHERE x.saldo < 0) AS ruptura,
            least(min(x.saldo), v_agora) AS menor
        FROM remedio AS r
        CROSS JOIN dia AS d
        CROSS JOIN LATERAL (
            SELECT d.saldo + CASE WHEN d.data >= r.desde AND (r.ate IS NULL OR d.data < r.ate)
                THEN r.quantidade ELSE 0 END AS saldo
        ) AS x
        GROUP BY r.inicio, r.fim, r.ordem, r.acao, r.origem, r.id, r.documento, r.quantidade, r.de,
            r.para, r.mudanca
        HAVING bool_and(x.saldo >= 0 OR d.data < r.inicio OR d.data > coalesce(r.fim, v_fim))
    )
    SELECT i.inicio, i.fim, i.falta,
        (SELECT min(d.data) FROM dia AS d WHERE d.data >= i.inicio AND d.saldo = -i.falta),
        c.origem, c.id, c.documento, c.quantidade, e.dia, e.quantidade, e.documento,
        (SELECT coalesce(jsonb_agg(jsonb_build_object('acao', t.acao, 'origem', t.origem, 'id', t.id,
                'documento', t.documento, 'quantidade', trim_scale(t.quantidade), 'de', t.de,
                'para', t.para, 'mudancas', jsonb_build_array(t.mudanca),
                'dia_ruptura_depois', t.ruptura, 'menor_depois', trim_scale(t.menor))
                ORDER BY t.ordem), '[]')
         FROM tentado AS t WHERE t.inicio = i.inicio)
    FROM intervalo AS i
    JOIN dia AS d ON d.data = i.inicio
    LEFT JOIN documento AS c ON c.dia = i.inicio AND NOT c.entra AND c.saldo < 0
        AND c.saldo + c.quantidade >= 0 AND d.saldo - d.entrada + d.saida >= 0
    LEFT JOIN LATERAL (
        SELECT x.* FROM documento AS x
        WHERE x.entra AND x.dia > i.inicio
        ORDER BY x.dia, x.ordem
        LIMIT 1
    ) AS e ON true
    ORDER BY i.inicio;
END
$body$;

REVOKE ALL ON FUNCTION estoque_explicar(text, integer) FROM PUBLIC;
COMMENT ON FUNCTION estoque_explicar(text, integer) IS
    'Why a product runs out and what would end it, by intervals below zero; 22023 for bad days.';

-- sql/11_consultas/estoque_incoerencias.sql
-- What is right by the rules and wrong in the warehouse: documents that contradict each other, by kind
-- in the order of the list below, then by since when, then by product. How each is told stands in the
-- functions it asks. A document is {"origem": table, "id": text, "documento": what people call it}: the
-- order of a separation or pre-separation, the invoice of a movement, the invoice of an item of a shipment,
-- its order while it has none; null where there is nothing of the kind. Reads the sources with its owner's rights: who may run it need not have any on
-- them.
CREATE FUNCTION estoque_incoerencias() RETURNS SETOF _estoque_incoerencia
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path FROM CURRENT
SET row_security = off
AS $body$
BEGIN
    RETURN QUERY
    SELECT x.*
    FROM (
        SELECT * FROM _estoque_incoerencias_de_lotes()
        UNION ALL
        SELECT * FROM _estoque_incoerencias_de_abertos()
        UNION ALL
        SELECT * FROM _estoque_incoerencias_de_estornos()
        UNION ALL
        SELECT * FROM _estoque_incoerencias_de_codigos()
    ) AS x
    ORDER BY array_position(ARRAY['faturado sem movimento', 'movimento sem fatura',
        'pre-separacao repetida', 'lote faturado em parte', 'lote reutilizado', 'separacao repetida',
        'estorno repetido', 'demanda sem data', 'saida atrasada', 'codigos parecidos'], x.tipo),
        x.desde, x.cod_produto, x.documentos;
END
$body$;

REVOKE ALL ON FUNCTION estoque_incoerencias() FROM PUBLIC;
COMMENT ON FUNCTION estoque_incoerencias() IS
    'Documents that contradict each other: right by the rules, wrong in the warehouse.';

-- sql/11_consultas/estoque_projecao_simulada.sql
-- The balance of a product day by day, as it is and as it would be after mudancas (see estoque_simular),
-- dias + 1 rows from today on; none for an unknown code. Raises and notices as estoque_simular.
CREATE FUNCTION estoque_projecao_simulada(codigo text, mudancas jsonb, dias integer DEFAULT 28)
RETURNS TABLE (
    dia integer, data date, entrada_antes numeric, saida_antes numeric, saldo_antes numeric,
    entrada_depois numeric, saida_depois numeric, saldo_depois numeric
)
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $body$
BEGIN
    RETURN QUERY
    SELECT s.dia, s.data, s.entrada_antes, s.saida_antes, s.saldo_antes, s.entrada_depois,
        s.saida_depois, s.saldo_depois
    FROM _estoque_projecao_simulada(codigo, mudancas, dias) AS s
    WHERE CASE WHEN s.aviso IS NULL THEN true ELSE _estoque_avisar(s.aviso) END;
END
$body$;

REVOKE ALL ON FUNCTION estoque_projecao_simulada(text, jsonb, integer) FROM PUBLIC;
COMMENT ON FUNCTION estoque_projecao_simulada(text, jsonb, integer) IS
    'Balance of a product day by day, before and after changes of documents; 22023 for bad changes.';

-- sql/11_consultas/estoque_prometer.sql
-- A whole order: for each product of it, by canonical code in the order in which they are first asked
-- for, the quantity of all its lines (each rounded to 3 decimals), how much of it could be promised today
-- without making any day up to the horizon short, the first day from which all of it can, and how much
-- could on that day; data_conjunta, the same in every row, is the first day from which the whole order
-- can. NULLs where no day does. A code nothing knows has a row without a product, and then there is no
-- day for the whole.
-- No rows for lists that are both empty or NULL. Raises 22023 for a NULL code, a quantity that is not
-- above zero after rounding, lists of two lengths, bad days.
CREATE FUNCTION estoque_prometer(codigos text[], quantidades numeric[], dias integer DEFAULT 28)
RETURNS TABLE (
    cod_produto text, nome_produto text, quantidade numeric, maximo_hoje numeric,
    data_disponivel date, maximo_na_data numeric, data_conjunta date, codigos_pedidos text[]
)
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
SET enable_seqscan = off
AS $body$
#variable_conflict use_column
DECLARE
    v_hoje date := estoque_hoje();
    v_linha record;
BEGIN
    PERFORM _estoque_exigir_dias(dias, 3650);
    IF coalesce(cardinality(codigos), 0) <> coalesce(cardinality(quantidades), 0) THEN
        PERFORM _estoque_acusar('22023', 'quantidades', 'codigos has %s entries and quantidades has %s',
            'Give one quantity for each code.', coalesce(cardinality(codigos), 0)::text,
            coalesce(cardinality(quantidades), 0)::text);
    END IF;
    SELECT x.n, x.c, x.q INTO v_linha
    FROM ROWS FROM (unnest(codigos), unnest(quantidades)) WITH ORDINALITY AS x (c, q, n)
    WHERE x.c IS NULL OR x.q IS NULL OR NOT _estoque_cabe(x.q) OR round(x.q, 3) <= 0
    ORDER BY x.n LIMIT 1;
    IF FOUND AND v_linha.c IS NULL THEN
        PERFORM _estoque_acusar('22023', 'codigos', 'line %s of the order has no code',
            'Name the product of each line.', v_linha.n::text);
    ELSIF FOUND THEN
        PERFORM _estoque_acusar('22023', 'quantidades', 'line %s of the order, code %s: the quantity must'
            ' be a number above zero, not %s', 'Quantities are rounded to 3 decimals.', v_linha.n::text,
            quote_literal(v_linha.c), coalesce(v_linha.q::text, 'NULL'));
    END IF;

    RETURN QUERY
    WITH pedido AS MATERIALIZED (
        SELECT k.cod_produto AS produto, min(x.n) AS primeira, sum(round(x.q, 3)) AS quantidade,
            array_agg(DISTINCT x.c ORDER BY x.c) AS codigos
        FROM ROWS FROM (unnest(codigos), unnest(quantidades)) WITH ORDINALITY AS x (c, q, n)
        LEFT JOIN LATERAL (
            SELECT c.cod_produto FROM estoque_codigo_conhecido AS c WHERE c.codigo = x.c OFFSET 0
        ) AS k ON true
        GROUP BY k.cod_produto, CASE WHEN k.cod_produto IS NULL THEN x.c END
    ),
    -- The lowest balance from a day to the horizon: it never falls as the day advances.
    adiante AS (
        SELECT d.cod_produto AS produto, d.data,
            min(d.saldo) OVER (PARTITION BY d.cod_produto ORDER BY d.data DESC) AS menor
        FROM _estoque_dias(ARRAY(SELECT p.produto FROM pedido AS p WHERE p.produto IS NOT NULL),
            v_hoje + dias) AS d
    ),
    achado AS (
        SELECT p.*, CASE WHEN h.menor > 0 THEN h.menor WHEN h.menor <= 0 THEN 0 END AS maximo_hoje,
            a.data AS disponivel, a.menor AS na_data
        FROM pedido AS p
        LEFT JOIN adiante AS h ON h.produto = p.produto AND h.data = v_hoje
        LEFT JOIN (
            SELECT DISTINCT ON (x.produto) x.produto, x.data, x.menor
            FROM adiante AS x JOIN pedido AS q ON q.produto = x.produto AND x.menor >= q.quantidade
            ORDER BY x.produto, x.data
        ) AS a ON a.produto = p.produto
    )
    SELECT a.produto, t.nome_produto, a.quantidade, a.maximo_hoje, a.disponivel, a.na_data,
        CASE WHEN bool_and(a.disponivel IS NOT NULL) OVER () THEN max(a.disponivel) OVER () END,
        a.codigos
    FROM achado AS a
    LEFT JOIN LATERAL (
        SELECT e.nome_produto FROM estoque_tempo_real AS e WHERE e.cod_produto = a.produto OFFSET 0
    ) AS t ON true
    ORDER BY a.primeira;
END
$body$;

GRANT EXECUTE ON FUNCTION estoque_prometer(text[], numeric[], integer) TO PUBLIC;
COMMENT ON FUNCTION estoque_prometer(text[], numeric[], integer) IS
    'Since when a whole order can be promised, and how much of each product; 22023 for bad lines.';

-- sql/11_consultas/estoque_regra_vigente.sql
-- The rule that holds for a product, by any of its codes: its own, the canonical code's before that of an
-- alias, with what it leaves open from the row without a code; that row itself for NULL. cod_produto is
-- the canonical code. No row for an unknown code.
CREATE FUNCTION estoque_regra_vigente(codigo text)
RETURNS TABLE (
    cod_produto text, minimo numeric, prazo_reposicao integer, tolerancia numeric, responsavel text
)
LANGUAGE plpgsql STABLE ROWS 1
SET search_path FROM CURRENT
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off
AS $body$
#variable_conflict use_column
DECLARE
    v_produto text;
    g estoque_regra;
    r estoque_regra;
BEGIN
    SELECT k.cod_produto INTO v_produto
    FROM estoque_codigo_conhecido AS k
    WHERE k.codigo = estoque_regra_vigente.codigo;
    IF v_produto IS NULL AND estoque_regra_vigente.codigo IS NOT NULL THEN
        RETURN;
    END IF;
    SELECT x.* INTO g FROM estoque_regra AS x WHERE x.cod_produto IS NULL;
    SELECT x.* INTO r
    FROM estoque_regra AS x
    WHERE x.cod_produto = ANY (_estoque_membros(ARRAY[v_produto]))
    ORDER BY x.cod_produto <> v_produto, x.cod_produto
    LIMIT 1;
    RETURN QUERY SELECT v_produto, coalesce(r.minimo, g.minimo, 0),
        coalesce(r.prazo_reposicao, g.prazo_reposicao), coalesce(r.tolerancia, g.tolerancia, 0),
        coalesce(r.responsavel, g.responsavel);
END
$body$;

GRANT EXECUTE ON FUNCTION estoque_regra_vigente(text) TO PUBLIC;
COMMENT ON FUNCTION estoque_regra_vigente(text) IS
    'The rule that holds for a product: minimum, lead time, tolerance, person; NULL: for all others.';

-- sql/11_consultas/estoque_rupturas.sql
-- The products that end some day of today to today + dias below zero by more than their tolerance
-- (estoque_regra), soonest first. With the largest shortage on any of these days (falta) and the last day
-- below zero (fim_ruptura), NULL where that is today + dias. dia_ruptura is the first such day;
-- menor_estoque_d7 knows no tolerance.
-- Up to 7 days the maintained fields answer, the end of each day among them. Beyond, a product without a
-- rupture so far is projected where the exits of the days beyond come to more than its lowest balance: no
-- other can run out. Most are seen not to by the largest of these sums alone.
-- Planned for the day at hand: what a plan for any day takes for many is a handful.
CREATE FUNCTION estoque_rupturas(dias integer DEFAULT 7)
RETURNS TABLE (
    cod_produto text, nome_produto text, estoque_atual numeric(15,3),
    menor_estoque_d7 numeric(15,3), dia_ruptura date, dias_ate_ruptura integer, falta numeric,
    fim_ruptura date
)
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
SET plan_cache_mode = force_custom_plan
SET enable_nestloop = off
SET enable_mergejoin = off
AS $body$
#variable_conflict use_column
DECLARE
    v_hoje date := estoque_hoje();
    v_dias integer := dias;
    v_fim date;
    v_produtos text[];
    v_nomes text[];
    v_saldos numeric[];
    v_menores numeric[];
BEGIN
    PERFORM _estoque_exigir_dias(v_dias);
    v_fim := v_hoje + least(v_dias, '9999-12-31'::date - v_hoje);

    IF v_dias <= 7 THEN
        RETURN QUERY
        WITH a AS MATERIALIZED (
            SELECT t.* FROM _estoque_atual(v_hoje) AS t WHERE t.dia_ruptura <= v_fim
        ),
        dia AS (
            SELECT a.*, generate_series(0, v_fim - v_hoje) AS daqui FROM a
        )
        SELECT d.cod_produto, d.nome_produto, d.saldo_atual, d.menor_estoque_d7,
            v_hoje + min(d.daqui), min(d.daqui), -min(d.saldo_atual + d.liquidos[d.daqui + 1]),
            nullif(v_hoje + max(d.daqui), v_fim)
        FROM dia AS d
        JOIN _estoque_tolerancias(ARRAY(SELECT a.cod_produto FROM a)) AS r
            ON r.cod_produto = d.cod_produto
        WHERE d.saldo_atual + d.liquidos[d.daqui + 1] < -r.tolerancia
        GROUP BY d.cod_produto, d.nome_produto, d.saldo_atual, d.menor_estoque_d7
        ORDER BY min(d.daqui), d.cod_produto;
        RETURN;
    END IF;

    WITH adiante AS (
        SELECT m.cod_produto, sum(m.saida_prevista) AS saida
        FROM movimentacao_prevista AS m
        WHERE m.data_prevista > v_hoje + 7 AND m.data_prevista <= v_fim
        GROUP BY m.cod_produto
    )
    SELECT array_agg(a.cod_produto), array_agg(a.nome_produto), array_agg(a.saldo_atual),
        array_agg(a.menor_estoque_d7)
    INTO v_produtos, v_nomes, v_saldos, v_menores
    FROM _estoque_atual(v_hoje) AS a
    LEFT JOIN adiante AS x ON x.cod_produto = a.cod_produto
    WHERE a.menor_estoque_d7 < (SELECT greatest(max(m.saida), 0) FROM adiante AS m)
        AND (a.dia_ruptura IS NOT NULL OR a.menor_estoque_d7 < x.saida);

    RETURN QUERY
    SELECT x.produto, x.nome, x.saldo, x.menor, f.ruptura, f.ruptura - v_hoje, f.falta, f.fim
    FROM unnest(v_produtos, v_nomes, v_saldos, v_menores) AS x (produto, nome, saldo, menor)
    JOIN _estoque_faltas(v_produtos, v_fim) AS f ON f.cod_produto = x.produto
    ORDER BY f.ruptura, x.produto;
END
$body$;

GRANT EXECUTE ON FUNCTION estoque_rupturas(integer) TO PUBLIC;
COMMENT ON FUNCTION estoque_rupturas(integer) IS
    'Products that run out within the days given, by date and code; 22023 for negative days.';

-- sql/11_consultas/estoque_simular.sql
-- What if: the products whose balance at the end of some day of today to today + dias would be another if
-- documents were added, left out, moved or scaled as mudancas say, with the first day below zero and the
-- lowest balance (of the one now and those ends of day), before and after, by code. Nothing is written.
-- How mudancas are written: _estoque_mudancas. They act in their order, each on what the earlier ones
-- left. A filter that meets no open document is told in a notice.
-- Raises 22023 for bad days, and for a bad item, which it names by its number and key.
CREATE FUNCTION estoque_simular(mudancas jsonb, dias integer DEFAULT 28)
RETURNS TABLE (
    cod_produto text, nome_produto text, dia_ruptura_antes date, dia_ruptura_depois date,
    menor_antes numeric, menor_depois numeric
)
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $body$
BEGIN
    RETURN QUERY
    SELECT s.cod_produto, s.nome_produto, s.dia_ruptura_antes, s.dia_ruptura_depois, s.menor_antes,
        s.menor_depois
    FROM _estoque_simulados(mudancas, dias) AS s
    WHERE CASE WHEN s.aviso IS NULL THEN true ELSE _estoque_avisar(s.aviso) END;
END
$body$;

REVOKE ALL ON FUNCTION estoque_simular(jsonb, integer) FROM PUBLIC;
COMMENT ON FUNCTION estoque_simular(jsonb, integer) IS
    'Products that changes of documents would touch, before and after; 22023 for bad changes.';

-- sql/12_auditoria/_estoque_linhas_recusadas.sql
-- Rows of the sources that cannot be counted: quantities that are NaN, infinite or out of range, and
-- unifications that contradict each other. The triggers refuse such rows; an installation finds those
-- that were there before. consulta is a query that lists them, good where nothing is installed. motivos
-- is motivo as a model of format() and its values, which are such arrays themselves.
CREATE FUNCTION _estoque_linhas_recusadas()
RETURNS TABLE (tabela text, linhas bigint, motivo text, motivos jsonb, consulta text)
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $body$
DECLARE
    v_fonte record;
    v_modelo CONSTANT text := '%s is NaN, infinite or out of range';
BEGIN
    FOR v_fonte IN
        SELECT f.tabela, f.quantidade FROM _estoque_fontes() AS f
        WHERE f.quantidade IS NOT NULL ORDER BY f.ordem
    LOOP
        tabela := v_fonte.tabela;
        EXECUTE format('SELECT count(*) FROM %I AS f WHERE NOT _estoque_cabe(f.%I::numeric)',
            tabela, v_fonte.quantidade)
        INTO linhas;
        motivo := format(v_modelo, v_fonte.quantidade);
        motivos := jsonb_build_array(v_modelo, v_fonte.quantidade);
        consulta := format(
            'SELECT * FROM %I.%I WHERE NOT %I BETWEEN -999999999999.999 AND 999999999999.999',
            current_schema(), tabela, v_fonte.quantidade);
        IF linhas > 0 THEN
            RETURN NEXT;
        END IF;
    END LOOP;

    RETURN QUERY
    SELECT 'unificacao_codigos', c.linhas, c.motivo, c.motivos,
        format('WITH RECURSIVE u AS (SELECT codigo_origem AS o, codigo_destino AS d'
            ' FROM %1$I.unificacao_codigos WHERE ativo),'
            ' c AS (SELECT o, d FROM u UNION SELECT c.o, u.d FROM c JOIN u ON u.o = c.d)'
            ' SELECT * FROM %1$I.unificacao_codigos WHERE ativo AND (codigo_origem IN'
            ' (SELECT o FROM u GROUP BY o HAVING count(DISTINCT d) > 1)'
            ' OR codigo_destino IN (SELECT o FROM c WHERE o = d))', current_schema())
    FROM (
        SELECT sum(x.linhas)::bigint AS linhas,
            string_agg(format(x.motivo[1], VARIADIC x.motivo[2:]), '; ' ORDER BY x.motivo) AS motivo,
            jsonb_build_array(rtrim(repeat('%s; ', count(*)::integer), '; '))
                || jsonb_agg(x.motivo ORDER BY x.motivo) AS motivos
        FROM (
            SELECT k.motivo, count(*) AS linhas
            FROM (SELECT n.motivo FROM _estoque_contradicoes(NULL) AS n LIMIT 20) AS k
            GROUP BY k.motivo
        ) AS x
    ) AS c
    WHERE c.linhas > 0;
END
$body$;

GRANT EXECUTE ON FUNCTION _estoque_linhas_recusadas() TO PUBLIC;
COMMENT ON FUNCTION _estoque_linhas_recusadas() IS
    'Source rows that are left out, with the reasons in parts; inner use.';

-- sql/12_auditoria/estoque_linhas_recusadas.sql
-- Rows of the sources that cannot be counted: quantities that are NaN, infinite or out of range, and
-- unifications that contradict each other. The triggers refuse such rows; an installation finds those
-- that were there before. consulta is a query that lists them, good where nothing is installed.
CREATE OR REPLACE FUNCTION estoque_linhas_recusadas()
RETURNS TABLE (tabela text, linhas bigint, motivo text, consulta text)
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $body$
BEGIN
    RETURN QUERY
    SELECT r.tabela, r.linhas, r.motivo, r.consulta FROM _estoque_linhas_recusadas() AS r;
END
$body$;

GRANT EXECUTE ON FUNCTION estoque_linhas_recusadas() TO PUBLIC;
COMMENT ON FUNCTION estoque_linhas_recusadas() IS
    'Source rows that are left out because they cannot be counted, with a query that lists them.';

-- sql/12_auditoria/estoque_verificar.sql
-- The audit: recomputes from the sources, in one snapshot, and returns every difference of the
-- result tables and of the tables behind them; empty means exact. NULL asks for everything.
-- D7 fields that have merely expired with the day are no difference.
CREATE OR REPLACE FUNCTION estoque_verificar(codigos text[] DEFAULT NULL)
RETURNS TABLE (
    cod_produto text, campo text, data_prevista date, valor_armazenado text, valor_esperado text
)
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
SET row_security = off
SET plan_cache_mode = force_custom_plan
SET enable_seqscan = off
SET jit = off
AS $body$
#variable_conflict use_column
DECLARE
    v_hoje date := estoque_hoje();
    v_produtos text[];
    v_codigos text[];
    v_mencionados text[];
    v_somas numeric[];
    v_previsto_difere boolean;
    v_alvos text[];
    v_saldos numeric[];
    v_lotes text[];
BEGIN
    -- As in _estoque_saldo_recalculado.
    IF codigos IS NULL OR cardinality(codigos) > 1000 THEN
        PERFORM set_config('enable_seqscan', 'on', true);
    END IF;
    IF codigos IS NOT NULL THEN
        v_produtos := ARRAY(
            SELECT c.cod_produto FROM estoque_codigo_conhecido AS c WHERE c.codigo = ANY (codigos)
            UNION
            SELECT k.cod_produto FROM _estoque_canonicos(codigos) AS k);
        v_codigos := _estoque_membros(v_produtos || codigos);
    END IF;

    -- Rows that are there twice, where a key was lost.
    IF EXISTS (
        SELECT FROM unnest(ARRAY['estoque_tempo_real', 'movimentacao_prevista',
            'estoque_codigo_conhecido', 'estoque_lote']) AS t (nome)
        WHERE NOT EXISTS (SELECT FROM pg_index AS x WHERE x.indrelid = to_regclass(t.nome)
                          AND x.indisprimary AND x.indisvalid))
    THEN
        RETURN QUERY
        SELECT r.codigo, 'linhas de ' || r.tabela, r.data, count(*)::text, '1'
        FROM (
            SELECT 'estoque_tempo_real' AS tabela, t.cod_produto AS codigo, NULL::date AS data
            FROM estoque_tempo_real AS t
            UNION ALL
            SELECT 'movimentacao_prevista', m.cod_produto, m.data_prevista
            FROM movimentacao_prevista AS m
            UNION ALL
            SELECT 'estoque_codigo_conhecido', c.codigo, NULL FROM estoque_codigo_conhecido AS c
        ) AS r
        WHERE v_codigos IS NULL OR r.codigo = ANY (v_codigos)
        GROUP BY r.tabela, r.codigo, r.data
        HAVING count(*) > 1
        UNION ALL
        SELECT NULL, 'linhas do lote ' || l.separacao_lote_id, NULL, count(*)::text, '1'
        FROM estoque_lote AS l
        GROUP BY l.separacao_lote_id
        HAVING count(*) > 1;
    END IF;

    -- The movements are read once: for the codes that are mentioned, and for the balances.
    SELECT array_agg(s.codigo), array_agg(s.saldo) INTO v_mencionados, v_somas
    FROM _estoque_saldos_por_codigo(v_codigos) AS s;

    -- Codes: known, and in the right group.
    RETURN QUERY
    SELECT coalesce(m.codigo, c.codigo), 'codigo canonico', NULL::date, c.cod_produto, m.cod_produto
    FROM (
        SELECT coalesce(x.codigo, k.codigo) AS codigo,
            coalesce(k.cod_produto, x.codigo) AS cod_produto
        FROM unnest(v_mencionados) AS x (codigo)
        FULL JOIN (
            SELECT k.codigo, k.cod_produto FROM _estoque_canonicos() AS k
            WHERE v_codigos IS NULL OR k.codigo = ANY (v_codigos)
        ) AS k ON k.codigo = x.codigo
    ) AS m
    FULL JOIN (
        SELECT c.codigo, c.cod_produto FROM estoque_codigo_conhecido AS c
        WHERE v_codigos IS NULL OR c.codigo = ANY (v_codigos)
    ) AS c ON c.codigo = m.codigo
    WHERE m.cod_produto IS DISTINCT FROM c.cod_produto;

    -- Forecasts. Where none differs, projecting what is stored is projecting what the sources say.
    RETURN QUERY
    SELECT coalesce(r.cod_produto, m.cod_produto), x.campo,
        coalesce(r.data_prevista, m.data_prevista), x.armazenado, x.esperado
    FROM _estoque_previsao_recalculada(v_produtos) AS r
    FULL JOIN (
        SELECT p.* FROM movimentacao_prevista AS p
        WHERE v_codigos IS NULL OR p.cod_produto = ANY (v_codigos)
    ) AS m ON m.cod_produto = r.cod_produto AND m.data_prevista = r.data_prevista
    CROSS JOIN LATERAL (
        VALUES
            ('entrada_prevista', m.entrada_prevista::text,
                r.entrada_prevista::numeric(15,3)::text),
            ('saida_prevista', m.saida_prevista::text, r.saida_prevista::numeric(15,3)::text)
    ) AS x (campo, armazenado, esperado)
    WHERE (m.entrada_prevista, m.saida_prevista)
            IS DISTINCT FROM (r.entrada_prevista, r.saida_prevista)
        AND x.armazenado IS DISTINCT FROM x.esperado;
    v_previsto_difere := FOUND;

    -- Products: there, and no others; what the sources say of them.
    SELECT coalesce(array_agg(p.produto), '{}'), array_agg(p.saldo) INTO v_alvos, v_saldos
    FROM (
        SELECT coalesce(c.cod_produto, m.codigo) AS produto, coalesce(sum(m.saldo), 0) AS saldo
        FROM unnest(v_mencionados, v_somas) AS m (codigo, saldo)
        FULL JOIN (
            SELECT c.codigo, c.cod_produto FROM estoque_codigo_conhecido AS c
            WHERE v_codigos IS NULL OR c.codigo = ANY (v_codigos)
        ) AS c ON c.codigo = m.codigo
        GROUP BY 1
        HAVING bool_or(c.codigo IS NOT NULL)
    ) AS p
    WHERE v_produtos IS NULL OR p.produto = ANY (v_produtos);

    RETURN QUERY
    WITH certo AS (
        SELECT d.cod_produto AS produto, d.saldo::numeric(15,3), d.menor::numeric(15,3),
            d.dia_ruptura AS ruptura, d.valido_ate AS ate, d.liquidos,
            coalesce(n.nome, _estoque_nome(d.cod_produto)) AS nome
        FROM _estoque_d7(v_alvos, v_saldos, 7, v_previsto_difere) AS d
        JOIN _estoque_nomes_proprios(v_alvos) AS n ON n.codigo = d.cod_produto
    ),
    atual AS (
        SELECT t.*, v_hoje BETWEEN t.valido_desde AND t.valido_ate AS vale,
            _estoque_liquidos_em(t.liquidos, v_hoje - t.valido_desde) AS somas
        FROM estoque_tempo_real AS t
        WHERE v_codigos IS NULL OR t.cod_produto = ANY (v_codigos)
    )
    SELECT coalesce(c.produto, t.cod_produto), x.campo, NULL::date, x.armazenado, x.esperado
    FROM certo AS c
    FULL JOIN atual AS t ON t.cod_produto = c.produto
    CROSS JOIN LATERAL (
        VALUES
            ('cod_produto', t.cod_produto, c.produto, true),
            ('saldo_atual', t.saldo_atual::text, c.saldo::text, true),
            ('nome_produto', t.nome_produto, c.nome, true),
            ('menor_estoque_d7', t.menor_estoque_d7::text, c.menor::text, t.vale),
            ('dia_ruptura', t.dia_ruptura::text, c.ruptura::text, t.vale),
            ('valido_ate', t.valido_ate::text, c.ate::text, t.vale AND t.valido_ate > c.ate),
            ('liquidos', t.somas::text, c.liquidos::text, t.vale AND t.somas <> c.liquidos)
    ) AS x (campo, armazenado, esperado, conta)
    -- A row that is right in all is not taken apart into texts.
    WHERE (t.cod_produto, t.saldo_atual, t.nome_produto, t.menor_estoque_d7, t.dia_ruptura,
            t.valido_ate > c.ate, t.somas)
            IS DISTINCT FROM
            (c.produto, c.saldo, c.nome, c.menor, c.ruptura, false, c.liquidos)
        AND x.conta AND x.armazenado IS DISTINCT FROM x.esperado
        AND (x.campo = 'cod_produto' OR (t.cod_produto IS NOT NULL AND c.produto IS NOT NULL));

    -- Gates: those of all lots, or of the lots of these products.
    IF v_produtos IS NOT NULL THEN
        v_lotes := ARRAY(
            SELECT DISTINCT s.separacao_lote_id::text FROM separacao AS s
            WHERE s.cod_produto = ANY (v_codigos) AND s.separacao_lote_id IS NOT NULL);
    END IF;
    RETURN QUERY
    SELECT NULL::text, 'faturado do lote ' || coalesce(l.lote, g.separacao_lote_id), NULL::date,
        coalesce(g.faturado, false)::text, (l.lote IS NOT NULL)::text
    FROM (
        SELECT DISTINCT e.separacao_lote_id::text AS lote FROM embarque_itens AS e
        WHERE e.separacao_lote_id IS NOT NULL
            AND (v_lotes IS NULL OR e.separacao_lote_id = ANY (v_lotes))
            AND _estoque_fatura(e.status, e.nota_fiscal, e.erro_validacao)
    ) AS l
    FULL JOIN (
        SELECT p.separacao_lote_id, p.faturado FROM estoque_lote AS p
        WHERE v_lotes IS NULL OR p.separacao_lote_id = ANY (v_lotes)
    ) AS g ON g.separacao_lote_id = l.lote
    WHERE coalesce(g.faturado, false) <> (l.lote IS NOT NULL);
END
$body$;

GRANT EXECUTE ON FUNCTION estoque_verificar(text[]) TO PUBLIC;
COMMENT ON FUNCTION estoque_verificar(text[]) IS
    'Every difference between what is stored and what the sources say; empty means exact.';

-- sql/13_minuto/_estoque_corrigir.sql
-- The second and third pass of the fallback: rebuilds the codes found wrong, notes what was wrong and
-- what fails, and marks everything looked at. Waits for a row no longer than a writer of it would
-- notice; a product that stays locked is left unmarked, and so comes first the next time.
-- Likewise p_tempo (NULL: no end) after the first: what is mended stays locked until the commit.
CREATE OR REPLACE FUNCTION _estoque_corrigir(
    p_comparados _estoque_comparacao[], p_tempo interval,
    OUT processados bigint, OUT corrigidos bigint, OUT falhas bigint
)
LANGUAGE plpgsql VOLATILE
SET lock_timeout = '100ms'
AS $body$
DECLARE
    v_prazo timestamptz := clock_timestamp() + p_tempo;
    v_um _estoque_comparacao;
    v_codigo text;
    v_ocupado boolean;
    v_vistos text[] := ARRAY[]::text[];
    v_falhos text[] := ARRAY[]::text[];
    v_agora timestamptz;
BEGIN
    corrigidos := 0;
    -- In the order of the codes, as everybody locks.
    FOR v_um IN SELECT c.* FROM unnest(p_comparados) AS c ORDER BY c.cod_produto LOOP
        v_ocupado := false;
        CONTINUE WHEN v_um.diferencas IS NOT NULL AND corrigidos > 0
            AND clock_timestamp() > v_prazo;
        IF v_um.diferencas IS NOT NULL THEN
            FOR v_tentativa IN 1..4 LOOP
                -- The one handler per product: what fails is noted and does not stop the others.
                BEGIN
                    -- With it the codes that do not belong where they are.
                    FOR v_codigo IN
                        SELECT v_um.cod_produto
                        UNION
                        SELECT d ->> 'cod_produto' FROM jsonb_array_elements(v_um.diferencas) AS d
                        WHERE d ->> 'cod_produto' IS NOT NULL
                        ORDER BY 1
                    LOOP
                        PERFORM estoque_recalcular(v_codigo);
                    END LOOP;
                    INSERT INTO estoque_correcao
                        (cod_produto, campo, data_prevista, valor_antes, valor_depois)
                    SELECT coalesce(d.cod_produto, v_um.cod_produto), d.campo, d.data_prevista,
                        d.valor_armazenado, d.valor_esperado
                    FROM jsonb_to_recordset(v_um.diferencas) AS d (
                        cod_produto text, campo text, data_prevista date, valor_armazenado text,
                        valor_esperado text);
                    corrigidos := corrigidos + 1;
                    v_um.estado := NULL;
                    EXIT;
                EXCEPTION
                    WHEN lock_not_available THEN
                        v_ocupado := true;
                        EXIT;
                    WHEN serialization_failure OR deadlock_detected THEN
                        v_um.estado := SQLSTATE;
                        v_um.mensagem := SQLERRM;
                        PERFORM pg_sleep(0.01 * 2 ^ v_tentativa * random());
                    WHEN OTHERS THEN
                        v_um.estado := SQLSTATE;
                        v_um.mensagem := SQLERRM;
                        EXIT;
                END;
            END LOOP;
        END IF;
        CONTINUE WHEN v_ocupado;
        v_vistos := v_vistos || v_um.cod_produto;
        IF v_um.estado IS NOT NULL THEN
            v_falhos := v_falhos || v_um.cod_produto;
            PERFORM _estoque_anotar_falha(v_um.cod_produto, v_um.estado, v_um.mensagem);
        END IF;
    END LOOP;
    processados := cardinality(v_vistos)::bigint;
    falhas := cardinality(v_falhos)::bigint;

    -- Gone from the list: what passes now, and codes that nothing mentions any more.
    DELETE FROM estoque_falha AS f
    WHERE f.cod_produto <> ALL (v_falhos) AND (
        f.cod_produto = ANY (v_vistos)
        OR NOT EXISTS (SELECT FROM estoque_tempo_real AS t WHERE t.cod_produto = f.cod_produto)
            AND NOT EXISTS (SELECT FROM _estoque_mencionados(ARRAY[f.cod_produto])));

    DELETE FROM estoque_recontagem AS r WHERE r.codigo = ANY (v_vistos);

    -- As in _estoque_comparar, this may wait; what is not marked comes first the next time.
    v_agora := clock_timestamp();
    BEGIN
        UPDATE estoque_tempo_real AS t
        SET comparado_em = v_agora
        FROM (SELECT l.cod_produto FROM estoque_tempo_real AS l
              WHERE l.cod_produto = ANY (v_vistos)
              ORDER BY l.cod_produto
              FOR NO KEY UPDATE SKIP LOCKED) AS x
        WHERE t.cod_produto = x.cod_produto;
    EXCEPTION WHEN lock_not_available THEN
        NULL;
    END;
END
$body$;

REVOKE ALL ON FUNCTION _estoque_corrigir(_estoque_comparacao[], interval) FROM PUBLIC;
COMMENT ON FUNCTION _estoque_corrigir(_estoque_comparacao[], interval) IS
    'Rebuilds the compared codes that were wrong and marks all of them; inner use.';

-- sql/13_minuto/_estoque_desconfiar.sql
-- Has everything compared by the next runs where there is reason to doubt all of it: in a restored
-- copy, whose writer may have been counted twice or not at all, and where five products, half of a
-- run or more, were wrong. Not where some were to be compared for such a reason already (p_havia).
-- Codes that are not known are found by _estoque_estranhos.
-- Waits for no change of unifications; the next run looks again.
CREATE FUNCTION _estoque_desconfiar(
    p_processados bigint, p_corrigidos bigint, p_havia boolean
) RETURNS void
LANGUAGE plpgsql VOLATILE
SET lock_timeout = '100ms'
AS $body$
DECLARE
    v_copia boolean := NOT EXISTS (
        SELECT FROM estoque_controle AS c WHERE c.lugar = _estoque_lugar());
BEGIN
    IF NOT v_copia AND (p_havia OR p_corrigidos < 5 OR p_corrigidos * 2 < p_processados) THEN
        RETURN;
    END IF;
    INSERT INTO estoque_recontagem (codigo)
    SELECT c.codigo FROM estoque_codigo_conhecido AS c
    ON CONFLICT (codigo) DO NOTHING;
    INSERT INTO estoque_controle AS c (unico, lugar) VALUES (true, _estoque_lugar())
    ON CONFLICT (unico) DO UPDATE SET lugar = EXCLUDED.lugar
    WHERE c.lugar IS DISTINCT FROM EXCLUDED.lugar;
EXCEPTION WHEN lock_not_available THEN
    RETURN;
END
$body$;

REVOKE ALL ON FUNCTION _estoque_desconfiar(bigint, bigint, boolean) FROM PUBLIC;
COMMENT ON FUNCTION _estoque_desconfiar(bigint, bigint, boolean) IS
    'Has everything compared where there is reason to doubt it; inner use.';

-- sql/13_minuto/_estoque_estranhos.sql
-- Codes that a bypass of the triggers left without a product: mentioned by a source, or left over in
-- a table of ours. At most p_quantos of them. Walks the distinct codes of the tables by their indexes,
-- 1,000 a run, from where the last run stopped; the unifications, which are few, are read through.
-- A table that has lost its index is passed over: each step would read all of it.
CREATE OR REPLACE FUNCTION _estoque_estranhos(p_quantos integer) RETURNS text[]
LANGUAGE plpgsql VOLATILE
SET enable_seqscan = off
SET enable_bitmapscan = off
SET jit = off
AS $body$
DECLARE
    c_tabelas CONSTANT text[] := ARRAY(
        SELECT f.tabela FROM _estoque_fontes() AS f
        WHERE f.quantidade IS NOT NULL ORDER BY f.ordem
    ) || ARRAY['estoque_codigo_conhecido', 'movimentacao_prevista'];
    c_indexadas CONSTANT text[] := ARRAY(
        SELECT t.nome FROM unnest(c_tabelas) AS t (nome)
        JOIN pg_index AS x ON x.indrelid = to_regclass(t.nome) AND x.indisvalid AND x.indpred IS NULL
        JOIN pg_attribute AS a ON a.attrelid = x.indrelid AND a.attnum = x.indkey[0]
            AND a.attname = 'cod_produto');
    v_tabela integer;
    v_depois text;
    v_faltam integer := 1000;
    v_codigos text[];
    v_achados text[];
    v_estranhos text[] := ARRAY[]::text[];
BEGIN
    SELECT p.tabela, p.codigo INTO v_tabela, v_depois FROM estoque_percurso AS p WHERE p.unico;
    v_tabela := coalesce(v_tabela, 1);

    -- Once around, back to where it began.
    FOR i IN 0..cardinality(c_tabelas) LOOP
        IF c_tabelas[v_tabela] <> ALL (c_indexadas) THEN
            v_tabela := v_tabela % cardinality(c_tabelas) + 1;
            v_depois := NULL;
            CONTINUE;
        END IF;
        EXECUTE format($q$
            WITH RECURSIVE passo AS (
                (SELECT f.cod_produto FROM %1$I AS f
                 WHERE f.cod_produto IS NOT NULL AND ($1 IS NULL OR f.cod_produto > $1)
                 ORDER BY f.cod_produto LIMIT 1)
                UNION ALL
                SELECT (SELECT f.cod_produto FROM %1$I AS f WHERE f.cod_produto > p.cod_produto
                        ORDER BY f.cod_produto LIMIT 1)
                FROM passo AS p
                WHERE p.cod_produto IS NOT NULL
            )
            SELECT array_agg(x.cod_produto::text)
            FROM (SELECT p.cod_produto FROM passo AS p
                  WHERE p.cod_produto IS NOT NULL LIMIT $2) AS x
            $q$, c_tabelas[v_tabela])
        INTO v_codigos USING v_depois, v_faltam;

        SELECT array_agg(e.c ORDER BY e.n) INTO v_achados
        FROM (
            SELECT u.c, u.n FROM unnest(v_codigos) WITH ORDINALITY AS u (c, n)
            WHERE u.c <> ALL (v_estranhos) AND NOT EXISTS (
                SELECT FROM estoque_codigo_conhecido AS k
                JOIN estoque_tempo_real AS t ON t.cod_produto = k.cod_produto
                WHERE k.codigo = u.c OFFSET 0)
            ORDER BY u.n LIMIT p_quantos - cardinality(v_estranhos)
        ) AS e;
        v_estranhos := v_estranhos || v_achados;
        v_faltam := v_faltam - coalesce(cardinality(v_codigos), 0);
        IF cardinality(v_estranhos) = p_quantos THEN
            v_depois := v_estranhos[p_quantos];
            EXIT;
        ELSIF v_faltam = 0 THEN
            v_depois := v_codigos[cardinality(v_codigos)];
            EXIT;
        END IF;
        v_tabela := v_tabela % cardinality(c_tabelas) + 1;
        v_depois := NULL;
    END LOOP;
    INSERT INTO estoque_percurso AS p (unico, tabela, codigo) VALUES (true, v_tabela, v_depois)
    ON CONFLICT (unico) DO UPDATE SET tabela = EXCLUDED.tabela, codigo = EXCLUDED.codigo;

    RETURN v_estranhos || ARRAY(
        SELECT c.codigo FROM _estoque_canonicos() AS c
        WHERE c.codigo <> ALL (v_estranhos) AND NOT EXISTS (
            SELECT FROM estoque_codigo_conhecido AS k
            JOIN estoque_tempo_real AS t ON t.cod_produto = k.cod_produto
            WHERE k.codigo = c.codigo OFFSET 0)
        LIMIT p_quantos - cardinality(v_estranhos));
END
$body$;

REVOKE ALL ON FUNCTION _estoque_estranhos(integer) FROM PUBLIC;
COMMENT ON FUNCTION _estoque_estranhos(integer) IS
    'Some codes that are mentioned and have no product row; inner use.';

-- sql/13_minuto/estoque_configurar.sql
-- Sets what is given of the settings of the minute job, and returns them as they are then.
-- por_execucao: products compared in a run. orcamento: time after which a run takes up no further
-- product.
-- Raises 22023 for what is not positive.
CREATE OR REPLACE FUNCTION estoque_configurar(
    INOUT por_execucao integer DEFAULT NULL, INOUT orcamento interval DEFAULT NULL
)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path FROM CURRENT
AS $body$
BEGIN
    IF por_execucao < 1 OR orcamento <= interval '0' THEN
        PERFORM _estoque_acusar('22023',
            CASE WHEN por_execucao < 1 THEN 'por_execucao' ELSE 'orcamento' END,
            'por_execucao must be 1 or more, orcamento longer than nothing',
            'The defaults are 10 products and 20 seconds.');
    END IF;
    IF por_execucao IS NOT NULL OR orcamento IS NOT NULL THEN
        INSERT INTO estoque_controle AS c (unico) VALUES (true)
        ON CONFLICT (unico) DO NOTHING;
        UPDATE estoque_controle AS c
        SET por_execucao = coalesce(estoque_configurar.por_execucao, c.por_execucao),
            orcamento = coalesce(estoque_configurar.orcamento, c.orcamento);
    END IF;
    SELECT c.por_execucao, c.orcamento INTO por_execucao, orcamento FROM estoque_controle AS c;
    -- Without its row the control stands at the defaults, with which it is made again.
    por_execucao := coalesce(por_execucao, 10);
    orcamento := coalesce(orcamento, interval '20 s');
END
$body$;

REVOKE ALL ON FUNCTION estoque_configurar(integer, interval) FROM PUBLIC;
COMMENT ON FUNCTION estoque_configurar(integer, interval) IS
    'Sets and returns the settings of the minute job: batch and time per run.';

-- sql/13_minuto/estoque_fallback.sql
-- Compares the products that have gone longest without it with the sources, and rebuilds those that
-- are wrong; also finds codes that a bypass of the triggers left without a product. Compares without
-- a lock; only what differs is locked, and what is locked is left for the next time.
-- Returns zeros while another run is under way, and on a standby. Raises 22023 for a lote below 1.
CREATE OR REPLACE FUNCTION estoque_fallback(lote integer DEFAULT 10)
RETURNS TABLE (processados bigint, corrigidos bigint, falhas bigint)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER ROWS 1
SET search_path FROM CURRENT
SET row_security = off
AS $body$
BEGIN
    IF lote IS NULL OR lote < 1 THEN
        PERFORM _estoque_acusar('22023', 'lote', 'lote must be 1 or more, not %s',
            'Give the number of products to compare.', coalesce(lote::text, 'NULL'));
    END IF;
    IF _estoque_tomar_minuto() THEN
        RETURN QUERY SELECT c.* FROM _estoque_corrigir(_estoque_comparar(lote, NULL, 0, 0), NULL) AS c;
    ELSE
        RETURN QUERY SELECT 0::bigint, 0::bigint, 0::bigint;
    END IF;
END
$body$;

REVOKE ALL ON FUNCTION estoque_fallback(integer) FROM PUBLIC;
COMMENT ON FUNCTION estoque_fallback(integer) IS
    'Compares the products longest not looked at with the sources and mends them; how many.';

-- sql/13_minuto/estoque_minuto.sql
-- The one job, due every minute whoever drives it: compares a batch of products with the sources,
-- turns the day where it has turned, rebuilds what is wrong, and records the run.
-- Partitions made since the last run get their triggers, and the next runs count what was written
-- to them. So they do with everything in a restored copy, or where much was wrong.
-- What changed of ruptures is announced first, while nothing is locked; what is mended, by the next run.
-- What takes long, the comparison, comes before anything is locked; where very much is wrong, the
-- rest of it is mended by the next runs. Batch and time are settings, see estoque_configurar.
-- row_security = off, here and in all that reads the sources with its owner's rights: rows that a
-- policy hides from the owner raise an error, or they would be taken for gone and their products with
-- them.
-- No row while another run is under way, and on a standby.
CREATE OR REPLACE FUNCTION estoque_minuto() RETURNS SETOF estoque_execucao
LANGUAGE plpgsql VOLATILE SECURITY DEFINER ROWS 1
SET search_path FROM CURRENT
SET row_security = off
AS $body$
DECLARE
    v_inicio timestamptz := clock_timestamp();
    -- What Citus sends on to the node of the schema does not say from whom it is.
    v_motor text := coalesce(nullif(regexp_replace(
        current_setting('application_name'), '^citus_internal .*', 'citus'), ''), session_user);
    v_havia boolean := EXISTS (SELECT FROM estoque_recontagem);
    v_ajuste record;
    v_comparados _estoque_comparacao[];
    v_virados bigint;
    v_feito record;
BEGIN
    IF NOT _estoque_tomar_minuto() THEN
        RETURN;
    END IF;
    PERFORM _estoque_anunciar_no_minuto();
    SELECT c.* INTO v_ajuste FROM estoque_configurar() AS c;
    v_comparados := _estoque_comparar(v_ajuste.por_execucao, v_inicio + v_ajuste.orcamento, 1, 1000);
    PERFORM _estoque_vigiar_particoes();
    v_virados := _estoque_virar_cada();
    SELECT c.* INTO v_feito FROM _estoque_corrigir(v_comparados, interval '500 ms') AS c;
    PERFORM _estoque_desconfiar(v_feito.processados, v_feito.corrigidos, v_havia);

    RETURN QUERY
    INSERT INTO estoque_execucao (inicio, fim, processados, corrigidos, falhas, virados, motor)
    VALUES (v_inicio, clock_timestamp(), v_feito.processados, v_feito.corrigidos, v_feito.falhas,
        v_virados, v_motor)
    RETURNING *;
    DELETE FROM estoque_execucao AS e WHERE e.inicio < v_inicio - interval '7 days';
    -- By their time: numbers that nodes of Citus have given are in no order.
    DELETE FROM estoque_correcao AS c
    WHERE (c.corrigido_em, c.id) < (
        SELECT m.corrigido_em, m.id FROM estoque_correcao AS m
        ORDER BY m.corrigido_em DESC, m.id DESC OFFSET 9999 LIMIT 1);
END
$body$;

REVOKE ALL ON FUNCTION estoque_minuto() FROM PUBLIC;
COMMENT ON FUNCTION estoque_minuto() IS
    'The minute job: compares, turns the day, mends; the run it recorded.';

-- sql/14_vigia/_estoque_assinar.sql
-- Writes down all that an installation consists of: its last act, with giving it to who owns the
-- sources, for which one has to know what is ours. Of the functions, ours are those signed before and
-- those made in this transaction: an ERP may have functions of such names too.
CREATE OR REPLACE FUNCTION _estoque_assinar() RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path FROM CURRENT
AS $body$
DECLARE
    v_nossas text[] := ARRAY(
        SELECT a.objeto FROM estoque_assinatura AS a WHERE a.tipo = 'function');
BEGIN
    DELETE FROM estoque_assinatura;
    INSERT INTO estoque_assinatura (tipo, objeto, definicao, comentario, direitos, servidor)
    SELECT p.tipo, p.objeto, p.definicao, p.comentario, p.direitos,
        current_setting('server_version_num')::integer / 10000
    FROM _estoque_pecas() AS p
    LEFT JOIN pg_proc AS f ON p.tipo = 'function' AND f.oid = p.numero
    WHERE f.oid IS NULL OR age(f.xmin) <= 0 OR p.objeto = ANY (v_nossas);
    PERFORM _estoque_entregar();
END
$body$;

REVOKE ALL ON FUNCTION _estoque_assinar() FROM PUBLIC;
COMMENT ON FUNCTION _estoque_assinar() IS
    'Writes down what an installation consists of; inner use.';

-- sql/14_vigia/_estoque_lugar.sql
-- Tells a restored copy from what it was copied from: the numbers that the server has given to our main
-- tables. What is copied file by file, by CREATE DATABASE ... TEMPLATE, a standby, a point in time
-- recovery or pg_upgrade, keeps them, and is as exact as it was; what pg_restore writes has others, and
-- nobody knows whether triggers were at work while it wrote. Where Citus has distributed the schema, the
-- numbers of their shards, which are the same at every node and move with the schema.
CREATE FUNCTION _estoque_lugar() RETURNS text
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $body$
DECLARE
    v_fragmentos text;
BEGIN
    IF to_regclass('pg_catalog.pg_dist_shard') IS NOT NULL THEN
        EXECUTE format('SELECT string_agg(s.shardid::text, ''/'' ORDER BY s.logicalrelid::text)'
            ' FROM %I AS s WHERE s.logicalrelid IN (''estoque_tempo_real''::regclass,'
            ' ''movimentacao_prevista''::regclass)', 'pg_dist_shard')
        INTO v_fragmentos;
    END IF;
    RETURN coalesce(v_fragmentos, format('%s/%s',
        'estoque_tempo_real'::regclass::oid, 'movimentacao_prevista'::regclass::oid));
END
$body$;

GRANT EXECUTE ON FUNCTION _estoque_lugar() TO PUBLIC;
COMMENT ON FUNCTION _estoque_lugar() IS 'What tells a restored copy; inner use.';

-- sql/14_vigia/_estoque_pecas.sql
-- What there is of an installation in its schema, as the catalogs have it now: types, tables with
-- their constraints and indexes, functions, the view, in the order in which they can be made. Of each
-- the statement that makes it, which names no schema, so that a schema may be renamed; its comment;
-- what everybody may do with it; whether it is whole (an index may be left invalid); and of a function
-- the search_path it is bound to, without quotes, which are written one way or the other. Functions are told by their names, which the ERP's may have as well.
-- Nothing is said of storage parameters: they are the administrator's.
CREATE FUNCTION _estoque_pecas()
RETURNS TABLE (
    ordem integer, tipo text, objeto text, definicao text, comentario text, direitos text[],
    inteira boolean, caminho text, numero oid
)
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
SET quote_all_identifiers = off
SET datestyle = 'ISO'
SET intervalstyle = 'postgres'
SET standard_conforming_strings = on
AS $body$
DECLARE
    v_nome text := quote_ident(current_schema());
    v_schema regnamespace := v_nome::regnamespace;
BEGIN
    RETURN QUERY
    WITH relacao AS (
        SELECT c.oid, c.relname::text AS nome, c.relkind AS especie,
            coalesce(c.relacl, acldefault('r', c.relowner)) AS direitos
        FROM pg_class AS c
        WHERE c.relnamespace = v_schema AND c.relname = ANY (_estoque_relacoes())
            AND c.relkind IN ('c', 'r', 'v')
    ),
    coluna AS (
        SELECT a.attrelid AS relacao, string_agg(
            concat_ws(' ', quote_ident(a.attname), format_type(a.atttypid, a.atttypmod),
                CASE a.attidentity WHEN 'a' THEN 'GENERATED ALWAYS AS IDENTITY'
                    WHEN 'd' THEN 'GENERATED BY DEFAULT AS IDENTITY' END,
                CASE a.attgenerated WHEN '' THEN 'DEFAULT ' || pg_get_expr(d.adbin, d.adrelid)
                    ELSE format('GENERATED ALWAYS AS (%s) STORED',
                        pg_get_expr(d.adbin, d.adrelid)) END,
                CASE WHEN a.attnotnull THEN 'NOT NULL' END), ', ' ORDER BY a.attnum) AS lista
        FROM relacao AS r
        JOIN pg_attribute AS a ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped
        LEFT JOIN pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
        GROUP BY a.attrelid
    ),
    peca AS (
        SELECT CASE r.especie WHEN 'c' THEN 1 WHEN 'r' THEN 2 ELSE 6 END AS ordem,
            CASE r.especie WHEN 'c' THEN 'type' WHEN 'r' THEN 'table' ELSE 'view' END AS tipo,
            r.nome AS objeto,
            CASE r.especie WHEN 'c' THEN format('CREATE TYPE %I AS (%s)', r.nome, c.lista)
                WHEN 'r' THEN format('CREATE TABLE %I (%s)', r.nome, c.lista)
                ELSE format('CREATE OR REPLACE VIEW %I AS %s', r.nome, pg_get_viewdef(r.oid)) END
                AS definicao,
            obj_description(r.oid, 'pg_class') AS comentario,
            CASE WHEN r.especie <> 'c' THEN r.direitos END AS direitos, true AS inteira,
            NULL AS caminho, r.oid AS numero
        FROM relacao AS r
        JOIN coluna AS c ON c.relacao = r.oid
        UNION ALL
        -- That a column is not NULL is told with its table.
        SELECT 3, 'constraint', k.conname::text,
            format('ALTER TABLE %I ADD CONSTRAINT %I %s', r.nome, k.conname, pg_get_constraintdef(k.oid)),
            obj_description(k.oid, 'pg_constraint'), NULL, x.indisvalid IS NOT FALSE, NULL, k.oid
        FROM relacao AS r
        JOIN pg_constraint AS k ON k.conrelid = r.oid AND k.contype <> 'n'
        LEFT JOIN pg_index AS x ON x.indexrelid = k.conindid
        UNION ALL
        SELECT 4, 'index', i.relname::text,
            replace(pg_get_indexdef(i.oid), format(' ON %s.', v_nome), ' ON '),
            obj_description(i.oid, 'pg_class'), NULL, x.indisvalid, NULL, i.oid
        FROM relacao AS r
        JOIN pg_index AS x ON x.indrelid = r.oid
        JOIN pg_class AS i ON i.oid = x.indexrelid
        WHERE NOT EXISTS (SELECT FROM pg_constraint AS k WHERE k.conindid = i.oid)
        UNION ALL
        SELECT 5, 'function', p.oid::regprocedure::text,
            CASE WHEN f.caminho IS NULL THEN f.definicao
                ELSE regexp_replace(f.definicao,
                    '^ SET search_path TO .*$', ' SET search_path FROM CURRENT', 'n') END,
            obj_description(p.oid, 'pg_proc'),
            coalesce(p.proacl, acldefault('f', p.proowner)), true, f.caminho, p.oid
        FROM pg_proc AS p
        CROSS JOIN LATERAL (
            SELECT replace(pg_get_functiondef(p.oid),
                    format('CREATE OR REPLACE FUNCTION %s.', v_nome), 'CREATE OR REPLACE FUNCTION ')
                    AS definicao,
                (SELECT replace(substr(x.c, 13), '"', '') FROM unnest(p.proconfig) AS x (c)
                 WHERE x.c ~ '^search_path=(?!"?pg_catalog"?,)') AS caminho
        ) AS f
        WHERE p.pronamespace = v_schema AND p.prokind = 'f' AND p.proname ~ '^_?estoque_'
    )
    SELECT p.ordem, p.tipo, p.objeto, p.definicao, p.comentario,
        ARRAY(SELECT x.privilege_type FROM aclexplode(p.direitos) AS x
              WHERE x.grantee = 0 ORDER BY x.privilege_type),
        p.inteira, p.caminho, p.numero
    FROM peca AS p
    ORDER BY p.ordem, p.objeto;
END
$body$;

GRANT EXECUTE ON FUNCTION _estoque_pecas() TO PUBLIC;
COMMENT ON FUNCTION _estoque_pecas() IS
    'The parts of an installation as they are now; inner use.';

-- sql/14_vigia/_estoque_quem_usa.sql
-- Who holds the sources or the results as writers do, as far as this role may see, the oldest first:
-- what is told to who waits for them. NULL where there is nobody. partes is quem as a model of format()
-- and its values, which are such arrays themselves.
CREATE FUNCTION _estoque_quem_usa(OUT quem text, OUT partes jsonb)
LANGUAGE plpgsql VOLATILE
SET search_path FROM CURRENT
AS $body$
BEGIN
    SELECT string_agg(format(x.dito[1], VARIADIC x.dito[2:]), ', ' ORDER BY x.xact_start),
        jsonb_build_array(rtrim(repeat('%s, ', count(*)::integer), ', '))
            || jsonb_agg(x.dito ORDER BY x.xact_start)
    INTO quem, partes
    FROM (
        SELECT a.xact_start, CASE
            WHEN a.xact_start IS NULL THEN ARRAY['process %s (%s)', a.pid::text, a.dele]
            ELSE ARRAY['process %s (%s, since %s)', a.pid::text, a.dele,
                to_char(a.xact_start, 'HH24:MI:SS TZ')] END AS dito
        FROM (
            SELECT a.pid, a.xact_start, concat_ws(', ',
                coalesce(a.usename, a.backend_type), nullif(a.application_name, '')) AS dele
            FROM pg_stat_activity AS a
            WHERE a.pid <> pg_backend_pid() AND EXISTS (
                SELECT FROM pg_locks AS l
                JOIN pg_database AS d ON d.oid = l.database AND d.datname = current_database()
                JOIN pg_class AS c ON c.oid = l.relation
                LEFT JOIN pg_inherits AS i ON i.inhrelid = c.oid
                LEFT JOIN pg_class AS p ON p.oid = i.inhparent
                WHERE l.pid = a.pid AND l.granted
                    AND l.mode NOT IN ('AccessShareLock', 'RowShareLock')
                    AND quote_ident(current_schema())::regnamespace
                        IN (c.relnamespace, p.relnamespace))
            ORDER BY a.xact_start LIMIT 3
        ) AS a
    ) AS x;
END
$body$;

REVOKE ALL ON FUNCTION _estoque_quem_usa() FROM PUBLIC;
COMMENT ON FUNCTION _estoque_quem_usa() IS 'Who holds the sources or the results; inner use.';

-- sql/14_vigia/_estoque_recontar.sql
-- Counts what was written to tables while they had no triggers: recalculates the products that are
-- wrong. Not only those the tables mention now: what was deleted from them is to be counted as well.
-- One whose sum does not fit is noted as failing; the triggers do not wait for it to be mended.
CREATE OR REPLACE FUNCTION _estoque_recontar(p_tabelas regclass[]) RETURNS void
LANGUAGE plpgsql VOLATILE
AS $body$
DECLARE
    v_codigos text[];
    v_codigo text;
BEGIN
    IF coalesce(cardinality(p_tabelas), 0) = 0 THEN
        RETURN;
    END IF;
    -- One partition of a table with products concerns few of them; any other table may all.
    IF EXISTS (
        SELECT FROM unnest(p_tabelas) AS t (tabela)
        WHERE NOT EXISTS (
            SELECT FROM pg_inherits AS i
            JOIN pg_attribute AS a ON a.attrelid = i.inhrelid AND a.attname = 'cod_produto'
            WHERE i.inhrelid = t.tabela))
    THEN
        PERFORM _estoque_refazer();
        RETURN;
    END IF;
    BEGIN
        v_codigos := ARRAY(SELECT DISTINCT d.cod_produto FROM estoque_verificar() AS d
                           WHERE d.cod_produto IS NOT NULL ORDER BY 1);
    EXCEPTION WHEN numeric_value_out_of_range THEN
        -- A sum that does not fit cannot be compared with the others; each by itself, then.
        v_codigos := ARRAY(SELECT DISTINCT c FROM _estoque_codigos(p_tabelas) AS c ORDER BY 1);
    END;
    FOREACH v_codigo IN ARRAY v_codigos LOOP
        BEGIN
            PERFORM estoque_recalcular(v_codigo);
        EXCEPTION WHEN numeric_value_out_of_range THEN
            PERFORM _estoque_anotar_falha(v_codigo, SQLSTATE, SQLERRM);
        END;
    END LOOP;
END
$body$;

REVOKE ALL ON FUNCTION _estoque_recontar(regclass[]) FROM PUBLIC;
COMMENT ON FUNCTION _estoque_recontar(regclass[]) IS
    'Recalculates what was written to tables that had no triggers; inner use.';

-- sql/14_vigia/_estoque_relacoes.sql
-- The names of our relations: types, tables, the view, and the book of migrations.
CREATE FUNCTION _estoque_relacoes() RETURNS text[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN ARRAY[
    '_estoque_aberto', '_estoque_comparacao', '_estoque_delta', '_estoque_documento',
    '_estoque_explicacao', '_estoque_incoerencia', '_estoque_mudanca', '_yoyo_estoque_log',
    '_yoyo_estoque_migration', '_yoyo_estoque_version', 'estoque_anuncio', 'estoque_assinatura',
    'estoque_avisador', 'estoque_codigo_conhecido', 'estoque_controle', 'estoque_correcao',
    'estoque_entrega', 'estoque_execucao', 'estoque_falha', 'estoque_inscricao', 'estoque_lote',
    'estoque_migracao_soma', 'estoque_percurso', 'estoque_por_codigo', 'estoque_recontagem',
    'estoque_regra', 'estoque_tempo_real', 'estoque_transicao', 'movimentacao_prevista'];

GRANT EXECUTE ON FUNCTION _estoque_relacoes() TO PUBLIC;
COMMENT ON FUNCTION _estoque_relacoes() IS 'The names of our relations; inner use.';

-- sql/14_vigia/_estoque_reparar.sql
-- The part of estoque_vigiar that needs the writers held off: tables, keys, indexes, triggers, and
-- what was missed without them. Returns the number of parts and triggers put back. Called by
-- _estoque_insistir. Raises EP003 where the sources do not fit any more.
CREATE FUNCTION _estoque_reparar() RETURNS bigint
LANGUAGE plpgsql VOLATILE
AS $body$
DECLARE
    v_restauradas record;
    v_indices bigint;
    v_entregues bigint;
    v_tabelas regclass[];
    v_gatilhos bigint;
BEGIN
    SELECT r.* INTO v_restauradas FROM _estoque_restaurar(true) AS r;
    PERFORM _estoque_exigir_fontes('Mend what is named: give a column that was renamed its old name'
        ' back, or the table a generated column of that name; then run `estoque vigiar` again.');
    SELECT count(*) INTO v_indices FROM estoque_alterados() AS a WHERE a.tipo = 'index';
    PERFORM _estoque_indexar_fontes();
    v_entregues := _estoque_entregar();
    SELECT v.tabelas, v.gatilhos INTO v_tabelas, v_gatilhos FROM _estoque_vigiar() AS v;
    IF v_restauradas.dados OR NOT EXISTS (
        SELECT FROM estoque_controle AS c WHERE c.lugar = _estoque_lugar())
    THEN
        PERFORM _estoque_refazer();
    ELSE
        PERFORM _estoque_recontar(v_tabelas);
    END IF;
    RETURN v_restauradas.pecas + v_indices + v_entregues + v_gatilhos;
END
$body$;

REVOKE ALL ON FUNCTION _estoque_reparar() FROM PUBLIC;
COMMENT ON FUNCTION _estoque_reparar() IS
    'Puts back what needs the writers held off, and counts what was missed; inner use.';

-- sql/14_vigia/_estoque_repor.sql
-- Puts one part of the installation back, as it was signed; estado is what estoque_alterados says.
CREATE FUNCTION _estoque_repor(p_tipo text, p_objeto text, p_estado text) RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path FROM CURRENT
SET check_function_bodies = off
AS $body$
DECLARE
    v_peca record;
    v_tabela text;
    v_chave text;
    v_papel record;
    v_nome text := CASE p_tipo WHEN 'function' THEN p_objeto ELSE quote_ident(p_objeto) END;
BEGIN
    SELECT a.* INTO STRICT v_peca FROM estoque_assinatura AS a
    WHERE a.tipo = p_tipo AND a.objeto = p_objeto;

    IF p_tipo = 'constraint' THEN
        v_tabela := substring(v_peca.definicao FROM '^ALTER TABLE (\S+)');
        EXECUTE format('LOCK TABLE %s IN ACCESS EXCLUSIVE MODE', v_tabela);
        EXECUTE format('ALTER TABLE %s DROP CONSTRAINT IF EXISTS %s', v_tabela, v_nome);
        v_chave := substring(v_peca.definicao FROM '(?:PRIMARY KEY|UNIQUE) \((.*)\)$');
        IF v_chave IS NOT NULL THEN
            EXECUTE format('DELETE FROM %1$s AS t USING (SELECT x.ctid AS linha, row_number() OVER'
                ' (PARTITION BY %2$s ORDER BY x.ctid) AS n FROM %1$s AS x) AS r'
                ' WHERE t.ctid = r.linha AND r.n > 1', v_tabela, v_chave);
        END IF;
    ELSIF p_tipo = 'index' THEN
        EXECUTE format('DROP INDEX IF EXISTS %s', v_nome);
    END IF;
    IF p_estado <> 'rights' THEN
        EXECUTE v_peca.definicao;
    END IF;
    -- Another major version of PostgreSQL writes it otherwise: its own way is signed now.
    IF p_estado = 'uncompared' THEN
        UPDATE estoque_assinatura AS a
        SET definicao = p.definicao,
            servidor = current_setting('server_version_num')::integer / 10000
        FROM _estoque_pecas() AS p
        WHERE a.tipo = p_tipo AND a.objeto = p_objeto AND p.tipo = a.tipo AND p.objeto = a.objeto;
    END IF;
    IF p_estado = 'missing' AND v_peca.comentario IS NOT NULL AND p_tipo <> 'constraint' THEN
        EXECUTE format('COMMENT ON %s %s IS %L', upper(p_tipo), v_nome, v_peca.comentario);
    END IF;
    IF p_tipo NOT IN ('table', 'view', 'function') OR p_estado NOT IN ('missing', 'rights') THEN
        RETURN;
    END IF;

    -- Made anew, it may have been given to somebody by default privileges; reading alone stays.
    FOR v_papel IN
        SELECT CASE x.grantee WHEN 0 THEN 'PUBLIC' ELSE x.grantee::regrole::text END AS nome,
            x.grantee <> 0 AND bool_or(x.privilege_type = 'SELECT') AS le
        FROM (
            SELECT c.relowner AS dono, coalesce(c.relacl, acldefault('r', c.relowner)) AS direitos
            FROM pg_class AS c WHERE p_tipo <> 'function' AND c.oid = to_regclass(v_nome)
            UNION ALL
            SELECT f.proowner, coalesce(f.proacl, acldefault('f', f.proowner))
            FROM pg_proc AS f WHERE p_tipo = 'function' AND f.oid = to_regprocedure(v_nome)
        ) AS o
        CROSS JOIN LATERAL aclexplode(o.direitos) AS x
        WHERE x.grantee <> o.dono AND (x.grantee = 0 OR p_estado = 'missing')
        GROUP BY x.grantee
    LOOP
        EXECUTE format('REVOKE ALL ON %s %s FROM %s',
            CASE p_tipo WHEN 'function' THEN 'FUNCTION' ELSE 'TABLE' END, v_nome, v_papel.nome);
        IF v_papel.le THEN
            EXECUTE format('GRANT SELECT ON TABLE %s TO %s', v_nome, v_papel.nome);
        END IF;
    END LOOP;
    IF cardinality(v_peca.direitos) > 0 THEN
        EXECUTE format('GRANT %s ON %s %s TO PUBLIC', array_to_string(v_peca.direitos, ', '),
            CASE p_tipo WHEN 'function' THEN 'FUNCTION' ELSE 'TABLE' END, v_nome);
    END IF;
END
$body$;

REVOKE ALL ON FUNCTION _estoque_repor(text, text, text) FROM PUBLIC;
COMMENT ON FUNCTION _estoque_repor(text, text, text) IS
    'Puts one part of the installation back; inner use.';

-- sql/14_vigia/_estoque_restaurar.sql
-- Puts back what is not as it was installed, as far as that can be; returns how many parts, and
-- whether tables or keys are among them, so that everything has to be compared with the sources.
-- Where a key is gone, rows that are there twice go with it: all but the first. A table or a type
-- whose columns were changed stays as it is. A part that was dropped gets its comment and the rights
-- of everybody back, not those granted to roles since.
-- What a part needs may be missing too: again and again, then, as long as any is put back. Without
-- p_tudo only types, functions and views, which no writer has to be held off for, and as many as can.
CREATE FUNCTION _estoque_restaurar(p_tudo boolean, OUT pecas integer, OUT dados boolean)
LANGUAGE plpgsql VOLATILE
SET search_path FROM CURRENT
SET check_function_bodies = off
AS $body$
DECLARE
    v_peca record;
    v_feitas integer;
    v_falha text;
    v_modelo CONSTANT text := 'could not put back the %s';
BEGIN
    pecas := 0;
    dados := false;
    LOOP
        v_feitas := 0;
        v_falha := NULL;
        FOR v_peca IN
            SELECT x.* FROM estoque_alterados() AS x
            WHERE (p_tudo OR x.tipo IN ('type', 'function', 'view'))
                AND (x.tipo NOT IN ('table', 'type') OR x.estado <> 'changed')
            ORDER BY array_position(
                ARRAY['type', 'table', 'constraint', 'index', 'function', 'view'], x.tipo), x.objeto
        LOOP
            -- An index on a source is none of those that were signed.
            CONTINUE WHEN NOT EXISTS (
                SELECT FROM estoque_assinatura AS a
                WHERE a.tipo = v_peca.tipo AND a.objeto = v_peca.objeto);
            BEGIN
                PERFORM _estoque_repor(v_peca.tipo, v_peca.objeto, v_peca.estado);
                v_feitas := v_feitas + 1;
                dados := dados OR v_peca.tipo = 'table' AND v_peca.estado = 'missing'
                    OR v_peca.tipo = 'constraint';
            EXCEPTION WHEN undefined_function OR undefined_table OR undefined_object THEN
                v_falha := coalesce(v_falha, format('%s %s: %s', v_peca.tipo, v_peca.objeto, SQLERRM));
            END;
        END LOOP;
        IF v_feitas > 0 THEN
            PERFORM _estoque_ajustar_ao_citus();
        END IF;
        pecas := pecas + v_feitas;
        EXIT WHEN v_falha IS NULL OR v_feitas = 0 AND NOT p_tudo;
        IF v_feitas = 0 THEN
            RAISE EXCEPTION USING ERRCODE = 'object_not_in_prerequisite_state',
                MESSAGE = format(v_modelo, v_falha),
                CONSTRAINT = v_modelo, DATATYPE = json_build_array(v_falha)::text,
                HINT = '`estoque uninstall`, then `estoque install`, makes everything anew; the'
                    ' sources are not touched.';
        END IF;
    END LOOP;
END
$body$;

REVOKE ALL ON FUNCTION _estoque_restaurar(boolean) FROM PUBLIC;
COMMENT ON FUNCTION _estoque_restaurar(boolean) IS
    'Puts back parts that are not as they were installed; inner use.';

-- sql/14_vigia/_estoque_servidor.sql
-- What is of the server that is asked, not of the installation: where Citus has distributed the schema, the
-- node that has its tables, and whether that is this one; the database pg_cron sits in; whether its launcher
-- lives (NULL for who may not read the statistics of others, and cannot know); whether the jobs may be read.
-- A function: Citus looks into the views of a query, and only superusers may read what these are made of.
CREATE FUNCTION _estoque_servidor(
    OUT no text, OUT no_aqui boolean, OUT banco_do_cron text, OUT lancador boolean,
    OUT cron_legivel boolean
)
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $body$
DECLARE
    v_no text;
    v_aqui boolean;
BEGIN
    IF to_regclass('pg_catalog.pg_dist_placement') IS NOT NULL THEN
        EXECUTE format('SELECT n.nodename || '':'' || n.nodeport AS no,'
            ' p.groupid = (SELECT g.groupid FROM pg_dist_local_group AS g) AS aqui'
            ' FROM %I AS s'
            ' JOIN pg_dist_placement AS p ON p.shardid = s.shardid'
            ' JOIN pg_dist_node AS n ON n.groupid = p.groupid AND n.noderole = ''primary'''
            ' WHERE s.logicalrelid = to_regclass(''estoque_tempo_real'') LIMIT 1', 'pg_dist_shard')
        INTO v_no, v_aqui;
        no := v_no;
        no_aqui := v_aqui;
    END IF;
    banco_do_cron := (SELECT s.setting FROM pg_settings AS s WHERE s.name = 'cron.database_name');
    IF pg_has_role('pg_read_all_stats', 'USAGE') THEN
        lancador := EXISTS (
            SELECT FROM pg_stat_activity AS a WHERE a.backend_type = 'pg_cron launcher');
    END IF;
    cron_legivel := coalesce((SELECT has_schema_privilege(n.oid, 'USAGE') FROM pg_namespace AS n
                              WHERE n.nspname = 'cron'), false);
END
$body$;

GRANT EXECUTE ON FUNCTION _estoque_servidor() TO PUBLIC;
COMMENT ON FUNCTION _estoque_servidor() IS
    'The node of Citus that has the schema, and pg_cron, as this server knows them; inner use.';

-- sql/14_vigia/_estoque_vigiar.sql
-- Puts our four triggers on every source and on every partition or child of one that lacks them, and
-- turns on those that were disabled. A statement fires the triggers of the table it names, not those
-- of the partitions behind it, so nothing counts twice; without triggers of its own, a partition
-- written to directly would not count at all. An INSERT ... ON CONFLICT DO UPDATE or a MERGE fires
-- several, each with its own rows. A name that is taken on the table, by the ERP or by another install
-- that shares a child, is passed over for one of this schema's own. Takes ours off tables that are no
-- sources (any more), where the role may. Those that note while an installation counts (see
-- estoque_pg/instalacao) are replaced, which lets readers go on.
-- Returns the tables that lacked a trigger and the number mended.
-- p_so_particoes: only partitions that have none of the four; the minute job asks for these, and
-- leaves alone what somebody disabled on purpose.
CREATE OR REPLACE FUNCTION _estoque_vigiar(
    p_so_particoes boolean DEFAULT false, OUT tabelas regclass[], OUT gatilhos bigint
)
LANGUAGE plpgsql VOLATILE
SET search_path FROM CURRENT
AS $body$
DECLARE
    v_falta record;
BEGIN
    gatilhos := 0;
    FOR v_falta IN
        SELECT g.* FROM (
            SELECT x.*, count(*) FILTER (WHERE x.estado = 'missing') OVER (PARTITION BY x.relacao) AS n
            FROM estoque_gatilhos() AS x WHERE x.relacao IS NOT NULL
        ) AS g
        WHERE g.estado IN ('missing', 'disabled', 'replica only', 'stray') AND (NOT p_so_particoes OR (
            g.n = 4 AND EXISTS (SELECT FROM pg_inherits AS i WHERE i.inhrelid = g.relacao)))
    LOOP
        IF v_falta.estado = 'stray' THEN
            BEGIN
                EXECUTE format('DROP TRIGGER %I ON %s', v_falta.existente, v_falta.relacao);
                gatilhos := gatilhos + 1;
            EXCEPTION WHEN insufficient_privilege THEN
                NULL;  -- somebody else's table: the status goes on telling
            END;
            CONTINUE;
        ELSIF v_falta.estado <> 'missing' THEN
            EXECUTE format('ALTER TABLE %s ENABLE TRIGGER %I', v_falta.relacao, v_falta.existente);
        ELSE
            EXECUTE format('CREATE OR REPLACE TRIGGER %I AFTER %s ON %s %s FOR EACH STATEMENT'
                ' EXECUTE FUNCTION %I()',
                coalesce(
                    (SELECT t.tgname::text FROM pg_trigger AS t
                     WHERE t.tgrelid = v_falta.relacao AND t.tgfoid = to_regproc('_estoque_anotar')
                         AND starts_with(t.tgname, v_falta.gatilho)),
                    CASE WHEN EXISTS (SELECT FROM pg_trigger AS t WHERE t.tgrelid = v_falta.relacao
                                      AND t.tgname = v_falta.gatilho)
                        THEN v_falta.gatilho || '_'
                            || left(md5(format('%s.%s', current_schema(), v_falta.funcao)), 8)
                        -- The rows of a table that Citus has distributed go by a trigger of its own, and
                        -- triggers fire in the order of their names.
                        WHEN v_falta.gatilho = 'estoque_truncar' AND EXISTS (
                            SELECT FROM pg_trigger AS t WHERE t.tgrelid = v_falta.relacao
                                AND t.tgisinternal AND starts_with(t.tgname, 'truncate_trigger_'))
                        THEN 'zerar_estoque'
                        ELSE v_falta.gatilho END),
                CASE v_falta.gatilho WHEN 'estoque_inserir' THEN 'INSERT'
                    WHEN 'estoque_alterar' THEN 'UPDATE' WHEN 'estoque_excluir' THEN 'DELETE'
                    ELSE 'TRUNCATE' END,
                v_falta.relacao,
                CASE v_falta.gatilho WHEN 'estoque_inserir' THEN 'REFERENCING NEW TABLE AS novos'
                    WHEN 'estoque_alterar'
                    THEN 'REFERENCING OLD TABLE AS antigos NEW TABLE AS novos'
                    WHEN 'estoque_excluir' THEN 'REFERENCING OLD TABLE AS antigos' ELSE '' END,
                v_falta.funcao);
        END IF;
        gatilhos := gatilhos + 1;
        IF v_falta.relacao <> ALL (coalesce(tabelas, '{}')) THEN
            tabelas := tabelas || v_falta.relacao;
        END IF;
    END LOOP;
END
$body$;

REVOKE ALL ON FUNCTION _estoque_vigiar(boolean) FROM PUBLIC;
COMMENT ON FUNCTION _estoque_vigiar(boolean) IS 'Puts missing triggers on the sources; inner use.';

-- sql/14_vigia/_estoque_vigiar_particoes.sql
-- For the minute job: puts triggers on partitions made since, and has what was written to them
-- compared by the next runs: a partition attached with all its rows may hold every product, and
-- to rebuild them here would hold their writers up for as long as that takes.
-- Quits where a writer holds one of them, or a table is not ours to alter: the rest of the job is
-- done, and the status tells. So it is where Citus has distributed the schema: the job runs on a node, and
-- triggers are made at the coordinator.
CREATE OR REPLACE FUNCTION _estoque_vigiar_particoes() RETURNS void
LANGUAGE plpgsql VOLATILE
SET lock_timeout = '100ms'
AS $body$
DECLARE
    v_tabelas regclass[];
BEGIN
    IF _estoque_no_citus() THEN
        RETURN;
    END IF;
    SELECT v.tabelas INTO v_tabelas FROM _estoque_vigiar(true) AS v;
    INSERT INTO estoque_recontagem (codigo)
    SELECT DISTINCT c FROM _estoque_codigos(v_tabelas) AS c
    ON CONFLICT (codigo) DO NOTHING;
EXCEPTION WHEN lock_not_available OR deadlock_detected OR insufficient_privilege THEN
    RETURN;
END
$body$;

REVOKE ALL ON FUNCTION _estoque_vigiar_particoes() FROM PUBLIC;
COMMENT ON FUNCTION _estoque_vigiar_particoes() IS
    'Puts triggers on partitions made since, for the minute job; inner use.';

-- sql/14_vigia/estoque_alterados.sql
-- The parts of the installation that are not as they were installed, and our indexes on the sources
-- that are gone. estado:
--   missing      gone;
--   changed      another definition than the one installed, but for estoque_hoje, which is there to be
--                replaced;
--   invalid      an index that PostgreSQL does not use: whoever built it was cut off;
--   rights       everybody may do more with it, or less;
--   search_path  a function that looks for what it names in another schema;
--   uncompared   written otherwise since PostgreSQL was upgraded, which may be all, or a change.
CREATE FUNCTION estoque_alterados()
RETURNS TABLE (tipo text, objeto text, estado text)
LANGUAGE plpgsql STABLE ROWS 1
SET search_path FROM CURRENT
AS $body$
DECLARE
    -- By themselves: the catalogs are of the server that is asked, the table may be on another. By the
    -- names of its columns: there it may never have had the column that was dropped here.
    v_assinadas jsonb := (
        SELECT jsonb_agg(jsonb_build_object('tipo', a.tipo, 'objeto', a.objeto,
            'definicao', a.definicao, 'servidor', a.servidor, 'direitos', a.direitos))
        FROM estoque_assinatura AS a);
BEGIN
    RETURN QUERY
    SELECT x.tipo, x.objeto, x.estado
    FROM (
        SELECT a.tipo, a.objeto, CASE
            WHEN p.objeto IS NULL THEN 'missing'
            WHEN NOT p.inteira THEN 'invalid'
            WHEN a.definicao <> p.definicao AND a.objeto <> 'estoque_hoje()' THEN
                CASE WHEN a.tipo IN ('function', 'view')
                    AND a.servidor <> current_setting('server_version_num')::integer / 10000
                    THEN 'uncompared' ELSE 'changed' END
            WHEN p.caminho <> replace(current_setting('search_path'), '"', '')
                AND a.objeto <> 'estoque_hoje()'
                THEN 'search_path'
            WHEN a.direitos <> p.direitos THEN 'rights'
            END AS estado
        FROM jsonb_to_recordset(v_assinadas) AS a (
            tipo text, objeto text, definicao text, servidor integer, direitos text[])
        LEFT JOIN _estoque_pecas() AS p ON p.tipo = a.tipo AND p.objeto = a.objeto
        UNION ALL
        SELECT 'index', i.nome, CASE WHEN x.indexrelid IS NULL THEN 'missing'
            WHEN NOT x.indisvalid THEN 'invalid' END
        FROM _estoque_indices_das_fontes() AS i
        LEFT JOIN pg_index AS x ON x.indexrelid = to_regclass(quote_ident(i.nome))
            AND x.indrelid = to_regclass(quote_ident(i.tabela))
        WHERE to_regclass(quote_ident(i.tabela)) IS NOT NULL
    ) AS x
    WHERE x.estado IS NOT NULL
    ORDER BY x.tipo, x.objeto;
END
$body$;

GRANT EXECUTE ON FUNCTION estoque_alterados() TO PUBLIC;
COMMENT ON FUNCTION estoque_alterados() IS
    'Parts of the installation that are not as they were installed.';

-- sql/14_vigia/estoque_gatilhos.sql
-- The triggers the system lives by: four for every source table, and for every partition or child of
-- one, which a statement may name itself. Found by what they call and when, whatever their names.
-- ok: fires for everybody but replication; always: for that too; the other states are faults. stray: on a
-- table that is no source (any more), where it refuses every statement (EP007).
-- relacao is NULL for a table that is gone, existente the name a trigger has where it is there.
CREATE OR REPLACE FUNCTION estoque_gatilhos()
RETURNS TABLE (
    tabela text, gatilho text, estado text, relacao regclass, existente text, funcao text
)
LANGUAGE plpgsql STABLE ROWS 24
SET search_path FROM CURRENT
AS $body$
BEGIN
    RETURN QUERY
    WITH RECURSIVE arvore AS (
        SELECT f.ordem, f.tabela AS nome, f.gatilho AS funcao, to_regclass(f.tabela)::oid AS relacao
        FROM _estoque_fontes() AS f
        UNION
        SELECT a.ordem, a.nome, a.funcao, i.inhrelid
        FROM arvore AS a
        JOIN pg_inherits AS i ON i.inhparent = a.relacao
        -- What a session keeps in a temporary child is seen by that session alone.
        JOIN pg_class AS c ON c.oid = i.inhrelid AND c.relpersistence <> 't'
    )
    SELECT coalesce(a.relacao::regclass::text, a.nome), e.gatilho,
        coalesce(CASE t.tgenabled WHEN 'O' THEN 'ok' WHEN 'A' THEN 'always'
            WHEN 'R' THEN 'replica only' WHEN 'D' THEN 'disabled'
            END, 'missing'),
        a.relacao::regclass, t.tgname, e.funcao
    FROM arvore AS a
    CROSS JOIN LATERAL (
        VALUES
            (1, 'estoque_inserir', a.funcao, 4), (2, 'estoque_alterar', a.funcao, 16),
            (3, 'estoque_excluir', a.funcao, 8),
            (4, 'estoque_truncar', '_estoque_gatilho_truncar', 32)
    ) AS e (ordem, gatilho, funcao, evento)
    LEFT JOIN LATERAL (
        -- Of several, the one that fires.
        SELECT g.tgenabled, g.tgname::text FROM pg_trigger AS g
        WHERE g.tgrelid = a.relacao AND g.tgfoid = to_regproc(e.funcao) AND NOT g.tgisinternal
            AND g.tgtype & e.evento <> 0
        ORDER BY position(g.tgenabled::text IN 'AORD')
        LIMIT 1
    ) AS t (tgenabled, tgname) ON true
    WHERE (a.relacao IS NULL OR EXISTS (
        SELECT FROM pg_class AS c WHERE c.oid = a.relacao AND c.relkind IN ('r', 'p')))
    UNION ALL
    SELECT g.tgrelid::regclass::text, g.tgname::text, 'stray', g.tgrelid::regclass, g.tgname::text,
        p.proname::text
    FROM pg_proc AS p
    JOIN pg_trigger AS g ON g.tgfoid = p.oid AND NOT g.tgisinternal
    JOIN pg_class AS c ON c.oid = g.tgrelid AND c.relpersistence <> 't'
    WHERE p.pronamespace = quote_ident(current_schema())::regnamespace
        AND p.proname::text IN (
            SELECT f.gatilho FROM _estoque_fontes() AS f UNION ALL SELECT '_estoque_gatilho_truncar')
        AND NOT EXISTS (
            SELECT FROM arvore AS a WHERE a.relacao = g.tgrelid
                AND p.proname::text IN (a.funcao, '_estoque_gatilho_truncar'))
        -- Nor the shard of one, on a node of Citus.
        AND NOT EXISTS (SELECT FROM _estoque_fontes() AS f
            WHERE p.proname::text = f.gatilho AND _estoque_pertence(g.tgrelid, f.tabela))
    ORDER BY 1, 2;
END
$body$;

GRANT EXECUTE ON FUNCTION estoque_gatilhos() TO PUBLIC;
COMMENT ON FUNCTION estoque_gatilhos() IS
    'Every trigger of ours, with its state: ok, always, disabled, replica only, missing or stray.';

-- sql/14_vigia/estoque_reapontar.sql
-- Binds our functions to the schema they are in, after ALTER SCHEMA ... RENAME, or where a script has
-- cloned one: each is bound at the installation to the schema of that time, and until it is bound
-- anew every write of a source fails. Everything else that a vigil mends is left to estoque_vigiar.
-- schema is that of the functions themselves, which they cannot find out. Returns how many were bound
-- elsewhere. Runs with the caller's rights: the owner's of the functions.
CREATE FUNCTION estoque_reapontar(schema text) RETURNS integer
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
SET quote_all_identifiers = off
AS $body$
DECLARE
    v_caminho text := format('%I, pg_temp', estoque_reapontar.schema);
    v_funcao regprocedure;
    v_quantas integer := 0;
BEGIN
    -- The names of the parameters' types are told as that schema sees them.
    PERFORM set_config('search_path', v_caminho, true);
    FOR v_funcao IN EXECUTE format($q$
        SELECT p.oid::regprocedure
        FROM pg_proc AS p
        JOIN %1$I.estoque_assinatura AS a
            ON a.tipo = 'function' AND a.objeto = p.oid::regprocedure::text
        WHERE p.pronamespace = quote_ident(%1$L)::regnamespace AND EXISTS (
            SELECT FROM unnest(p.proconfig) AS x (c)
            WHERE x.c ~ '^search_path=(?!"?pg_catalog"?,)'
                AND replace(x.c, '"', '') <> 'search_path=' || replace(%2$L, '"', ''))
        $q$, estoque_reapontar.schema, v_caminho)
    LOOP
        EXECUTE format('ALTER FUNCTION %s SET search_path = %I, pg_temp',
            v_funcao, estoque_reapontar.schema);
        v_quantas := v_quantas + 1;
    END LOOP;
    RETURN v_quantas;
END
$body$;

REVOKE ALL ON FUNCTION estoque_reapontar(text) FROM PUBLIC;
COMMENT ON FUNCTION estoque_reapontar(text) IS
    'Binds our functions to the schema they are in, after it was renamed; returns how many.';

-- sql/14_vigia/estoque_vigiar.sql
-- Puts back what an installation consists of: triggers that are missing, as on a partition made since,
-- or disabled; tables, keys, indexes, functions, rights and owners that are not as they were installed.
-- What was written past the triggers is counted then, and so is a restored copy: everything is compared
-- with the sources, and rebuilt where it differs. What a function that was not ours did otherwise is
-- found by the audit.
-- It does so with the writers held off, and gives way to those it would have to wait for
-- (_estoque_insistir, which raises 55P03 in the end); only functions are put back beside them. Writers
-- wait while it builds an index on their table, as `estoque vigiar` does not let them.
-- Returns the number of parts and triggers put back. Runs with the caller's rights: the owner's of the
-- sources. Raises EP003 where the sources do not fit any more.
CREATE OR REPLACE FUNCTION estoque_vigiar() RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET search_path FROM CURRENT
AS $body$
DECLARE
    v_restauradas record;
BEGIN
    SELECT r.* INTO v_restauradas FROM _estoque_restaurar(false) AS r;
    -- Where all is in place nobody is to wait.
    IF EXISTS (SELECT FROM estoque_gatilhos() AS g WHERE g.estado NOT IN ('ok', 'always'))
        OR EXISTS (SELECT FROM estoque_alterados())
        OR EXISTS (SELECT FROM estoque_desajustes())
        OR NOT EXISTS (SELECT FROM estoque_controle AS c WHERE c.lugar = _estoque_lugar())
    THEN
        RETURN v_restauradas.pecas + _estoque_insistir('_estoque_reparar');
    END IF;
    RETURN v_restauradas.pecas + _estoque_entregar();
END
$body$;

REVOKE ALL ON FUNCTION estoque_vigiar() FROM PUBLIC;
COMMENT ON FUNCTION estoque_vigiar() IS
    'Puts back missing triggers and changed parts of the installation, and counts what was missed.';

-- sql/15_agenda/_estoque_exigir_cron.sql
-- Refuses where pg_cron is not in this database (EP004), saying what to do instead: p_alhures is the
-- statement for the database it is in. Refuses (42501) who may not use the schema cron, and (0A000) a
-- node of Citus: a job belongs to the coordinator, from where it follows the schema to any node.
CREATE OR REPLACE FUNCTION _estoque_exigir_cron(p_alhures text) RETURNS void
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $body$
DECLARE
    v_cron record;
    v_modelo text;
    v_dica text;
    v_valores text[];
    v_coordenador boolean := true;
BEGIN
    IF _estoque_no_citus() THEN
        EXECUTE format('SELECT %I()', 'citus_is_coordinator') INTO v_coordenador;
    END IF;
    IF NOT v_coordenador THEN
        v_modelo :=
            'the minute job of a schema that Citus has distributed is scheduled at the coordinator';
        v_dica := 'Connect to the coordinator and run it again.';
        RAISE EXCEPTION USING ERRCODE = 'feature_not_supported', MESSAGE = v_modelo, HINT = v_dica,
            CONSTRAINT = v_modelo, DATATYPE = '[]';
    END IF;
    SELECT k.* INTO v_cron FROM _estoque_cron() AS k;
    IF NOT v_cron.aqui THEN
        v_modelo := 'pg_cron is not in the database %s';
        v_dica := 'In the database %s, where pg_cron is, run: %s; or let `estoque worker` do the job.';
        v_valores := ARRAY[quote_ident(coalesce(v_cron.banco_do_cron, 'postgres')), p_alhures];
        RAISE EXCEPTION USING ERRCODE = 'EP004',
            MESSAGE = format(v_modelo, quote_ident(v_cron.banco)),
            HINT = format(v_dica, VARIADIC v_valores),
            CONSTRAINT = v_modelo,
            DATATYPE = json_build_object('valores', json_build_array(quote_ident(v_cron.banco)),
                'dica', v_dica || v_valores)::text;
    ELSIF NOT has_schema_privilege('cron', 'USAGE') THEN
        v_modelo := 'permission denied for the schema cron to %s';
        v_dica := 'As superuser: %s';
        v_valores := ARRAY[format('GRANT USAGE ON SCHEMA cron TO %I;', current_user)];
        RAISE EXCEPTION USING ERRCODE = 'insufficient_privilege',
            MESSAGE = format(v_modelo, quote_ident(current_user)),
            HINT = format(v_dica, VARIADIC v_valores),
            CONSTRAINT = v_modelo,
            DATATYPE = json_build_object('valores', json_build_array(quote_ident(current_user)),
                'dica', v_dica || v_valores)::text;
    END IF;
END
$body$;

GRANT EXECUTE ON FUNCTION _estoque_exigir_cron(text) TO PUBLIC;
COMMENT ON FUNCTION _estoque_exigir_cron(text) IS
    'Raises unless pg_cron is in this database and the caller may use it; inner use.';

-- sql/15_agenda/estoque_agendar.sql
-- Puts the minute job into the pg_cron of this database, to run every minute as the caller; returns
-- the job's name. Calling it again leaves one job, made anew: pg_cron keeps in a job the host it was
-- made with. Raises EP004 where pg_cron is not in this database, 42501 without the right to use it
-- or to run the job.
CREATE OR REPLACE FUNCTION estoque_agendar() RETURNS text
LANGUAGE plpgsql VOLATILE
SET search_path FROM CURRENT
AS $body$
DECLARE
    v_cron record;
    v_comando text;
    v_modelo CONSTANT text := 'the job would run as %s, who may not run it';
    v_dica CONSTANT text := 'As the owner: %s';
BEGIN
    SELECT k.* INTO v_cron FROM _estoque_cron() AS k;
    IF NOT has_function_privilege('estoque_minuto()', 'EXECUTE') THEN
        v_comando := format('GRANT EXECUTE ON FUNCTION %I.estoque_minuto() TO %I;',
            current_schema(), current_user);
        RAISE EXCEPTION USING ERRCODE = 'insufficient_privilege',
            MESSAGE = format(v_modelo, quote_ident(current_user)),
            HINT = format(v_dica, v_comando),
            CONSTRAINT = v_modelo,
            DATATYPE = json_build_object('valores', json_build_array(quote_ident(current_user)),
                'dica', json_build_array(v_dica, v_comando))::text;
    END IF;
    PERFORM _estoque_exigir_cron(format('SELECT cron.schedule_in_database(%L, %L, %L, %L)',
        v_cron.nome, v_cron.horario, v_cron.comando, v_cron.banco));
    PERFORM estoque_desagendar();
    -- Put together at run time: where the function is made there may be no schema cron.
    EXECUTE format('SELECT %I.schedule($1, $2, $3)', 'cron')
    USING v_cron.nome, v_cron.horario, v_cron.comando;
    RETURN v_cron.nome;
END
$body$;

REVOKE ALL ON FUNCTION estoque_agendar() FROM PUBLIC;
COMMENT ON FUNCTION estoque_agendar() IS
    'Puts the minute job into pg_cron, every minute; the name of the job.';

-- sql/16_acesso/estoque_conceder.sql
-- Gives a role what a reading or a writing application needs, and no more: a reader the schema and
-- the results, a writer the schema, the sources and the rules (it needs no right on the results: the
-- triggers run with their owner's), who makes copies with pg_dump (copia) reading of all that is ours and of
-- the sources, with their partitions and sequences. Returns the statements it ran. Runs with the
-- caller's rights, who has to be the owner, or hold them with the grant option. Raises 42704 for a
-- role that does not exist.
CREATE FUNCTION estoque_conceder(
    papel text, leitura boolean, escrita boolean DEFAULT false, copia boolean DEFAULT false
)
RETURNS SETOF text
LANGUAGE plpgsql VOLATILE
SET search_path FROM CURRENT
AS $body$
DECLARE
    v_schema name := current_schema();
    v_fontes text[] := ARRAY(SELECT f.tabela FROM _estoque_fontes() AS f ORDER BY f.ordem);
    v_nome text;
    v_relacoes oid[];
BEGIN
    IF leitura OR escrita OR copia THEN
        EXECUTE format('GRANT USAGE ON SCHEMA %I TO %I', v_schema, papel);
        RETURN NEXT format('GRANT USAGE ON SCHEMA %I TO %I', v_schema, papel);
    END IF;
    FOREACH v_nome IN ARRAY CASE WHEN leitura THEN ARRAY['estoque_tempo_real',
        'movimentacao_prevista', 'estoque_por_codigo', 'estoque_codigo_conhecido', 'estoque_lote',
        'estoque_regra']
        ELSE '{}' END
    LOOP
        EXECUTE format('GRANT SELECT ON %I.%I TO %I', v_schema, v_nome, papel);
        RETURN NEXT format('GRANT SELECT ON %I.%I TO %I', v_schema, v_nome, papel);
    END LOOP;
    -- What shows the ERP's documents, without any right on the sources.
    FOREACH v_nome IN ARRAY CASE WHEN leitura THEN ARRAY[
        'estoque_documentos(text, integer)', 'estoque_explicar(text, integer)',
        'estoque_simular(jsonb, integer)', '_estoque_simulados(jsonb, integer)',
        'estoque_projecao_simulada(text, jsonb, integer)',
        '_estoque_projecao_simulada(text, jsonb, integer)', 'estoque_abaixo_do_minimo(integer)',
        'estoque_incoerencias()', 'estoque_cobertura(text[])',
        'estoque_transicoes(timestamptz, integer, bigint)']
        ELSE '{}' END
    LOOP
        EXECUTE format('GRANT EXECUTE ON FUNCTION %I.%s TO %I', v_schema, v_nome, papel);
        RETURN NEXT format('GRANT EXECUTE ON FUNCTION %I.%s TO %I', v_schema, v_nome, papel);
    END LOOP;
    FOREACH v_nome IN ARRAY CASE WHEN escrita THEN v_fontes || 'estoque_regra'::text ELSE '{}' END
    LOOP
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I.%I TO %I',
            v_schema, v_nome, papel);
        RETURN NEXT format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I.%I TO %I',
            v_schema, v_nome, papel);
    END LOOP;
    -- What lays down rules, and who is told of what. Subscriptions are read and written by these alone.
    FOREACH v_nome IN ARRAY CASE WHEN escrita THEN ARRAY[
        'estoque_definir_regra(text, numeric, integer, numeric, text, text[])',
        'estoque_inscrever(text, text, text, text[], text, text, text[], time, text, text)',
        'estoque_inscricoes()', 'estoque_cancelar_inscricao(bigint)',
        'estoque_pausar_inscricao(bigint, boolean)', 'estoque_testar_inscricao(bigint)',
        'estoque_entregas_pendentes()', 'estoque_entregas_mortas()', 'estoque_reenviar(bigint)',
        'estoque_reenviar_mortas(bigint)', 'estoque_descartar_entrega(bigint)']
        ELSE '{}' END
    LOOP
        EXECUTE format('GRANT EXECUTE ON FUNCTION %I.%s TO %I', v_schema, v_nome, papel);
        RETURN NEXT format('GRANT EXECUTE ON FUNCTION %I.%s TO %I', v_schema, v_nome, papel);
    END LOOP;
    -- Keys of type serial draw from a sequence with rights of its own.
    FOR v_nome IN
        SELECT s.relname::text
        FROM pg_class AS s
        JOIN pg_depend AS d ON d.classid = 'pg_class'::regclass AND d.objid = s.oid
            AND d.deptype = 'a' AND d.refclassid = 'pg_class'::regclass
        JOIN pg_class AS t ON t.oid = d.refobjid AND t.relnamespace = s.relnamespace
        JOIN pg_namespace AS n ON n.oid = s.relnamespace AND n.nspname = v_schema
        WHERE escrita AND s.relkind = 'S' AND t.relname = ANY (v_fontes)
        ORDER BY s.relname
    LOOP
        EXECUTE format('GRANT USAGE ON SEQUENCE %I.%I TO %I', v_schema, v_nome, papel);
        RETURN NEXT format('GRANT USAGE ON SEQUENCE %I.%I TO %I', v_schema, v_nome, papel);
    END LOOP;
    -- pg_dump locks and reads every table, partitions by themselves, and asks each sequence.
    IF copia THEN
        SELECT array_agg(x.oid) INTO v_relacoes
        FROM (SELECT r.oid FROM pg_class AS r JOIN pg_namespace AS n ON n.oid = r.relnamespace
              WHERE n.nspname = v_schema AND r.relkind IN ('r', 'v')
                  AND r.relname = ANY (_estoque_relacoes())
              UNION
              SELECT g.relacao::oid FROM estoque_gatilhos() AS g
              WHERE g.relacao IS NOT NULL AND g.estado <> 'stray') AS x;
        FOR v_nome IN
            SELECT format('%I.%I', n.nspname, r.relname)
            FROM pg_class AS r
            JOIN pg_namespace AS n ON n.oid = r.relnamespace
            WHERE r.oid = ANY (v_relacoes) OR r.relkind = 'S' AND EXISTS (
                SELECT FROM pg_depend AS d
                WHERE d.classid = 'pg_class'::regclass AND d.objid = r.oid
                    AND d.deptype IN ('a', 'i') AND d.refclassid = 'pg_class'::regclass
                    AND d.refobjid = ANY (v_relacoes))
            ORDER BY r.relkind = 'S', n.nspname, r.relname
        LOOP
            EXECUTE format('GRANT SELECT ON %s TO %I', v_nome, papel);
            RETURN NEXT format('GRANT SELECT ON %s TO %I', v_nome, papel);
        END LOOP;
    END IF;
END
$body$;

REVOKE ALL ON FUNCTION estoque_conceder(text, boolean, boolean, boolean) FROM PUBLIC;
COMMENT ON FUNCTION estoque_conceder(text, boolean, boolean, boolean) IS
    'Grants a role what a reader, a writer or a backup needs; returns the statements run.';

-- sql/17_instalacao/_estoque_ajustar_ao_citus.sql
-- Where Citus has distributed the schema, gives our functions what they need there: the one place that
-- knows it. How a function is carried out changes, never what it says. Done before the parts are signed
-- (_estoque_assinar), so that what goes missing of it is told and put back like anything else, and each
-- time parts were put back. Does nothing without Citus.
--
-- - What reads tables may stand in a query that Citus sends to the node of the schema, and then reads
--   there: all tables of the schema are on that one node. Never in parallel: a statement of Citus is not.
-- - A body of LANGUAGE sql that reads tables is not planned there; it becomes one of PL/pgSQL, as it is.
-- - INSERT ... SELECT with a parameter has no plan that does not know its value.
-- - Triggers on a distributed table have to be allowed.
-- - What has to see one snapshot, or locks what is of one server, runs whole on that node.
CREATE FUNCTION _estoque_ajustar_ao_citus() RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path FROM CURRENT
SET quote_all_identifiers = off
SET client_min_messages = warning
SET check_function_bodies = off
AS $body$
DECLARE
    c_com_valores CONSTANT text[] := ARRAY['_estoque_contribuicoes', '_estoque_registrar',
        '_estoque_travar_lotes', '_estoque_prever_varios'];
    -- These read the catalogs of the server at which they are called, or change them.
    c_daqui CONSTANT text[] := ARRAY['estoque_hoje', 'estoque_agendar', 'estoque_desagendar',
        'estoque_conceder', 'estoque_vigiar', 'estoque_reapontar', 'estoque_gatilhos',
        'estoque_alterados', 'estoque_desajustes'];
    v_nossas text[];
    v_funcao record;
    v_tabela regclass;
BEGIN
    IF NOT _estoque_no_citus() THEN
        RETURN;
    END IF;
    -- A table that a function has made is left at the coordinator.
    FOR v_tabela IN EXECUTE format('SELECT c.oid::regclass FROM pg_class AS c'
        ' WHERE c.relnamespace = quote_ident(current_schema())::regnamespace AND c.relkind = ''r'''
        ' AND c.relname = ANY (_estoque_relacoes())'
        ' AND c.oid NOT IN (SELECT d.logicalrelid FROM %I AS d)', 'pg_dist_partition')
    LOOP
        EXECUTE format('SELECT %I($1, NULL, colocate_with := $2)', 'create_distributed_table')
        USING v_tabela, format('%I.movimentacao_estoque', current_schema());
    END LOOP;
    v_nossas := ARRAY(SELECT a.objeto FROM estoque_assinatura AS a WHERE a.tipo = 'function');
    FOR v_funcao IN
        SELECT p.oid::regprocedure AS nome, p.proname::text AS curto, p.provolatile AS especie,
            c.corpo IS NOT NULL AS em_sql,
            -- NULL but for a body of LANGUAGE sql that is a query.
            regexp_replace(pg_get_functiondef(p.oid),
                ' LANGUAGE sql(.*)(AS \$function\$|BEGIN ATOMIC).*$', ' LANGUAGE plpgsql\1AS ') || quote_literal(format(
                    E'#variable_conflict use_column\nBEGIN\n    %s;\nEND', CASE
                        WHEN p.proretset THEN 'RETURN QUERY ' || c.corpo
                        ELSE 'RETURN (' || c.corpo || ')' END)) AS convertida
        FROM pg_proc AS p
        JOIN pg_language AS l ON l.oid = p.prolang
        CROSS JOIN LATERAL (
            SELECT CASE WHEN l.lanname <> 'sql' THEN NULL
                WHEN p.prosrc <> '' THEN p.prosrc
                ELSE substring(pg_get_function_sqlbody(p.oid)
                    FROM '^BEGIN ATOMIC\s+(.*);\s*END$') END AS corpo
        ) AS c
        WHERE p.pronamespace = quote_ident(current_schema())::regnamespace
            AND p.prokind = 'f' AND p.proname ~ '^_?estoque_' AND p.proname <> 'estoque_hoje'
            AND (age(p.xmin) <= 0 OR p.oid::regprocedure::text = ANY (v_nossas))
    LOOP
        IF v_funcao.especie = 's' THEN
            IF v_funcao.em_sql THEN
                EXECUTE v_funcao.convertida;
                EXECUTE format('ALTER FUNCTION %s SET search_path = %I, pg_temp', v_funcao.nome,
                    current_schema());
            END IF;
            EXECUTE format('ALTER FUNCTION %s PARALLEL UNSAFE'
                ' SET citus.allow_nested_distributed_execution = on', v_funcao.nome);
        END IF;
        IF v_funcao.curto = '_estoque_vigiar' THEN
            EXECUTE format('ALTER FUNCTION %s SET citus.enable_unsafe_triggers = on', v_funcao.nome);
        END IF;
        IF v_funcao.curto = ANY (c_com_valores) THEN
            EXECUTE format('ALTER FUNCTION %s SET plan_cache_mode = force_custom_plan',
                v_funcao.nome);
        END IF;
        IF v_funcao.curto ~ '^estoque_' AND v_funcao.especie <> 'i'
            AND v_funcao.curto <> ALL (c_daqui)
        THEN
            EXECUTE format('SELECT %I($1, colocate_with := $2)', 'create_distributed_function')
            USING v_funcao.nome, format('%I.estoque_tempo_real', current_schema());
        END IF;
    END LOOP;
END
$body$;

REVOKE ALL ON FUNCTION _estoque_ajustar_ao_citus() FROM PUBLIC;
COMMENT ON FUNCTION _estoque_ajustar_ao_citus() IS
    'Gives our functions what they need where Citus has distributed the schema; inner use.';

-- sql/17_instalacao/_estoque_avisar_criadores.sql
-- Warns of who may put things into the schema, which is where our functions look for what they name:
-- an operator for exactly varchar would be preferred to PostgreSQL's own. Up to PostgreSQL 14
-- everybody may in the usual one.
CREATE OR REPLACE FUNCTION _estoque_avisar_criadores() RETURNS void
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $body$
DECLARE
    v_criadores text;
    v_modelo CONSTANT text := 'estoque_pg: warning: who may create objects in schema %s can make our'
        ' functions run code with the rights of %s: REVOKE CREATE ON SCHEMA %s FROM %s, or install as'
        ' a role that has no more rights than these';
    v_valores text[];
BEGIN
    SELECT string_agg(DISTINCT CASE x.grantee WHEN 0 THEN 'PUBLIC' ELSE x.grantee::regrole::text END,
        ', ')
    INTO v_criadores
    FROM pg_namespace AS n
    CROSS JOIN LATERAL aclexplode(n.nspacl) AS x
    LEFT JOIN pg_roles AS r ON r.oid = x.grantee
    WHERE n.nspname = current_schema() AND x.privilege_type = 'CREATE' AND x.grantee <> n.nspowner
        AND r.rolname IS DISTINCT FROM current_user AND r.rolsuper IS NOT TRUE;
    IF v_criadores IS NOT NULL THEN
        v_valores := ARRAY[quote_ident(current_schema()), quote_ident(current_user),
            quote_ident(current_schema()), v_criadores];
        RAISE NOTICE USING MESSAGE = format(v_modelo, VARIADIC v_valores),
            CONSTRAINT = v_modelo, DATATYPE = to_json(v_valores)::text;
    END IF;
END
$body$;

REVOKE ALL ON FUNCTION _estoque_avisar_criadores() FROM PUBLIC;
COMMENT ON FUNCTION _estoque_avisar_criadores() IS
    'Warns of who may create objects in the schema of the installation; inner use.';

-- sql/17_instalacao/_estoque_carregar.sql
-- Makes the result tables exact while the writers are held off: set-wise where nothing is there yet,
-- by rebuilding everything where an upgrade may have changed what counts. Where writers go on instead,
-- what they write is noted, and put right after (see _estoque_alcancar).
-- The rows are looked at once more first, now that no writer can bring one that cannot be counted.
CREATE OR REPLACE FUNCTION _estoque_carregar() RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path FROM CURRENT
AS $body$
DECLARE
    v_agora timestamptz := now();
    v_lugar text := _estoque_lugar();
    v_lotes text[];
    v_produtos text[];
BEGIN
    -- Sums and sorts of everything there is, once.
    PERFORM set_config('work_mem', '256MB', true);
    PERFORM _estoque_exigir_linhas();
    RAISE NOTICE 'estoque_pg: filling the result tables';
    IF EXISTS (SELECT FROM estoque_codigo_conhecido) THEN
        PERFORM _estoque_recalcular_tudo();
    ELSE
        v_lotes := ARRAY(
            SELECT DISTINCT e.separacao_lote_id::text FROM embarque_itens AS e
            WHERE e.separacao_lote_id IS NOT NULL
                AND _estoque_fatura(e.status, e.nota_fiscal, e.erro_validacao));
        PERFORM _estoque_abrir_lotes(v_lotes);

        INSERT INTO estoque_codigo_conhecido (codigo, cod_produto)
        SELECT m.codigo, coalesce(k.cod_produto, m.codigo)
        FROM _estoque_mencionados() AS m (codigo)
        LEFT JOIN _estoque_canonicos() AS k ON k.codigo = m.codigo;

        INSERT INTO estoque_tempo_real (cod_produto, atualizado_em, comparado_em)
        SELECT DISTINCT c.cod_produto, v_agora, v_agora FROM estoque_codigo_conhecido AS c;

        v_produtos := ARRAY(
            SELECT t.cod_produto FROM estoque_tempo_real AS t ORDER BY t.cod_produto);
        PERFORM _estoque_recalcular(v_produtos, true);
        UPDATE estoque_controle SET lugar = v_lugar;
    END IF;
    -- Plans made before statistics exist would last as long as the sessions that make them.
    ANALYZE estoque_codigo_conhecido, estoque_tempo_real, movimentacao_prevista, estoque_lote;
END
$body$;

REVOKE ALL ON FUNCTION _estoque_carregar() FROM PUBLIC;
COMMENT ON FUNCTION _estoque_carregar() IS
    'Fills the result tables, or rebuilds them, at an installation; inner use.';

-- sql/17_instalacao/_estoque_desajustes.sql
-- What of the sources does not fit: columns that are missing or of another type, owners, policies, names
-- of our indexes that something else bears; and what the owner of our functions may not do. Empty is
-- good. dito is texto in parts: a model of format() and its values. p_papel is who owns them, or is about to; NULL who does.
CREATE FUNCTION _estoque_desajustes(p_papel name)
RETURNS TABLE (nome text, texto text, dito text[])
LANGUAGE plpgsql STABLE ROWS 1
SET search_path FROM CURRENT
AS $body$
DECLARE
    v_papel name := coalesce(p_papel, (
        SELECT pg_get_userbyid(p.proowner) FROM pg_proc AS p
        WHERE p.oid = 'estoque_desajustes'::regproc));
BEGIN
    RETURN QUERY
    SELECT d.nome, format(d.dito[1], VARIADIC d.dito[2:]), d.dito
    FROM (
        SELECT * FROM _estoque_desajustes_das_colunas()
        UNION ALL
        SELECT * FROM _estoque_desajustes_das_tabelas(v_papel)
        UNION ALL
        SELECT * FROM _estoque_desajustes_dos_indices()
    ) AS d
    ORDER BY 1, 2;
END
$body$;

GRANT EXECUTE ON FUNCTION _estoque_desajustes(name) TO PUBLIC;
COMMENT ON FUNCTION _estoque_desajustes(name) IS
    'What of the sources does not fit, also in parts: a model and its values; inner use.';

-- sql/17_instalacao/_estoque_desajustes_das_colunas.sql
-- What does not fit of the columns of the sources: tables and columns that are missing, types that
-- cannot be counted, collations that cannot be compared. nome is what it is about, for the order; dito is
-- a model of format() and its values.
CREATE FUNCTION _estoque_desajustes_das_colunas() RETURNS TABLE (nome text, dito text[])
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $body$
BEGIN
    RETURN QUERY
    WITH coluna AS (
        SELECT e.tabela, e.tipos, r.oid AS relacao, format('%I.%I', e.tabela, e.coluna) AS nome,
            a.attname, format_type(a.atttypid, a.atttypmod) AS tipo, t.typname, b.typname AS base,
            o.collname AS ordenacao, o.collisdeterministic AS exata
        FROM _estoque_colunas_das_fontes() AS e
        LEFT JOIN pg_class AS r ON r.relname = e.tabela AND r.relkind IN ('r', 'p')
            AND r.relnamespace = quote_ident(current_schema())::regnamespace
        LEFT JOIN pg_attribute AS a ON a.attrelid = r.oid AND a.attname = e.coluna
            AND a.attnum > 0 AND NOT a.attisdropped
        LEFT JOIN pg_type AS t ON t.oid = a.atttypid
        LEFT JOIN pg_type AS b ON b.oid = t.typbasetype
        LEFT JOIN pg_collation AS o ON o.oid = a.attcollation
    )
    SELECT DISTINCT c.tabela, ARRAY['%s is not a table', quote_ident(c.tabela)]
    FROM coluna AS c WHERE c.relacao IS NULL
    UNION ALL
    SELECT c.nome, ARRAY['%s is missing', c.nome]
    FROM coluna AS c WHERE c.relacao IS NOT NULL AND c.attname IS NULL
    UNION ALL
    SELECT c.nome, ARRAY['%s is %s, expected %s', c.nome, c.tipo,
        (SELECT string_agg(x.tipo::regtype::text, ', ') FROM _estoque_tipos_aceitos() AS x
         WHERE x.tipos = c.tipos)]
    FROM coluna AS c
    WHERE c.attname IS NOT NULL AND c.tipos <> 'qualquer' AND NOT EXISTS (
        SELECT FROM _estoque_tipos_aceitos() AS x
        WHERE x.tipos = c.tipos AND x.tipo IN (c.typname, c.base))
    UNION ALL
    -- Codes are compared as they are written: 'abc' and 'ABC' are two.
    SELECT c.nome, ARRAY['%s has the nondeterministic collation %s', c.nome, quote_ident(c.ordenacao)]
    FROM coluna AS c WHERE c.tipos IN ('texto', 'codigo') AND NOT c.exata
    UNION ALL
    -- PostgreSQL does not compare columns of two collations, unless one is the database's own.
    SELECT min(c.nome), ARRAY['%s have different collations: %s',
        string_agg(c.nome, ', ' ORDER BY c.nome),
        string_agg(DISTINCT quote_ident(c.ordenacao), ', ')]
    FROM coluna AS c
    WHERE c.attname IN ('cod_produto', 'separacao_lote_id') AND c.ordenacao <> 'default'
    GROUP BY c.attname
    HAVING count(DISTINCT c.ordenacao) > 1;
END
$body$;

GRANT EXECUTE ON FUNCTION _estoque_desajustes_das_colunas() TO PUBLIC;
COMMENT ON FUNCTION _estoque_desajustes_das_colunas() IS
    'What does not fit of the columns of the sources; inner use.';

-- sql/17_instalacao/_estoque_desajustes_das_tabelas.sql
-- What does not fit of the sources as tables: owners, policies that hide rows, partitions that are
-- elsewhere, a source that is itself below another table; and what p_papel, who owns our functions or
-- is about to, may not do. nome is what it is about, for the order; dito is a
-- model of format() and its values.
CREATE FUNCTION _estoque_desajustes_das_tabelas(p_papel name) RETURNS TABLE (nome text, dito text[])
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $body$
BEGIN
    RETURN QUERY
    WITH RECURSIVE fonte AS (
        SELECT f.tabela, r.oid AS relacao
        FROM _estoque_fontes() AS f
        JOIN pg_class AS r ON r.relname = f.tabela AND r.relkind IN ('r', 'p')
            AND r.relnamespace = quote_ident(current_schema())::regnamespace
    ),
    arvore AS (
        SELECT f.tabela, f.relacao FROM fonte AS f
        UNION
        SELECT a.tabela, i.inhrelid FROM arvore AS a JOIN pg_inherits AS i ON i.inhparent = a.relacao
    )
    -- Indexes ask for the owner's rights, and the triggers' functions read as the installer.
    SELECT a.tabela, ARRAY['%s is owned by %s, and %s is no member of that role',
        a.relacao::regclass::text, r.relowner::regrole::text, quote_ident(p_papel)]
    FROM arvore AS a JOIN pg_class AS r ON r.oid = a.relacao
    WHERE NOT pg_has_role(p_papel, r.relowner, 'USAGE')
    UNION ALL
    -- What row_security_active says of the current role.
    SELECT f.tabela, ARRAY['%s hides rows from %s by row level security',
        quote_ident(f.tabela), quote_ident(p_papel)]
    FROM fonte AS f
    JOIN pg_class AS r ON r.oid = f.relacao AND r.relrowsecurity
    JOIN pg_roles AS p ON p.rolname = p_papel AND NOT p.rolsuper AND NOT p.rolbypassrls
    WHERE r.relforcerowsecurity OR NOT pg_has_role(p_papel, r.relowner, 'USAGE')
    UNION ALL
    SELECT current_schema()::text, ARRAY['%s may not use the schema %s',
        quote_ident(p_papel), quote_ident(current_schema())]
    WHERE NOT has_schema_privilege(p_papel, current_schema(), 'USAGE')
    UNION ALL
    SELECT f.tabela, ARRAY['%s may not read %s', quote_ident(p_papel), quote_ident(f.tabela)]
    FROM fonte AS f
    WHERE NOT has_table_privilege(p_papel, f.relacao, 'SELECT')
    UNION ALL
    SELECT r.relname::text, ARRAY['%s may not read and write %s',
        quote_ident(p_papel), quote_ident(r.relname)]
    FROM pg_class AS r
    CROSS JOIN LATERAL (
        SELECT bool_and(has_table_privilege(p_papel, r.oid, x.direito)) AS tudo
        FROM (VALUES ('SELECT'), ('INSERT'), ('UPDATE'), ('DELETE')) AS x (direito)
    ) AS d
    WHERE r.relnamespace = quote_ident(current_schema())::regnamespace AND r.relkind = 'r'
        AND r.relname = ANY (_estoque_relacoes()) AND NOT d.tudo
    UNION ALL
    SELECT DISTINCT a.tabela, ARRAY['%s has a foreign table among its partitions',
        quote_ident(a.tabela)]
    FROM arvore AS a JOIN pg_class AS r ON r.oid = a.relacao
    WHERE r.relkind = 'f'
    UNION ALL
    -- A statement fires the triggers of the table it names, not those of the tables below it.
    SELECT f.tabela, ARRAY['%s is a partition or child of %s: what is written through that'
        ' would not be seen', quote_ident(f.tabela), i.inhparent::regclass::text]
    FROM fonte AS f JOIN pg_inherits AS i ON i.inhrelid = f.relacao;
END
$body$;

GRANT EXECUTE ON FUNCTION _estoque_desajustes_das_tabelas(name) TO PUBLIC;
COMMENT ON FUNCTION _estoque_desajustes_das_tabelas(name) IS
    'What does not fit of the sources as tables; inner use.';

-- sql/17_instalacao/_estoque_desajustes_dos_indices.sql
-- Names of our indexes on the sources that something else bears. An index of ours is one by its name
-- and columns: what an installation that was cut off may have left is taken over, and one that went
-- with a table that is no source any more gives the name up (see _estoque_indexar_fontes).
CREATE FUNCTION _estoque_desajustes_dos_indices() RETURNS TABLE (nome text, dito text[])
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $body$
BEGIN
    RETURN QUERY
    SELECT d.nome, ARRAY['%s is there already, and is not ours', quote_ident(d.nome)]
    FROM _estoque_indices_das_fontes() AS d
    JOIN pg_class AS r ON r.relname = d.nome
        AND r.relnamespace = quote_ident(current_schema())::regnamespace
    LEFT JOIN pg_index AS x ON x.indexrelid = r.oid AND NOT x.indisunique
        AND (x.indpred IS NOT NULL) = (d.definicao ~ ' WHERE ')
    WHERE x.indexrelid IS NULL OR d.colunas <> (
        SELECT array_agg(pg_get_indexdef(r.oid, k, true) ORDER BY k)
        FROM generate_series(1, x.indnatts::integer) AS k);
END
$body$;

GRANT EXECUTE ON FUNCTION _estoque_desajustes_dos_indices() TO PUBLIC;
COMMENT ON FUNCTION _estoque_desajustes_dos_indices() IS
    'Names of our indexes on the sources that something else bears; inner use.';

-- sql/17_instalacao/_estoque_entregar.sql
-- Gives what is ours to the owner of the sources, where somebody else has installed it (a superuser, as
-- a rule): who owns the tables then upgrades, mends and removes it as well, and the triggers run with
-- no more rights than that. Sources that this transaction has made go with it. Where the sources have
-- several owners, or the role may not give it away, it says what that costs.
-- Returns how many objects it gave. Needs the signatures.
CREATE FUNCTION _estoque_entregar() RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET search_path FROM CURRENT
AS $body$
DECLARE
    v_donos oid[];
    v_objetos text[];
    v_de oid;
    v_objeto text;
    v_modelo text;
    v_valores text[];
BEGIN
    SELECT array_agg(DISTINCT r.relowner) INTO v_donos
    FROM _estoque_fontes() AS f
    JOIN pg_class AS r ON r.oid = to_regclass(f.tabela)
    JOIN pg_type AS t ON t.oid = r.reltype AND age(t.xmin) > 0;

    SELECT array_agg(format('%s %s', x.tipo, x.nome)), min(x.dono) INTO v_objetos, v_de
    FROM (
        SELECT CASE r.relkind WHEN 'c' THEN 'TYPE' WHEN 'v' THEN 'VIEW' ELSE 'TABLE' END AS tipo,
            quote_ident(r.relname) AS nome, r.relowner AS dono
        FROM pg_class AS r
        JOIN pg_type AS t ON t.oid = r.reltype
        WHERE r.relnamespace = quote_ident(current_schema())::regnamespace
            AND r.relkind IN ('c', 'r', 'p', 'v')
            AND (r.relname = ANY (_estoque_relacoes())
                OR age(t.xmin) <= 0 AND r.relname IN (SELECT f.tabela FROM _estoque_fontes() AS f))
        UNION ALL
        SELECT 'FUNCTION', a.objeto, p.proowner
        FROM estoque_assinatura AS a
        JOIN pg_proc AS p ON p.oid = to_regprocedure(a.objeto)
        WHERE a.tipo = 'function'
    ) AS x
    WHERE x.dono <> ALL (v_donos);
    IF v_objetos IS NULL THEN
        RETURN 0::bigint;
    END IF;

    BEGIN
        IF cardinality(v_donos) = 1 THEN
            FOREACH v_objeto IN ARRAY v_objetos LOOP
                EXECUTE format('ALTER %s OWNER TO %s', v_objeto, v_donos[1]::regrole);
            END LOOP;
            v_modelo := 'estoque_pg: what is ours belongs to %s, as the sources do';
            RAISE NOTICE USING MESSAGE = format(v_modelo, v_donos[1]::regrole),
                CONSTRAINT = v_modelo, DATATYPE = json_build_array(v_donos[1]::regrole)::text;
            RETURN cardinality(v_objetos)::bigint;
        END IF;
    EXCEPTION WHEN insufficient_privilege THEN
        NULL;  -- told below
    END;
    v_modelo := 'estoque_pg: warning: the sources belong to %s, and what is ours to %s: that role alone'
        ' can upgrade, mend or remove it, and the triggers run with its rights';
    v_valores := ARRAY[(SELECT string_agg(d::regrole::text, ', ') FROM unnest(v_donos) AS d),
        v_de::regrole::text];
    RAISE NOTICE USING MESSAGE = format(v_modelo, VARIADIC v_valores),
        CONSTRAINT = v_modelo, DATATYPE = to_json(v_valores)::text;
    RETURN 0::bigint;
END
$body$;

REVOKE ALL ON FUNCTION _estoque_entregar() FROM PUBLIC;
COMMENT ON FUNCTION _estoque_entregar() IS
    'Gives what is ours to the owner of the sources; inner use.';

-- sql/17_instalacao/_estoque_exigir_fontes.sql
-- Refuses to install on tables that do not fit, naming every misfit at once. Raises EP003.
CREATE FUNCTION _estoque_exigir_fontes(
    p_dica text DEFAULT 'Mend what is named, or choose another schema, then install again.'
) RETURNS void
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $body$
DECLARE
    v_modelo CONSTANT text := 'the tables of schema %s do not fit';
    v_desajustes text;
    v_ditos json;
BEGIN
    SELECT string_agg(d.texto, E'\n' ORDER BY d.nome, d.texto),
        json_agg(d.dito ORDER BY d.nome, d.texto)
    INTO v_desajustes, v_ditos
    FROM _estoque_desajustes(current_user) AS d;
    IF v_desajustes IS NOT NULL THEN
        RAISE EXCEPTION USING
            ERRCODE = 'EP003',
            MESSAGE = format(v_modelo, quote_ident(current_schema())),
            DETAIL = v_desajustes,
            HINT = p_dica,
            CONSTRAINT = v_modelo,
            DATATYPE = json_build_object('valores', json_build_array(quote_ident(current_schema())),
                'detalhe', v_ditos)::text;
    END IF;
END
$body$;

REVOKE ALL ON FUNCTION _estoque_exigir_fontes(text) FROM PUBLIC;
COMMENT ON FUNCTION _estoque_exigir_fontes(text) IS
    'Raises EP003 for source tables that do not fit; inner use.';

-- sql/17_instalacao/_estoque_exigir_linhas.sql
-- Refuses to install over rows that cannot be counted, listing all of them with queries that find
-- them. With the setting estoque_pg.tolerante = 'on', or where rows were left out before, they are
-- left out instead, with a notice.
-- Raises EP001 for quantities, else EP002 for unifications.
CREATE OR REPLACE FUNCTION _estoque_exigir_linhas() RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path FROM CURRENT
AS $body$
DECLARE
    v_linha record;
    v_lista text := '';
    v_ditos json[] := ARRAY[]::json[];
    v_codigo text;
    v_modelo text;
BEGIN
    FOR v_linha IN SELECT r.* FROM _estoque_linhas_recusadas() AS r LOOP
        v_modelo := CASE WHEN v_linha.linhas > 1 THEN '%s: %s rows, %s' ELSE '%s: %s row, %s' END;
        v_lista := v_lista || format(E'\n' || v_modelo || E'\n    %s;', v_linha.tabela,
            v_linha.linhas, v_linha.motivo, v_linha.consulta);
        v_ditos := v_ditos
            || json_build_array(v_modelo, v_linha.tabela, v_linha.linhas, v_linha.motivos)
            || json_build_array('    %s;', v_linha.consulta);
        v_codigo := coalesce(v_codigo,
            CASE v_linha.tabela WHEN 'unificacao_codigos' THEN 'EP002' ELSE 'EP001' END);
    END LOOP;
    IF v_codigo IS NULL THEN
        RETURN;
    END IF;
    IF current_setting('estoque_pg.tolerante', true) = 'on'
        OR EXISTS (SELECT FROM estoque_controle AS c WHERE c.recusadas)
    THEN
        v_modelo := 'estoque_pg: left out:';
        RAISE NOTICE USING MESSAGE = v_modelo || v_lista, CONSTRAINT = v_modelo,
            DATATYPE = json_build_object('detalhe', v_ditos)::text;
        UPDATE estoque_controle SET recusadas = true;
        RETURN;
    END IF;
    v_modelo := 'the source tables have rows that cannot be counted';
    RAISE EXCEPTION USING ERRCODE = v_codigo, MESSAGE = v_modelo, CONSTRAINT = v_modelo,
        DETAIL = ltrim(v_lista, E'\n'), DATATYPE = json_build_object('detalhe', v_ditos)::text,
        HINT = 'Mend the rows the queries find, then install again; or leave them out with'
            ' --tolerante (SET estoque_pg.tolerante = on).';
END
$body$;

REVOKE ALL ON FUNCTION _estoque_exigir_linhas() FROM PUBLIC;
COMMENT ON FUNCTION _estoque_exigir_linhas() IS
    'Raises for source rows that cannot be counted, or leaves them out; inner use.';

-- sql/17_instalacao/_estoque_indexar_fontes.sql
-- Makes our indexes on the sources where they are missing; those of large tables the installer has
-- built before, beside the writers. One left invalid by an attempt that was cut off is made anew; one
-- that went with a table that was renamed, and replaced, stays there under another name.
CREATE OR REPLACE FUNCTION _estoque_indexar_fontes() RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path FROM CURRENT
AS $body$
DECLARE
    v_indice record;
BEGIN
    FOR v_indice IN
        SELECT d.*, EXISTS (
            SELECT FROM pg_index AS x JOIN pg_class AS r ON r.oid = x.indexrelid
            WHERE r.oid = to_regclass(d.nome) AND r.relkind = 'i' AND NOT x.indisvalid) AS partido,
            (SELECT x.indexrelid FROM pg_index AS x
             WHERE x.indexrelid = to_regclass(d.nome) AND x.indrelid <> to_regclass(d.tabela)) AS alheio
        FROM _estoque_indices_das_fontes() AS d
    LOOP
        IF v_indice.alheio IS NOT NULL THEN
            EXECUTE format('ALTER INDEX %I RENAME TO %I',
                v_indice.nome, v_indice.nome || '_' || v_indice.alheio);
        ELSIF v_indice.partido THEN
            EXECUTE format('DROP INDEX %I', v_indice.nome);
        END IF;
        -- In parts, as definicao says: every name is quoted.
        IF v_indice.definicao ~ ' WHERE ' THEN
            EXECUTE format('CREATE INDEX IF NOT EXISTS %I ON %I USING %I (%4$I) WHERE %4$I IS NOT NULL',
                v_indice.nome, v_indice.tabela, split_part(v_indice.definicao, ' ', 2),
                v_indice.colunas[1]);
        ELSIF cardinality(v_indice.colunas) = 1 THEN
            EXECUTE format('CREATE INDEX IF NOT EXISTS %I ON %I USING %I (%I)',
                v_indice.nome, v_indice.tabela, split_part(v_indice.definicao, ' ', 2),
                v_indice.colunas[1]);
        ELSE
            EXECUTE format('CREATE INDEX IF NOT EXISTS %I ON %I USING %I (%I, %I)',
                v_indice.nome, v_indice.tabela, split_part(v_indice.definicao, ' ', 2),
                v_indice.colunas[1], v_indice.colunas[2]);
        END IF;
    END LOOP;
END
$body$;

REVOKE ALL ON FUNCTION _estoque_indexar_fontes() FROM PUBLIC;
COMMENT ON FUNCTION _estoque_indexar_fontes() IS
    'Makes our indexes on the sources where they are missing; inner use.';

-- sql/17_instalacao/_estoque_limitar_direitos.sql
-- The rights on what is ours are those written beside each object. Default privileges, which an ERP's
-- database may well have (ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO app), gave more to some at
-- the creation: that is taken back, or an application could write the results and run what is inner.
-- SELECT on tables, views and sequences stays: it harms nothing, and whoever makes the backups has it.
-- An object that an upgrade dropped and made anew gets the rights back that its owner had given.
-- p_antes is what was there before, as the statement objetos_nossos lists it: new is what is not in it.
CREATE OR REPLACE FUNCTION _estoque_limitar_direitos(p_antes jsonb) RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path FROM CURRENT
AS $body$
DECLARE
    v_schema regnamespace := quote_ident(current_schema())::regnamespace;
    v_novas oid[];
    v_direito record;
BEGIN
    -- Numbers of relations and of functions in one list: below, each is looked up where it belongs.
    v_novas := ARRAY(
        SELECT o.oid FROM (
            SELECT r.oid FROM pg_class AS r
            WHERE r.relnamespace = v_schema AND r.relkind IN ('r', 'v', 'S')
                AND r.relname ~ '^(_yoyo_)?estoque_|^movimentacao_prevista$'
            UNION ALL
            SELECT p.oid FROM pg_proc AS p
            WHERE p.pronamespace = v_schema AND p.proname ~ '^_?estoque_'
        ) AS o
        WHERE o.oid NOT IN (SELECT x.oid FROM jsonb_to_recordset(p_antes) AS x (oid oid)));

    -- PUBLIC has what the files say; on sequences, and on the book of migrations, that is nothing.
    FOR v_direito IN
        SELECT r.oid::regclass AS objeto, nullif(x.grantee, 0)::regrole AS papel,
            bool_or(x.privilege_type = 'SELECT') AS le
        FROM pg_class AS r CROSS JOIN LATERAL aclexplode(r.relacl) AS x
        WHERE r.oid = ANY (v_novas) AND x.grantee <> r.relowner
            AND (x.grantee <> 0 OR r.relkind = 'S' OR r.relname ~ '^_yoyo_')
        GROUP BY r.oid, x.grantee
    LOOP
        IF v_direito.papel IS NULL THEN
            EXECUTE format('REVOKE ALL ON TABLE %s FROM PUBLIC', v_direito.objeto);
        ELSE
            EXECUTE format('REVOKE ALL ON TABLE %s FROM %s', v_direito.objeto, v_direito.papel);
            IF v_direito.le THEN
                EXECUTE format('GRANT SELECT ON TABLE %s TO %s', v_direito.objeto, v_direito.papel);
            END IF;
        END IF;
    END LOOP;
    FOR v_direito IN
        SELECT DISTINCT p.oid::regprocedure AS objeto, x.grantee::regrole AS papel
        FROM pg_proc AS p CROSS JOIN LATERAL aclexplode(p.proacl) AS x
        WHERE p.oid = ANY (v_novas) AND x.grantee NOT IN (p.proowner, 0)
    LOOP
        EXECUTE format('REVOKE ALL ON FUNCTION %s FROM %s', v_direito.objeto, v_direito.papel);
    END LOOP;

    -- What was dropped and made anew, by its name.
    FOR v_direito IN
        SELECT p.oid::regprocedure AS objeto, x.papel::regrole AS papel
        FROM jsonb_to_recordset(p_antes) AS x (oid oid, tipo text, nome text, papel text)
        JOIN pg_proc AS p ON p.proname = x.nome AND p.pronamespace = v_schema
        WHERE x.tipo = 'FUNCTION' AND x.papel IS NOT NULL AND p.oid = ANY (v_novas)
            AND NOT EXISTS (SELECT FROM pg_proc AS f WHERE f.oid = x.oid)
    LOOP
        EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO %s', v_direito.objeto, v_direito.papel);
    END LOOP;
    FOR v_direito IN
        SELECT r.oid::regclass AS objeto, x.papel::regrole AS papel, lower(x.direito) AS direito
        FROM jsonb_to_recordset(p_antes) AS x (
            oid oid, tipo text, nome text, papel text, direito text)
        JOIN pg_class AS r ON r.relname = x.nome AND r.relnamespace = v_schema
        WHERE x.tipo = 'TABLE' AND x.papel IS NOT NULL AND r.oid = ANY (v_novas)
            AND NOT EXISTS (SELECT FROM pg_class AS f WHERE f.oid = x.oid)
    LOOP
        EXECUTE format('GRANT %I ON TABLE %s TO %s',
            v_direito.direito, v_direito.objeto, v_direito.papel);
    END LOOP;
END
$body$;

REVOKE ALL ON FUNCTION _estoque_limitar_direitos(jsonb) FROM PUBLIC;
COMMENT ON FUNCTION _estoque_limitar_direitos(jsonb) IS
    'Takes back what default privileges gave on new objects of ours; inner use.';

-- sql/17_instalacao/_estoque_no_citus.sql
-- Whether Citus has distributed the schema (schema-based sharding: all of its tables on one node).
CREATE FUNCTION _estoque_no_citus() RETURNS boolean
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $body$
DECLARE
    v_sim boolean := false;
BEGIN
    IF to_regclass('pg_catalog.pg_dist_schema') IS NOT NULL THEN
        EXECUTE format('SELECT EXISTS (SELECT FROM %I AS d'
            ' WHERE d.schemaid = quote_ident(current_schema())::regnamespace)', 'pg_dist_schema')
        INTO v_sim;
    END IF;
    RETURN v_sim;
END
$body$;

GRANT EXECUTE ON FUNCTION _estoque_no_citus() TO PUBLIC;
COMMENT ON FUNCTION _estoque_no_citus() IS 'True where Citus has distributed the schema; inner use.';

-- sql/17_instalacao/_estoque_tipos_aceitos.sql
-- The types that a column of a source may have, by what is kept in it: see
-- _estoque_colunas_das_fontes. real is not among the quantities: it holds six digits.
CREATE OR REPLACE FUNCTION _estoque_tipos_aceitos() RETURNS TABLE (tipos text, tipo text)
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    VALUES
        ('texto', 'text'), ('texto', 'varchar'), ('texto', 'bpchar'),
        ('codigo', 'text'), ('codigo', 'varchar'), ('codigo', 'bpchar'),
        ('codigo', 'int2'), ('codigo', 'int4'), ('codigo', 'int8'),
        ('quantidade', 'numeric'), ('quantidade', 'float8'),
        ('quantidade', 'int2'), ('quantidade', 'int4'), ('quantidade', 'int8'),
        ('data', 'date'), ('data', 'timestamp'),
        ('momento', 'date'), ('momento', 'timestamp'), ('momento', 'timestamptz'),
        ('logico', 'bool');
END;

GRANT EXECUTE ON FUNCTION _estoque_tipos_aceitos() TO PUBLIC;
COMMENT ON FUNCTION _estoque_tipos_aceitos() IS
    'The types that the columns of a source may have; inner use.';

-- sql/17_instalacao/_estoque_travar_fontes.sql
-- Holds the writers of the sources off until commit; readers go on. What is filled then is exact.
-- One table is waited for while nothing else is held; all the others together for less than a
-- writer's deadlock_timeout, so that where a writer holds one of them and wants another, we give way
-- and not the writer: who calls this tries again, with everything let go of in between. The first is
-- the busiest, and now and then another: an autovacuum leaves its table only to who waits that long.
-- How long is drawn each time: short waits, which cost the writers little, catch a moment at which
-- nobody is between two tables; long ones outlast who needs a while.
-- What is waited for after it, in the same transaction, is waited for briefly.
-- Raises 55P03.
CREATE OR REPLACE FUNCTION _estoque_travar_fontes() RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path FROM CURRENT
AS $body$
DECLARE
    v_impasse interval := current_setting('deadlock_timeout')::interval;
    v_sorte float := random() ^ 4;
    v_espera interval := v_impasse * 2 * v_sorte;
    v_primeira integer := CASE WHEN random() < 0.7 THEN 1
        ELSE (SELECT f.ordem FROM _estoque_fontes() AS f ORDER BY random() LIMIT 1) END;
    v_prazo timestamptz;
    v_tabela record;
BEGIN
    RAISE NOTICE 'estoque_pg: holding writers off';
    -- Partitions one by one, or the time would be that of each; then those that came meanwhile.
    FOR v_tabela IN
        WITH RECURSIVE arvore AS (
            SELECT f.ordem, 1 AS nivel, to_regclass(quote_ident(f.tabela))::oid AS relacao
            FROM _estoque_fontes() AS f
            UNION ALL
            SELECT a.ordem, a.nivel + 1, i.inhrelid
            FROM arvore AS a
            JOIN pg_inherits AS i ON i.inhparent = a.relacao
            JOIN pg_class AS c ON c.oid = i.inhrelid AND c.relpersistence <> 't'
            WHERE has_table_privilege(c.oid, 'UPDATE, DELETE, TRUNCATE')
        )
        SELECT t.*
        FROM (
            SELECT a.relacao::regclass AS uma, NULL AS todas, a.ordem, a.nivel FROM arvore AS a
            WHERE a.relacao IS NOT NULL
            UNION ALL
            SELECT NULL, f.tabela, f.ordem, NULL FROM _estoque_fontes() AS f
        ) AS t
        ORDER BY t.nivel IS NULL, t.ordem = v_primeira DESC, t.ordem, t.nivel, t.uma
    LOOP
        PERFORM set_config('lock_timeout', ceil(greatest(1, 1000 * extract(epoch FROM
            coalesce(v_prazo - clock_timestamp(), v_espera))))::text, true);
        IF v_tabela.uma IS NOT NULL THEN
            EXECUTE format('LOCK TABLE ONLY %s IN SHARE ROW EXCLUSIVE MODE', v_tabela.uma);
        ELSE
            EXECUTE format('LOCK TABLE %I IN SHARE ROW EXCLUSIVE MODE', v_tabela.todas);
        END IF;
        v_prazo := coalesce(v_prazo, clock_timestamp() + v_impasse * 0.75 * v_sorte);
    END LOOP;
    PERFORM set_config('lock_timeout', ceil(extract(epoch FROM v_impasse) * 150)::text, true);
END
$body$;

REVOKE ALL ON FUNCTION _estoque_travar_fontes() FROM PUBLIC;
COMMENT ON FUNCTION _estoque_travar_fontes() IS
    'Holds the writers of the sources off until commit; inner use.';

-- sql/17_instalacao/estoque_desajustes.sql
-- What of the sources does not fit: columns that are missing or of another type, owners, policies, names
-- of our indexes that something else bears; and what the owner of our functions may not do. Empty is
-- good. papel is who owns them, or is about to; NULL who does.
CREATE FUNCTION estoque_desajustes(papel name DEFAULT NULL) RETURNS TABLE (nome text, texto text)
LANGUAGE plpgsql STABLE ROWS 1
SET search_path FROM CURRENT
AS $body$
BEGIN
    RETURN QUERY SELECT d.nome, d.texto FROM _estoque_desajustes(papel) AS d;
END
$body$;

GRANT EXECUTE ON FUNCTION estoque_desajustes(name) TO PUBLIC;
COMMENT ON FUNCTION estoque_desajustes(name) IS
    'What of the sources does not fit, and what the owner of our functions may not do.';

-- sql/18_regras/_estoque_regras.sql
-- The rule of each product that has one of its own, its canonical code's before that of an alias, with
-- what it leaves open from the row without a code; with p_geral that row itself besides, under the product
-- NULL, all of it zero or NULL where there is none.
CREATE FUNCTION _estoque_regras(p_geral boolean DEFAULT false)
RETURNS TABLE (
    cod_produto text, minimo numeric, prazo_reposicao integer, tolerancia numeric, responsavel text
)
LANGUAGE plpgsql STABLE ROWS 100
SET search_path FROM CURRENT
SET enable_seqscan = on
SET enable_nestloop = off
AS $body$
#variable_conflict use_column
DECLARE
    g estoque_regra;
BEGIN
    SELECT r.* INTO g FROM estoque_regra AS r WHERE r.cod_produto IS NULL;
    RETURN QUERY
    SELECT DISTINCT ON (k.cod_produto) k.cod_produto, coalesce(r.minimo, g.minimo, 0),
        coalesce(r.prazo_reposicao, g.prazo_reposicao), coalesce(r.tolerancia, g.tolerancia, 0),
        coalesce(r.responsavel, g.responsavel)
    FROM estoque_regra AS r
    JOIN estoque_codigo_conhecido AS k ON k.codigo = r.cod_produto
    ORDER BY k.cod_produto, r.cod_produto <> k.cod_produto, r.cod_produto;
    IF p_geral THEN
        RETURN QUERY SELECT NULL::text, coalesce(g.minimo, 0), g.prazo_reposicao,
            coalesce(g.tolerancia, 0), g.responsavel;
    END IF;
END
$body$;

GRANT EXECUTE ON FUNCTION _estoque_regras(boolean) TO PUBLIC;
COMMENT ON FUNCTION _estoque_regras(boolean) IS
    'The rule of each product that has one of its own; inner use.';

-- sql/18_regras/estoque_definir_regra.sql
-- Lays down what is given of a product's rule, under the code given, or of the row that holds for all
-- others (codigo NULL), and returns the rule in force then, as estoque_regra_vigente does. What is NULL
-- stays as it was; limpar names the fields to be taken back, and a rule that lays nothing down any more is
-- removed. No row, and nothing done, for a code that no source knows. Needs the right to write
-- estoque_regra.
-- Raises 22023 for what is negative or too large, and for a name in limpar that is no field.
CREATE FUNCTION estoque_definir_regra(
    codigo text, OUT cod_produto text, INOUT minimo numeric DEFAULT NULL,
    INOUT prazo_reposicao integer DEFAULT NULL, INOUT tolerancia numeric DEFAULT NULL,
    INOUT responsavel text DEFAULT NULL, limpar text[] DEFAULT '{}'
)
RETURNS SETOF record
LANGUAGE plpgsql VOLATILE ROWS 1
SET search_path FROM CURRENT
SET plan_cache_mode = force_custom_plan
SET enable_seqscan = off
AS $body$
#variable_conflict use_column
DECLARE
    v_estranho text;
BEGIN
    limpar := coalesce(limpar, '{}');
    IF NOT (minimo >= 0 AND _estoque_cabe(minimo)) THEN
        PERFORM _estoque_acusar('22023', 'minimo', 'minimo must be from 0 to 999999999999.999, not %s',
            'Give the safety stock in the product''s unit.', minimo::text);
    ELSIF NOT (tolerancia >= 0 AND _estoque_cabe(tolerancia)) THEN
        PERFORM _estoque_acusar('22023', 'tolerancia',
            'tolerancia must be from 0 to 999999999999.999, not %s',
            'Give the shortage that is none yet in the product''s unit.', tolerancia::text);
    ELSIF prazo_reposicao NOT BETWEEN 0 AND 3650 THEN
        PERFORM _estoque_acusar('22023', 'prazo_reposicao',
            'prazo_reposicao must be from 0 to 3650, not %s',
            'Give the lead time of replenishment in days.', prazo_reposicao::text);
    END IF;
    SELECT c.nome INTO v_estranho
    FROM unnest(limpar) AS c (nome)
    WHERE c.nome IS NULL OR c.nome <> ALL ('{minimo,prazo_reposicao,tolerancia,responsavel}')
    LIMIT 1;
    IF FOUND THEN
        PERFORM _estoque_acusar('22023', 'limpar', 'a rule has no field %s',
            'Fields are minimo, prazo_reposicao, tolerancia, responsavel.',
            coalesce(v_estranho, 'NULL'));
    END IF;
    IF codigo IS NOT NULL AND NOT EXISTS (SELECT FROM estoque_codigo_conhecido AS k
                                          WHERE k.codigo = estoque_definir_regra.codigo) THEN
        RETURN;
    END IF;

    LOOP
        INSERT INTO estoque_regra AS r (cod_produto) VALUES (codigo) ON CONFLICT DO NOTHING;
        UPDATE estoque_regra AS r
        SET minimo = CASE WHEN 'minimo' <> ALL (limpar)
                THEN coalesce(estoque_definir_regra.minimo, r.minimo) END,
            prazo_reposicao = CASE WHEN 'prazo_reposicao' <> ALL (limpar)
                THEN coalesce(estoque_definir_regra.prazo_reposicao, r.prazo_reposicao) END,
            tolerancia = CASE WHEN 'tolerancia' <> ALL (limpar)
                THEN coalesce(estoque_definir_regra.tolerancia, r.tolerancia) END,
            responsavel = CASE WHEN 'responsavel' <> ALL (limpar)
                THEN coalesce(estoque_definir_regra.responsavel, r.responsavel) END
        WHERE r.cod_produto = estoque_definir_regra.codigo
            OR estoque_definir_regra.codigo IS NULL AND r.cod_produto IS NULL;
        EXIT WHEN FOUND;  -- else another session removed the row that was in the way
    END LOOP;
    DELETE FROM estoque_regra AS r
    WHERE (r.cod_produto = estoque_definir_regra.codigo
           OR estoque_definir_regra.codigo IS NULL AND r.cod_produto IS NULL)
        AND r.minimo IS NULL AND r.prazo_reposicao IS NULL AND r.tolerancia IS NULL
        AND r.responsavel IS NULL;
    RETURN QUERY SELECT v.* FROM estoque_regra_vigente(codigo) AS v;
END
$body$;

REVOKE ALL ON FUNCTION
    estoque_definir_regra(text, numeric, integer, numeric, text, text[]) FROM PUBLIC;
COMMENT ON FUNCTION estoque_definir_regra(text, numeric, integer, numeric, text, text[]) IS
    'Sets or clears fields of a product''s rule (NULL: of the general one); returns the rule in force.';

-- sql/19_avisos/_estoque_anunciar_no_minuto.sql
-- Announces as part of the minute job, which goes on whatever comes of it: what fails is noted, shown by
-- the status, and gone with the next call that succeeds.
CREATE FUNCTION _estoque_anunciar_no_minuto() RETURNS void
LANGUAGE plpgsql VOLATILE
SET lock_timeout = '100ms'
AS $body$
BEGIN
    PERFORM estoque_anunciar();
EXCEPTION WHEN OTHERS THEN
    INSERT INTO estoque_avisador AS a (unico, erro, erro_em)
    VALUES (true, format('%s (%s)', SQLERRM, SQLSTATE), clock_timestamp())
    ON CONFLICT (unico) DO UPDATE SET erro = EXCLUDED.erro, erro_em = EXCLUDED.erro_em;
END
$body$;

REVOKE ALL ON FUNCTION _estoque_anunciar_no_minuto() FROM PUBLIC;
COMMENT ON FUNCTION _estoque_anunciar_no_minuto() IS
    'Announces transitions, or notes why it could not; inner use.';

-- sql/19_avisos/_estoque_causa.sql
-- Why a transition came about, where that is one thing. Of a rupture that is there: the exit that takes
-- the balance of its day below zero (by more than the tolerance), {origem, id, documento, saida}; none
-- where the day began below. Of what ended because its code was unified: {unificado_em}. Else NULL.
CREATE FUNCTION _estoque_causa(p_transicao estoque_transicao) RETURNS jsonb
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
SET row_security = off
AS $body$
DECLARE
    v_produto text := estoque_codigo(p_transicao.cod_produto);
BEGIN
    IF p_transicao.dia_depois IS NULL AND v_produto <> p_transicao.cod_produto THEN
        RETURN jsonb_build_object('unificado_em', v_produto);
    ELSIF p_transicao.tipo NOT IN ('apareceu', 'aproximou', 'afastou') THEN
        RETURN NULL;
    END IF;
    RETURN (
        SELECT jsonb_build_object('origem', f.origem, 'id', f.id, 'documento', f.documento,
            'saida', trim_scale(f.saida))
        FROM _estoque_causa_da_falta(v_produto, p_transicao.dia_depois) AS f);
END
$body$;

REVOKE ALL ON FUNCTION _estoque_causa(estoque_transicao) FROM PUBLIC;
COMMENT ON FUNCTION _estoque_causa(estoque_transicao) IS
    'The document that makes a product run out, or the code it became; inner use.';

-- sql/19_avisos/_estoque_concluir_entrega.sql
-- Notes what became of a delivery: entregue, morta, or pendente, to be tried again after p_espera. p_alcance
-- is what failed: with destino nothing is tried at the destination for p_pausa, with servidor nowhere that
-- its server is needed for, and what has waited there for p_desistir is given up (NULL: nothing is); with
-- inscricao the subscription ends, and what waits for it is given up. A success wakes what was paused with
-- it. Whether it was heard: not after another deliverer has taken it up. What was given up meanwhile stays
-- so, unless it has arrived. Locks subscriptions before deliveries, by number, as who cancels one does.
CREATE FUNCTION _estoque_concluir_entrega(
    p_entrega bigint, p_reserva uuid, p_estado text, p_erro text, p_espera interval, p_alcance text,
    p_pausa interval, p_desistir interval
) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path FROM CURRENT
SET enable_seqscan = off
SET jit = off
AS $body$
DECLARE
    v_agora timestamptz := clock_timestamp();
    i estoque_inscricao;
    v_lugar bigint[];
BEGIN
    SELECT x.* INTO i
    FROM estoque_entrega AS e
    JOIN estoque_inscricao AS x ON x.id = e.inscricao
    WHERE e.id = p_entrega;
    v_lugar := ARRAY(
        SELECT x.id
        FROM estoque_inscricao AS x
        WHERE x.canal = i.canal AND CASE
            WHEN p_estado = 'entregue' THEN (x.falhas > 0 OR x.pausada_ate IS NOT NULL)
                AND (x.destino = i.destino
                    OR i.falhas > 0 AND _estoque_servidor_do_destino(x.canal, x.destino)
                        = _estoque_servidor_do_destino(i.canal, i.destino))
            WHEN p_alcance = 'servidor' THEN _estoque_servidor_do_destino(x.canal, x.destino)
                = _estoque_servidor_do_destino(i.canal, i.destino)
            WHEN p_alcance = 'destino' THEN x.destino = i.destino
            ELSE p_alcance = 'inscricao' AND x.id = i.id END
        ORDER BY x.id
        FOR NO KEY UPDATE);

    UPDATE estoque_entrega AS e
    SET estado = CASE WHEN e.estado = 'morta' AND p_estado = 'pendente' THEN 'morta'
            ELSE p_estado END,
        erro = p_erro, reserva = NULL,
        proxima_em = v_agora + coalesce(p_espera, '0'),
        entregue_em = CASE WHEN p_estado = 'entregue' THEN v_agora END
    WHERE e.id = p_entrega AND e.reserva = p_reserva;
    IF NOT FOUND THEN
        RETURN false;
    ELSIF p_estado = 'entregue' THEN
        UPDATE estoque_inscricao AS x SET falhas = 0, pausada_ate = NULL WHERE x.id = ANY (v_lugar);
        -- Not after a single failure, which may be the fault of the message that met with it.
        UPDATE estoque_entrega AS e SET proxima_em = v_agora
        WHERE i.falhas > 1 AND e.inscricao = ANY (v_lugar) AND e.estado = 'pendente'
            AND e.reserva IS NULL AND e.proxima_em > v_agora;
    ELSIF p_alcance IN ('destino', 'servidor') THEN
        UPDATE estoque_inscricao AS x
        SET falhas = x.falhas + 1, pausada_ate = greatest(x.pausada_ate, v_agora + p_pausa)
        WHERE x.id = ANY (v_lugar);
        UPDATE estoque_entrega AS e SET estado = 'morta', erro = p_erro
        WHERE p_desistir IS NOT NULL AND e.inscricao = ANY (v_lugar) AND e.estado = 'pendente'
            AND e.criada_em <= v_agora - p_desistir;
    ELSIF p_alcance = 'inscricao' THEN
        UPDATE estoque_inscricao AS x SET ativa = false, motivo = p_erro WHERE x.id = i.id;
        UPDATE estoque_entrega AS e SET estado = 'morta', erro = p_erro
        WHERE e.inscricao = i.id AND e.estado = 'pendente';
    END IF;
    RETURN true;
END
$body$;

REVOKE ALL ON FUNCTION _estoque_concluir_entrega(
    bigint, uuid, text, text, interval, text, interval, interval) FROM PUBLIC;
COMMENT ON FUNCTION _estoque_concluir_entrega(
    bigint, uuid, text, text, interval, text, interval, interval) IS
    'Notes what became of a delivery, if its lease still holds; inner use.';

-- sql/19_avisos/_estoque_destino_mostrado.sql
-- A destination as it may be shown: of a webhook without its query, of an Apprise address the service
-- alone, since both are where passwords stand.
CREATE FUNCTION _estoque_destino_mostrado(p_canal text, p_destino text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE p_canal
    WHEN 'webhook' THEN regexp_replace(p_destino, '\?.*$', '?...')
    WHEN 'apprise' THEN regexp_replace(p_destino, '://.*$', '://...')
    ELSE p_destino END;

REVOKE ALL ON FUNCTION _estoque_destino_mostrado(text, text) FROM PUBLIC;
COMMENT ON FUNCTION _estoque_destino_mostrado(text, text) IS
    'A destination without what is secret in it; inner use.';

-- sql/19_avisos/_estoque_dia_do_resumo.sql
-- The day whose digest is due by now, at an hour of a subscription's own time zone: no business day, which
-- estoque_hoje() alone knows. NULL without an hour.
CREATE FUNCTION _estoque_dia_do_resumo(p_hora time, p_fuso text) RETURNS date
LANGUAGE sql STABLE PARALLEL SAFE
RETURN ((now() AT TIME ZONE p_fuso) - p_hora::interval)::date;

REVOKE ALL ON FUNCTION _estoque_dia_do_resumo(time, text) FROM PUBLIC;
COMMENT ON FUNCTION _estoque_dia_do_resumo(time, text) IS
    'The day whose digest is due by now in a time zone; inner use.';

-- sql/19_avisos/_estoque_encaminhar.sql
-- Makes a delivery of each transition from the id given on (NULL: none) to every subscription concerned
-- that is told at once. A destination that several subscriptions name is told once. Its queue is that of
-- the product at the destination, whichever subscription it goes by.
CREATE FUNCTION _estoque_encaminhar(p_primeira bigint) RETURNS void
LANGUAGE plpgsql VOLATILE
SET enable_nestloop = on
AS $body$
DECLARE
    v_agora timestamptz := now();
    v_transicoes bigint[];
    v_inscricoes bigint[];
    v_filas bigint[];
    v_ultima bigint;
BEGIN
    IF p_primeira IS NULL THEN
        RETURN;
    END IF;
    -- Who cancels one waits, and removes what is made for it here.
    PERFORM FROM estoque_inscricao AS i
    WHERE i.ativa AND i.resumo_as IS NULL
    ORDER BY i.id
    FOR KEY SHARE;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    SELECT array_agg(x.transicao ORDER BY x.transicao, x.inscricao),
        array_agg(x.inscricao ORDER BY x.transicao, x.inscricao),
        array_agg(x.fila ORDER BY x.transicao, x.inscricao)
    INTO v_transicoes, v_inscricoes, v_filas
    FROM (
        SELECT DISTINCT ON (t.id, i.canal, i.destino, i.segredo) t.id AS transicao,
            i.id AS inscricao, hashtextextended(
                jsonb_build_array(i.canal, i.destino, t.cod_produto)::text, 0) AS fila
        FROM estoque_transicao AS t
        CROSS JOIN estoque_inscricao AS i
        LEFT JOIN _estoque_responsaveis(ARRAY(
            SELECT x.cod_produto FROM estoque_transicao AS x WHERE x.id >= p_primeira)) AS r
            ON r.cod_produto = t.cod_produto
        WHERE t.id >= p_primeira AND i.ativa AND i.resumo_as IS NULL
            AND _estoque_interessa(i.tipos, i.prefixo, i.responsavel, i.produtos,
                t.cod_produto, r.responsavel, t.tipo)
        ORDER BY t.id, i.canal, i.destino, i.segredo, i.id
    ) AS x;
    IF v_transicoes IS NULL THEN
        RETURN;
    END IF;
    v_ultima := _estoque_numerar('entregas', cardinality(v_transicoes));
    INSERT INTO estoque_entrega (id, chave, inscricao, transicao, fila, proxima_em, criada_em)
    SELECT v_ultima + x.n, format('t%s-i%s', x.transicao, x.inscricao), x.inscricao, x.transicao,
        x.fila, v_agora, v_agora
    FROM unnest(v_transicoes, v_inscricoes, v_filas) WITH ORDINALITY
        AS x (transicao, inscricao, fila, n);
END
$body$;

REVOKE ALL ON FUNCTION _estoque_encaminhar(bigint) FROM PUBLIC;
COMMENT ON FUNCTION _estoque_encaminhar(bigint) IS
    'Makes the deliveries of the transitions from an id on; inner use.';

-- sql/19_avisos/_estoque_esquecer_avisos.sql
-- Keeps the history bounded: transitions and whatever was to be delivered for 400 days, what was
-- delivered for 30.
CREATE FUNCTION _estoque_esquecer_avisos() RETURNS void
LANGUAGE plpgsql VOLATILE
SET enable_seqscan = off
AS $body$
BEGIN
    DELETE FROM estoque_entrega AS e
    WHERE e.estado = 'entregue' AND e.entregue_em < now() - interval '30 days';
    DELETE FROM estoque_entrega AS e WHERE e.criada_em < now() - interval '400 days';
    DELETE FROM estoque_transicao AS t WHERE t.em < now() - interval '400 days';
END
$body$;

REVOKE ALL ON FUNCTION _estoque_esquecer_avisos() FROM PUBLIC;
COMMENT ON FUNCTION _estoque_esquecer_avisos() IS
    'Removes transitions and deliveries that are old; inner use.';

-- sql/19_avisos/_estoque_estado_dos_avisos.sql
-- Figures of the alerts for the status, which everybody may see: they name nobody. encerradas are the
-- subscriptions that ended of themselves. NULL where this
-- function's owner may not read them any more, which the status shows for itself.
CREATE FUNCTION _estoque_estado_dos_avisos(
    OUT inscricoes bigint, OUT pendentes bigint, OUT atrasada_desde timestamptz, OUT mortas bigint,
    OUT erro text, OUT encerradas bigint
)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path FROM CURRENT
AS $body$
BEGIN
    SELECT count(*) FILTER (WHERE i.ativa),
        count(*) FILTER (WHERE NOT i.ativa AND i.motivo IS NOT NULL)
    INTO inscricoes, encerradas
    FROM estoque_inscricao AS i;
    SELECT count(*), min(e.criada_em) INTO pendentes, atrasada_desde
    FROM estoque_entrega AS e WHERE e.estado = 'pendente';
    SELECT count(*) INTO mortas FROM estoque_entrega AS e WHERE e.estado = 'morta';
    SELECT a.erro INTO erro FROM estoque_avisador AS a;
EXCEPTION WHEN insufficient_privilege THEN
    NULL;
END
$body$;

GRANT EXECUTE ON FUNCTION _estoque_estado_dos_avisos() TO PUBLIC;
COMMENT ON FUNCTION _estoque_estado_dos_avisos() IS
    'How many subscriptions there are, and deliveries that wait or were given up; inner use.';

-- sql/19_avisos/_estoque_exigir_destino.sql
-- Refuses a channel that there is not, and a destination or secret that is none of its channel. An
-- address is one line and holds nothing that would end a header. Raises 22023.
CREATE FUNCTION _estoque_exigir_destino(p_canal text, p_destino text, p_segredo text) RETURNS void
LANGUAGE plpgsql IMMUTABLE
SET search_path FROM CURRENT
AS $body$
BEGIN
    IF p_canal IS NULL OR p_canal NOT IN ('email', 'webhook', 'apprise') THEN
        PERFORM _estoque_acusar('22023', 'canal', 'canal must be email, webhook or apprise, not %s',
            'Give the way in which messages are to go.', coalesce(p_canal, 'NULL'));
    ELSIF p_destino IS NULL OR p_destino ~ '[[:cntrl:][:space:]]' OR NOT (CASE p_canal
        WHEN 'email' THEN p_destino ~ '^[^][@<>(),;:"\\]+@[^][@<>(),;:"\\]+$'
            AND length(p_destino) <= 254
        WHEN 'webhook' THEN p_destino
            ~ '^https?://(\[[0-9A-Fa-f:.]+\]|[^][/?#@:\\]+)(:[0-9]{1,5})?([/?][^#]*)?$'
        ELSE p_destino ~ '^[a-z][a-z0-9.+-]*://.' END) THEN
        -- Not shown: it may hold a password.
        PERFORM _estoque_acusar('22023', 'destino', 'destino is no address of the channel %s',
            'email: name@domain; webhook: http(s)://host/path, without a password; apprise: '
            'service://...', p_canal);
    ELSIF p_segredo IS NOT NULL AND p_canal <> 'webhook' THEN
        PERFORM _estoque_acusar('22023', 'segredo', 'only a webhook has a secret, not %s',
            'Leave segredo out.', p_canal);
    ELSIF p_segredo IS NOT NULL AND (p_segredo !~ '^whsec_[A-Za-z0-9+/]{32,88}={0,2}$'
        OR (length(p_segredo) - 6) % 4 <> 0
        OR octet_length(decode(substr(p_segredo, 7), 'base64')) NOT BETWEEN 24 AND 64) THEN
        PERFORM _estoque_acusar('22023', 'segredo',
            'segredo must be whsec_ and 24 to 64 bytes in base64, not %s characters',
            'Leave it out: one is made.', length(p_segredo)::text);
    END IF;
END
$body$;

REVOKE ALL ON FUNCTION _estoque_exigir_destino(text, text, text) FROM PUBLIC;
COMMENT ON FUNCTION _estoque_exigir_destino(text, text, text) IS
    'Raises 22023 for a bad channel, destination or secret; inner use.';

-- sql/19_avisos/_estoque_guardar_anuncio.sql
-- Takes transitions as announced: the second half of estoque_anunciar. Written before they are: where a
-- snapshot is older than what another call announced, it ends here in 40001. Without p_contar these
-- are no transitions, and the numbers of the products stay.
CREATE FUNCTION _estoque_guardar_anuncio(p_transicoes estoque_transicao[], p_contar boolean)
RETURNS void
LANGUAGE plpgsql VOLATILE
AS $body$
BEGIN
    INSERT INTO estoque_anuncio AS a (cod_produto, nome_produto, sequencia, ruptura, falta)
    SELECT t.cod_produto, t.nome_produto, CASE WHEN p_contar THEN t.sequencia
        ELSE _estoque_ultima_sequencia(t.cod_produto) END, t.dia_depois, t.falta_depois
    FROM unnest(p_transicoes) AS t
    WHERE t.tipo NOT IN ('abaixo_do_minimo', 'acima_do_minimo')
    ON CONFLICT (cod_produto) DO UPDATE
    SET nome_produto = EXCLUDED.nome_produto, sequencia = EXCLUDED.sequencia,
        ruptura = EXCLUDED.ruptura, falta = EXCLUDED.falta;

    INSERT INTO estoque_anuncio AS a (cod_produto, nome_produto, sequencia, abaixo, falta_do_minimo)
    SELECT t.cod_produto, t.nome_produto, CASE WHEN p_contar THEN t.sequencia
        ELSE _estoque_ultima_sequencia(t.cod_produto) END, t.dia_depois, t.falta_depois
    FROM unnest(p_transicoes) AS t
    WHERE t.tipo IN ('abaixo_do_minimo', 'acima_do_minimo')
    ON CONFLICT (cod_produto) DO UPDATE
    SET nome_produto = EXCLUDED.nome_produto, sequencia = EXCLUDED.sequencia,
        abaixo = EXCLUDED.abaixo, falta_do_minimo = EXCLUDED.falta_do_minimo;
END
$body$;

REVOKE ALL ON FUNCTION _estoque_guardar_anuncio(estoque_transicao[], boolean) FROM PUBLIC;
COMMENT ON FUNCTION _estoque_guardar_anuncio(estoque_transicao[], boolean) IS
    'Takes transitions as announced; inner use.';

-- sql/19_avisos/_estoque_inscricoes_a_tentar.sql
-- The subscriptions by the channels given whose destinations may be tried now, in the order in which they
-- are to be: those where nothing failed last, those at a server where something did, those that failed.
-- What failed may take the whole time of an attempt again: a server of such is tried by one at a time
-- (p_tentadas are being tried), and what is healthy goes first. Reads all subscriptions.
CREATE FUNCTION _estoque_inscricoes_a_tentar(p_canais text[], p_tentadas bigint[])
RETURNS TABLE (nivel integer, inscricoes bigint[])
LANGUAGE plpgsql VOLATILE ROWS 3
SET search_path FROM CURRENT
SET enable_seqscan = on
SET enable_sort = on
AS $body$
#variable_conflict use_column
DECLARE
    v_agora timestamptz := clock_timestamp();
BEGIN
    RETURN QUERY
    WITH alvo AS MATERIALIZED (
        SELECT i.id, i.canal, i.falhas > 0 AS falha, i.pausada_ate,
            _estoque_servidor_do_destino(i.canal, i.destino) AS servidor
        FROM estoque_inscricao AS i
        WHERE i.canal = ANY (p_canais)
    ),
    ruim AS (
        SELECT a.canal, a.servidor, bool_or(a.id = ANY (p_tentadas)) AS tentado
        FROM alvo AS a
        WHERE a.falha
        GROUP BY a.canal, a.servidor
    )
    SELECT x.nivel, array_agg(x.id)
    FROM (
        SELECT a.id, CASE WHEN a.falha THEN 2 WHEN r.canal IS NOT NULL THEN 1 ELSE 0 END AS nivel
        FROM alvo AS a
        LEFT JOIN ruim AS r ON r.canal = a.canal AND r.servidor = a.servidor
        WHERE a.pausada_ate > v_agora IS NOT TRUE AND NOT (a.falha AND r.tentado)
    ) AS x
    GROUP BY x.nivel
    ORDER BY x.nivel;
END
$body$;

REVOKE ALL ON FUNCTION _estoque_inscricoes_a_tentar(text[], bigint[]) FROM PUBLIC;
COMMENT ON FUNCTION _estoque_inscricoes_a_tentar(text[], bigint[]) IS
    'The subscriptions whose destinations may be tried now, best first; inner use.';

-- sql/19_avisos/_estoque_interessa.sql
-- Whether the conditions of a subscription (tipos, prefixo, responsavel, produtos) are met by a product, of
-- whom p_quem looks after, and a type of transition (NULL: any). A code that is named stands for its group,
-- and a product that was unified for its group. Not the row of a subscription: at a node of Citus that is
-- of another type.
CREATE FUNCTION _estoque_interessa(
    p_tipos text[], p_prefixo text, p_responsavel text, p_produtos text[],
    p_produto text, p_quem text, p_tipo text
) RETURNS boolean
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $body$
BEGIN
    RETURN (p_tipo IS NULL OR p_tipos IS NULL OR p_tipo = ANY (p_tipos))
        AND (p_prefixo IS NULL OR starts_with(p_produto, p_prefixo))
        AND (p_responsavel IS NULL OR lower(p_responsavel) = lower(coalesce(p_quem, '')))
        AND (p_produtos IS NULL OR estoque_codigo(p_produto) IN (
            SELECT estoque_codigo(x.codigo) FROM unnest(p_produtos) AS x (codigo)));
END
$body$;

REVOKE ALL ON FUNCTION _estoque_interessa(text[], text, text, text[], text, text, text) FROM PUBLIC;
COMMENT ON FUNCTION _estoque_interessa(text[], text, text, text[], text, text, text) IS
    'Whether a subscription asks for a product and a type of transition; inner use.';

-- sql/19_avisos/_estoque_numerar.sql
-- Takes the next numbers of one kind (transicoes, entregas, inscricoes) for p_quantos rows and returns the
-- one before the first. Who takes some waits for whoever took some before, until that one has committed.
CREATE FUNCTION _estoque_numerar(p_especie text, p_quantos integer) RETURNS bigint
LANGUAGE plpgsql VOLATILE
AS $body$
DECLARE
    v_transicoes bigint;
    v_entregas bigint;
    v_inscricoes bigint;
    v_ultimo bigint;
BEGIN
    IF NOT EXISTS (SELECT FROM estoque_avisador) THEN
        v_transicoes := coalesce((SELECT max(t.id) FROM estoque_transicao AS t), 0);
        v_entregas := coalesce((SELECT max(e.id) FROM estoque_entrega AS e), 0);
        v_inscricoes := coalesce((SELECT max(i.id) FROM estoque_inscricao AS i), 0);
        INSERT INTO estoque_avisador AS a (unico, transicoes, entregas, inscricoes)
        VALUES (true, v_transicoes, v_entregas, v_inscricoes)
        ON CONFLICT (unico) DO NOTHING;
    END IF;
    UPDATE estoque_avisador AS a
    SET transicoes = a.transicoes + CASE p_especie WHEN 'transicoes' THEN p_quantos ELSE 0 END,
        entregas = a.entregas + CASE p_especie WHEN 'entregas' THEN p_quantos ELSE 0 END,
        inscricoes = a.inscricoes + CASE p_especie WHEN 'inscricoes' THEN p_quantos ELSE 0 END
    WHERE a.unico
    RETURNING CASE p_especie WHEN 'transicoes' THEN a.transicoes WHEN 'entregas' THEN a.entregas
        ELSE a.inscricoes END
    INTO v_ultimo;
    RETURN v_ultimo - p_quantos;
END
$body$;

REVOKE ALL ON FUNCTION _estoque_numerar(text, integer) FROM PUBLIC;
COMMENT ON FUNCTION _estoque_numerar(text, integer) IS
    'Takes the next numbers of transitions, deliveries or subscriptions; inner use.';

-- sql/19_avisos/_estoque_passar_entregas.sql
-- Before a subscription goes or rests: a delivery that it has not got yet, of a transition that another one
-- of the same destination asked for too, goes by that one, under the key it has. Locks the subscriptions
-- of the destination, in order: two that end at once would pass theirs on to each other.
CREATE FUNCTION _estoque_passar_entregas(p_inscricao bigint) RETURNS void
LANGUAGE plpgsql VOLATILE
SET plan_cache_mode = force_custom_plan
AS $body$
DECLARE
    i estoque_inscricao;
BEGIN
    SELECT x.* INTO i FROM estoque_inscricao AS x WHERE x.id = p_inscricao;
    PERFORM FROM estoque_inscricao AS x
    WHERE x.canal = i.canal AND x.destino = i.destino
    ORDER BY x.id
    FOR UPDATE;
    UPDATE estoque_entrega AS e
    SET inscricao = n.inscricao
    FROM (
        SELECT x.id AS entrega, min(o.id) AS inscricao
        FROM estoque_entrega AS x
        JOIN estoque_transicao AS t ON t.id = x.transicao
        LEFT JOIN _estoque_responsaveis(ARRAY(
            SELECT y.cod_produto
            FROM estoque_entrega AS z
            JOIN estoque_transicao AS y ON y.id = z.transicao
            WHERE z.inscricao = p_inscricao AND z.estado <> 'entregue')) AS r
            ON r.cod_produto = t.cod_produto
        JOIN estoque_inscricao AS o ON o.canal = i.canal AND o.destino = i.destino
            AND o.segredo IS NOT DISTINCT FROM i.segredo AND o.id <> i.id AND o.ativa
            AND o.resumo_as IS NULL AND o.criada_em <= t.em
        WHERE x.inscricao = p_inscricao AND x.estado <> 'entregue'
            AND _estoque_interessa(o.tipos, o.prefixo, o.responsavel, o.produtos,
                t.cod_produto, r.responsavel, t.tipo)
        GROUP BY x.id
    ) AS n
    WHERE e.id = n.entrega;
END
$body$;

REVOKE ALL ON FUNCTION _estoque_passar_entregas(bigint) FROM PUBLIC;
COMMENT ON FUNCTION _estoque_passar_entregas(bigint) IS
    'Hands what a subscription shares with others over to them; inner use.';

-- sql/19_avisos/_estoque_responsaveis.sql
-- Who looks after each of the products given, by the rules of their groups.
CREATE FUNCTION _estoque_responsaveis(p_produtos text[])
RETURNS TABLE (cod_produto text, responsavel text)
LANGUAGE plpgsql STABLE ROWS 100
SET search_path FROM CURRENT
SET plan_cache_mode = force_custom_plan
SET enable_seqscan = on
SET enable_nestloop = off
AS $body$
#variable_conflict use_column
DECLARE
    v_geral text := (SELECT r.responsavel FROM estoque_regra AS r WHERE r.cod_produto IS NULL);
BEGIN
    RETURN QUERY
    SELECT p.cod_produto, CASE WHEN r.cod_produto IS NULL THEN v_geral ELSE r.responsavel END
    FROM (SELECT DISTINCT x.codigo AS cod_produto, estoque_codigo(x.codigo) AS canonico
          FROM unnest(p_produtos) AS x (codigo)) AS p
    LEFT JOIN _estoque_regras() AS r ON r.cod_produto = p.canonico;
END
$body$;

REVOKE ALL ON FUNCTION _estoque_responsaveis(text[]) FROM PUBLIC;
COMMENT ON FUNCTION _estoque_responsaveis(text[]) IS
    'Who looks after each of the products given; inner use.';

-- sql/19_avisos/_estoque_resumir.sql
-- Makes the digests that are due: of each subscription with an hour, once that has passed on a day of its
-- time zone that had none yet. It holds what runs out now within 28 days and the transitions since the
-- last one, up to 100 of each, and how many there are. What was missed is made up by one. A subscription
-- whose time zone the server does not know (any more: such rules are renewed) ends, and says why.
CREATE FUNCTION _estoque_resumir() RETURNS void
LANGUAGE plpgsql VOLATILE
SET enable_nestloop = on
AS $body$
DECLARE
    i estoque_inscricao;
    v_em date;
    v_ate bigint := (SELECT max(t.id) FROM estoque_transicao AS t);
    v_abertas jsonb;
    v_rupturas jsonb;
    v_transicoes jsonb;
    v_entrega bigint;
BEGIN
    FOR i IN
        SELECT x.* FROM estoque_inscricao AS x
        WHERE x.ativa AND x.resumo_as IS NOT NULL
        ORDER BY x.id
    LOOP
        BEGIN
            v_em := _estoque_dia_do_resumo(i.resumo_as, i.fuso);
        EXCEPTION WHEN invalid_parameter_value THEN
            UPDATE estoque_inscricao AS x SET ativa = false, motivo = SQLERRM WHERE x.id = i.id;
            CONTINUE;
        END;
        CONTINUE WHEN v_em <= i.resumo_em;
        SELECT x.* INTO i
        FROM estoque_inscricao AS x
        WHERE x.id = i.id AND x.ativa AND x.resumo_em < v_em
        FOR NO KEY UPDATE;
        CONTINUE WHEN NOT FOUND;

        -- Of the whole stock, so once for all digests.
        v_abertas := coalesce(v_abertas, (
            SELECT coalesce(jsonb_agg(to_jsonb(r) - 'menor_estoque_d7' ORDER BY r.dia_ruptura,
                r.cod_produto), '[]')
            FROM estoque_rupturas(28) AS r));
        SELECT coalesce(jsonb_agg(r.ruptura ORDER BY r.ordem), '[]')
        INTO v_rupturas
        FROM jsonb_array_elements(v_abertas) WITH ORDINALITY AS r (ruptura, ordem)
        LEFT JOIN _estoque_responsaveis(ARRAY(
            SELECT x.ruptura ->> 'cod_produto' FROM jsonb_array_elements(v_abertas) AS x (ruptura)
            )) AS p ON p.cod_produto = r.ruptura ->> 'cod_produto'
        WHERE _estoque_interessa(i.tipos, i.prefixo, i.responsavel, i.produtos,
            r.ruptura ->> 'cod_produto', p.responsavel, NULL);

        SELECT coalesce(jsonb_agg(to_jsonb(t) ORDER BY t.id), '[]')
        INTO v_transicoes
        FROM estoque_transicao AS t
        LEFT JOIN _estoque_responsaveis(ARRAY(
            SELECT x.cod_produto FROM estoque_transicao AS x WHERE x.id > i.resumo_ate)) AS p
            ON p.cod_produto = t.cod_produto
        WHERE t.id > i.resumo_ate AND _estoque_interessa(i.tipos, i.prefixo, i.responsavel, i.produtos,
                t.cod_produto, p.responsavel, t.tipo);

        v_entrega := _estoque_numerar('entregas', 1) + 1;
        INSERT INTO estoque_entrega (id, chave, inscricao, conteudo, fila)
        VALUES (v_entrega, format('r%s-i%s', to_char(v_em, 'YYYYMMDD'), i.id), i.id, jsonb_build_object(
            'dia', estoque_hoje(), 'em', now(),
            'total_de_rupturas', jsonb_array_length(v_rupturas),
            'rupturas', jsonb_path_query_array(v_rupturas, '$[0 to 99]'),
            'total_de_transicoes', jsonb_array_length(v_transicoes),
            'transicoes', jsonb_path_query_array(v_transicoes, '$[last-99 to last]')),
            hashtextextended(jsonb_build_array(i.canal, i.destino, NULL)::text, 0));
        UPDATE estoque_inscricao AS x SET resumo_em = v_em, resumo_ate = coalesce(v_ate, i.resumo_ate)
        WHERE x.id = i.id;
    END LOOP;
END
$body$;

REVOKE ALL ON FUNCTION _estoque_resumir() FROM PUBLIC;
COMMENT ON FUNCTION _estoque_resumir() IS 'Makes the digests that are due; inner use.';

-- sql/19_avisos/_estoque_reviver.sql
-- Takes up again those of the deliveries given that were given up, as if they had just been made; how many.
-- Who asks for it thinks that they will arrive: their destinations are paused no more. Locks subscriptions
-- before deliveries, by number, as who cancels one does.
CREATE FUNCTION _estoque_reviver(p_entregas bigint[]) RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET enable_seqscan = off
AS $body$
DECLARE
    v_quantas bigint;
BEGIN
    PERFORM FROM estoque_inscricao AS i
    WHERE i.id IN (SELECT e.inscricao FROM estoque_entrega AS e WHERE e.id = ANY (p_entregas))
    ORDER BY i.id
    FOR NO KEY UPDATE;
    WITH revivida AS (
        UPDATE estoque_entrega AS e
        SET estado = 'pendente', tentativas = 0, proxima_em = now(), erro = NULL, criada_em = now()
        WHERE e.id = ANY (p_entregas) AND e.estado = 'morta'
        RETURNING e.inscricao
    ),
    acordada AS (
        UPDATE estoque_inscricao AS i SET pausada_ate = NULL
        FROM (SELECT DISTINCT r.inscricao FROM revivida AS r) AS r
        WHERE i.id = r.inscricao AND i.pausada_ate IS NOT NULL
    )
    SELECT count(*) INTO v_quantas FROM revivida;
    RETURN v_quantas;
END
$body$;

REVOKE ALL ON FUNCTION _estoque_reviver(bigint[]) FROM PUBLIC;
COMMENT ON FUNCTION _estoque_reviver(bigint[]) IS
    'Takes up again deliveries that were given up; inner use.';

-- sql/19_avisos/_estoque_servidor_do_destino.sql
-- What a destination is reached by, together with others of its channel: e-mail by the one mail server, a
-- webhook by the machine in its address, an Apprise address by itself.
CREATE FUNCTION _estoque_servidor_do_destino(p_canal text, p_destino text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE p_canal
    WHEN 'email' THEN ''
    WHEN 'webhook' THEN coalesce(substring(p_destino FROM '^[a-z]+://[^/?#]+'), p_destino)
    ELSE p_destino END;

REVOKE ALL ON FUNCTION _estoque_servidor_do_destino(text, text) FROM PUBLIC;
COMMENT ON FUNCTION _estoque_servidor_do_destino(text, text) IS
    'The server that a destination is reached by; inner use.';

-- sql/19_avisos/_estoque_tomar_entrega.sql
-- Takes the next delivery by one of the channels that is due, or the one named, for as long as p_reserva:
-- no other deliverer gets it before. Whoever is gone by then has it taken up by the next; what he still
-- reports is not heard (_estoque_concluir_entrega), since the lease has another number (reserva) then.
-- In a queue only the first that waits is due; what is due at destinations where nothing failed goes before
-- the rest. chave is the idempotency key: the same at every attempt; falhas says how often in a row the
-- destination failed. No row when nothing is due. The one named is taken although its destination is paused.
CREATE FUNCTION _estoque_tomar_entrega(
    p_canais text[], p_reserva interval, p_uma bigint DEFAULT NULL
)
RETURNS TABLE (
    entrega bigint, reserva uuid, chave text, tentativa integer, falhas integer, canal text,
    destino text, segredo text, idioma text, aviso jsonb
)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER ROWS 1
SET search_path FROM CURRENT
SET enable_seqscan = off
SET enable_bitmapscan = off
SET enable_sort = off
SET enable_incremental_sort = off
SET jit = off
AS $body$
#variable_conflict use_column
DECLARE
    v_agora timestamptz := clock_timestamp();
    v_reserva uuid := gen_random_uuid();
    v_entrega bigint;
    v_tentadas bigint[];
    v_inscricoes bigint[];
BEGIN
    IF pg_is_in_recovery() THEN
        RETURN;
    ELSIF p_uma IS NOT NULL THEN
        SELECT e.id INTO v_entrega
        FROM estoque_entrega AS e
        WHERE e.id = p_uma AND e.estado = 'pendente' AND e.proxima_em <= v_agora
            AND EXISTS (SELECT FROM estoque_inscricao AS i
                        WHERE i.id = e.inscricao AND i.canal = ANY (p_canais) OFFSET 0)
        FOR UPDATE SKIP LOCKED;
    ELSE
        v_tentadas := ARRAY(
            SELECT e.inscricao FROM estoque_entrega AS e
            WHERE e.estado = 'pendente' AND e.proxima_em > v_agora AND e.reserva IS NOT NULL);
        FOR v_inscricoes IN
            SELECT x.inscricoes FROM _estoque_inscricoes_a_tentar(p_canais, v_tentadas) AS x
        LOOP
            SELECT e.id INTO v_entrega
            FROM estoque_entrega AS e
            WHERE e.estado = 'pendente' AND e.proxima_em <= v_agora
                AND e.inscricao = ANY (v_inscricoes)
                AND NOT EXISTS (
                    SELECT FROM estoque_entrega AS a
                    WHERE a.estado = 'pendente' AND a.fila = e.fila AND a.id < e.id OFFSET 0)
            ORDER BY e.proxima_em, e.id
            LIMIT 1
            FOR UPDATE SKIP LOCKED;
            EXIT WHEN FOUND;
        END LOOP;
    END IF;

    UPDATE estoque_entrega AS e
    SET tentativas = e.tentativas + 1, proxima_em = v_agora + p_reserva, reserva = v_reserva
    WHERE e.id = v_entrega;
    RETURN QUERY
    SELECT e.id, e.reserva, format('%s-%s', replace(a.instalacao::text, '-', ''), e.chave),
        e.tentativas, i.falhas, i.canal, i.destino, i.segredo, i.idioma,
        coalesce(to_jsonb(t), e.conteudo)
    FROM estoque_entrega AS e
    JOIN estoque_inscricao AS i ON i.id = e.inscricao
    LEFT JOIN estoque_transicao AS t ON t.id = e.transicao
    LEFT JOIN estoque_avisador AS a ON a.unico
    WHERE e.id = v_entrega;
END
$body$;

REVOKE ALL ON FUNCTION _estoque_tomar_entrega(text[], interval, bigint) FROM PUBLIC;
COMMENT ON FUNCTION _estoque_tomar_entrega(text[], interval, bigint) IS
    'Takes the next delivery that is due, for the time of a lease; inner use.';

-- sql/19_avisos/_estoque_transitar.sql
-- Writes transitions, with the cause of each, and returns the id of the first. Of many at once, such as
-- orders loaded in the night, no cause is looked for: it would take milliseconds of each.
CREATE FUNCTION _estoque_transitar(p_transicoes estoque_transicao[]) RETURNS bigint
LANGUAGE plpgsql VOLATILE
AS $body$
DECLARE
    v_ultima bigint;
    v_escritas estoque_transicao[];
BEGIN
    IF coalesce(cardinality(p_transicoes), 0) = 0 THEN
        RETURN NULL;
    END IF;
    v_ultima := _estoque_numerar('transicoes', cardinality(p_transicoes));
    v_escritas := ARRAY(
        SELECT ROW(v_ultima + row_number() OVER (ORDER BY t.cod_produto, t.sequencia),
            t.cod_produto, t.sequencia, t.tipo, t.em, t.dia, t.nome_produto, t.dia_antes,
            t.dia_depois, t.falta_antes, t.falta_depois,
            CASE WHEN cardinality(p_transicoes) <= 500 THEN _estoque_causa(t) END)::estoque_transicao
        FROM unnest(p_transicoes) AS t
        ORDER BY t.cod_produto, t.sequencia);
    INSERT INTO estoque_transicao SELECT t.* FROM unnest(v_escritas) AS t;
    RETURN v_ultima + 1;
END
$body$;

REVOKE ALL ON FUNCTION _estoque_transitar(estoque_transicao[]) FROM PUBLIC;
COMMENT ON FUNCTION _estoque_transitar(estoque_transicao[]) IS
    'Writes transitions with their causes; the first id; inner use.';

-- sql/19_avisos/_estoque_ultima_sequencia.sql
-- The number of the last transition of a product that is kept; 0 where there is none.
CREATE FUNCTION _estoque_ultima_sequencia(p_produto text) RETURNS bigint
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
SET enable_seqscan = off
AS $body$
BEGIN
    RETURN coalesce(
        (SELECT max(t.sequencia) FROM estoque_transicao AS t WHERE t.cod_produto = p_produto), 0);
END
$body$;

REVOKE ALL ON FUNCTION _estoque_ultima_sequencia(text) FROM PUBLIC;
COMMENT ON FUNCTION _estoque_ultima_sequencia(text) IS
    'The number of the last transition of a product; inner use.';

-- sql/19_avisos/estoque_anunciar.sql
-- Compares the ruptures and shortages below the minimum of today to today + 28 with what was last
-- announced, and writes the differences: transitions, the new state, and a delivery of each to every
-- subscription concerned, all or none. Also the digests that are due, and the end of what is old.
-- By state, not by event: what appeared and went between two calls is no event, a merge or a new day is
-- one like any other, and writers do nothing for it. A rupture whose day has come stays where it is.
-- The horizon is no parameter: two callers with two of them would announce each other's as ended.
-- The first call ever, and one that finds the state lost, takes it as known and announces nothing. Returns the number of transitions;
-- 0 while another call is under way, for which it does not wait, and on a standby.
CREATE FUNCTION estoque_anunciar() RETURNS integer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path FROM CURRENT
SET row_security = off
SET plan_cache_mode = force_custom_plan
SET enable_nestloop = off
SET jit = off
AS $body$
DECLARE
    v_hoje date := estoque_hoje();
    v_desde timestamptz;
    v_transicoes estoque_transicao[];
    v_minimos boolean := EXISTS (SELECT FROM estoque_regra AS r WHERE r.minimo > 0);
BEGIN
    IF pg_is_in_recovery() OR NOT pg_try_advisory_xact_lock(
        hashtextextended('estoque_anunciar ' || current_schema(), 0)) THEN
        RETURN 0;
    END IF;
    SELECT a.desde INTO v_desde FROM estoque_avisador AS a;
    -- Its rows stay for ever: without any the state was lost, and is taken as known anew.
    IF NOT EXISTS (SELECT FROM estoque_anuncio) AND EXISTS (SELECT FROM estoque_transicao) THEN
        v_desde := NULL;
    END IF;

    WITH agora AS (
        SELECT coalesce(r.cod_produto, m.cod_produto) AS cod_produto,
            coalesce(r.nome_produto, m.nome_produto) AS nome_produto,
            r.dia_ruptura, r.falta, m.primeiro_dia, m.falta_do_minimo
        FROM estoque_rupturas(28) AS r
        -- Below a minimum of zero means running out, which is told already.
        FULL JOIN (SELECT x.cod_produto, x.nome_produto, x.primeiro_dia, x.falta AS falta_do_minimo
                   FROM estoque_abaixo_do_minimo(28) AS x
                   WHERE v_minimos AND x.minimo > 0) AS m ON m.cod_produto = r.cod_produto
    ),
    comparado AS (
        SELECT coalesce(n.cod_produto, a.cod_produto) AS cod_produto,
            coalesce(n.nome_produto, a.nome_produto) AS nome_produto,
            coalesce(a.sequencia, _estoque_ultima_sequencia(n.cod_produto)) AS sequencia,
            a.ruptura, a.falta, n.dia_ruptura, n.falta AS falta_agora,
            a.abaixo, a.falta_do_minimo, n.primeiro_dia, n.falta_do_minimo AS falta_do_minimo_agora,
            CASE WHEN a.ruptura IS NULL THEN
                    CASE WHEN n.dia_ruptura IS NOT NULL THEN 'apareceu' END
                WHEN n.dia_ruptura IS NULL THEN 'terminou'
                WHEN n.dia_ruptura < greatest(a.ruptura, v_hoje) THEN 'aproximou'
                WHEN n.dia_ruptura > greatest(a.ruptura, v_hoje) THEN 'afastou' END AS da_ruptura,
            CASE WHEN a.abaixo IS NULL AND n.primeiro_dia IS NOT NULL THEN 'abaixo_do_minimo'
                WHEN a.abaixo IS NOT NULL AND n.primeiro_dia IS NULL THEN 'acima_do_minimo'
                END AS do_minimo
        FROM estoque_anuncio AS a
        FULL JOIN agora AS n ON n.cod_produto = a.cod_produto
    ),
    transicao AS (
        SELECT c.cod_produto, c.sequencia + 1 AS sequencia, c.da_ruptura AS tipo, c.nome_produto,
            c.ruptura AS dia_antes, c.dia_ruptura AS dia_depois, c.falta AS falta_antes,
            c.falta_agora AS falta_depois
        FROM comparado AS c
        WHERE c.da_ruptura IS NOT NULL
        UNION ALL
        SELECT c.cod_produto, c.sequencia + 1 + (c.da_ruptura IS NOT NULL)::integer, c.do_minimo,
            c.nome_produto, c.abaixo, c.primeiro_dia, c.falta_do_minimo, c.falta_do_minimo_agora
        FROM comparado AS c
        WHERE c.do_minimo IS NOT NULL
    )
    SELECT array_agg(ROW(NULL, t.cod_produto, t.sequencia, t.tipo, now(), v_hoje, t.nome_produto,
        t.dia_antes, t.dia_depois, t.falta_antes, t.falta_depois, NULL)::estoque_transicao
        ORDER BY t.cod_produto, t.sequencia)
    INTO v_transicoes
    FROM transicao AS t;

    PERFORM _estoque_guardar_anuncio(v_transicoes, v_desde IS NOT NULL);
    IF v_desde IS NULL THEN
        INSERT INTO estoque_avisador AS a (unico, desde) VALUES (true, now())
        ON CONFLICT (unico) DO UPDATE SET desde = EXCLUDED.desde;
        v_transicoes := NULL;
    END IF;
    PERFORM _estoque_encaminhar(_estoque_transitar(v_transicoes));
    PERFORM _estoque_resumir();
    PERFORM _estoque_esquecer_avisos();
    UPDATE estoque_avisador AS a SET erro = NULL, erro_em = NULL WHERE a.erro IS NOT NULL;
    RETURN coalesce(cardinality(v_transicoes), 0);
END
$body$;

REVOKE ALL ON FUNCTION estoque_anunciar() FROM PUBLIC;
COMMENT ON FUNCTION estoque_anunciar() IS
    'Writes what changed of ruptures and minimums since it was last called; how many transitions.';

-- sql/19_avisos/estoque_cancelar_inscricao.sql
-- Removes a subscription and what was to be delivered to it alone; whether it was there. What is on its way
-- at this moment still arrives.
CREATE FUNCTION estoque_cancelar_inscricao(inscricao bigint) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path FROM CURRENT
AS $body$
DECLARE
    v_havia boolean;
BEGIN
    PERFORM _estoque_passar_entregas(estoque_cancelar_inscricao.inscricao);
    DELETE FROM estoque_inscricao AS i WHERE i.id = estoque_cancelar_inscricao.inscricao;
    v_havia := FOUND;
    DELETE FROM estoque_entrega AS e WHERE e.inscricao = estoque_cancelar_inscricao.inscricao;
    RETURN v_havia;
END
$body$;

REVOKE ALL ON FUNCTION estoque_cancelar_inscricao(bigint) FROM PUBLIC;
COMMENT ON FUNCTION estoque_cancelar_inscricao(bigint) IS
    'Removes a subscription and its deliveries; whether it was there.';

-- sql/19_avisos/estoque_descartar_entrega.sql
-- Forgets a delivery that was given up; whether there was one. Of who was to get it nothing else changes.
CREATE FUNCTION estoque_descartar_entrega(entrega bigint) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path FROM CURRENT
AS $body$
BEGIN
    DELETE FROM estoque_entrega AS e WHERE e.id = entrega AND e.estado = 'morta';
    RETURN FOUND;
END
$body$;

REVOKE ALL ON FUNCTION estoque_descartar_entrega(bigint) FROM PUBLIC;
COMMENT ON FUNCTION estoque_descartar_entrega(bigint) IS
    'Forgets a delivery that was given up; whether there was one.';

-- sql/19_avisos/estoque_entregas_mortas.sql
-- The deliveries that were given up, oldest first, with what was to be told and the last error; of a
-- digest or a test cod_produto and tipo are NULL.
CREATE FUNCTION estoque_entregas_mortas()
RETURNS TABLE (
    id bigint, inscricao bigint, canal text, destino text, cod_produto text, sequencia bigint,
    tipo text, criada_em timestamptz, tentativas integer, erro text
)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path FROM CURRENT
AS $body$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT e.id, e.inscricao, i.canal, _estoque_destino_mostrado(i.canal, i.destino), t.cod_produto,
        t.sequencia, t.tipo, e.criada_em, e.tentativas, e.erro
    FROM estoque_entrega AS e
    JOIN estoque_inscricao AS i ON i.id = e.inscricao
    LEFT JOIN estoque_transicao AS t ON t.id = e.transicao
    WHERE e.estado = 'morta'
    ORDER BY e.id;
END
$body$;

REVOKE ALL ON FUNCTION estoque_entregas_mortas() FROM PUBLIC;
COMMENT ON FUNCTION estoque_entregas_mortas() IS
    'Deliveries that were given up, with the last error.';

-- sql/19_avisos/estoque_entregas_pendentes.sql
-- The deliveries that wait, the oldest 100, with what is to be told, when it is tried next and what the last
-- attempt met with; of a digest or a test cod_produto and tipo are NULL.
CREATE FUNCTION estoque_entregas_pendentes()
RETURNS TABLE (
    id bigint, inscricao bigint, canal text, destino text, cod_produto text, sequencia bigint,
    tipo text, criada_em timestamptz, tentativas integer, proxima_em timestamptz, erro text
)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path FROM CURRENT
AS $body$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT e.id, e.inscricao, i.canal, _estoque_destino_mostrado(i.canal, i.destino), t.cod_produto,
        t.sequencia, t.tipo, e.criada_em, e.tentativas, greatest(e.proxima_em, i.pausada_ate), e.erro
    FROM estoque_entrega AS e
    JOIN estoque_inscricao AS i ON i.id = e.inscricao
    LEFT JOIN estoque_transicao AS t ON t.id = e.transicao
    WHERE e.estado = 'pendente'
    ORDER BY e.id
    LIMIT 100;
END
$body$;

REVOKE ALL ON FUNCTION estoque_entregas_pendentes() FROM PUBLIC;
COMMENT ON FUNCTION estoque_entregas_pendentes() IS
    'Deliveries that wait, the oldest 100, with the next attempt and the last error.';

-- sql/19_avisos/estoque_inscrever.sql
-- Subscribes a destination to transitions, and returns the subscription's id and, for a webhook, its
-- secret, which is not shown again. canal is email (destino: an address), webhook (an http or https
-- address; segredo is made where none is given) or apprise (one of its addresses).
-- The conditions have to hold together: codes of products (produtos), how the code begins (prefixo), who
-- looks after the product (responsavel), the types of transition (tipos). With resumo_as there is one
-- message a day instead, at that hour of the time zone fuso. idioma is pt_BR or en.
-- Raises 22023 for what is none of these, a code that no source knows included.
CREATE FUNCTION estoque_inscrever(
    canal text, destino text, OUT id bigint, INOUT segredo text DEFAULT NULL,
    produtos text[] DEFAULT NULL, prefixo text DEFAULT NULL, responsavel text DEFAULT NULL,
    tipos text[] DEFAULT NULL, resumo_as time DEFAULT NULL, idioma text DEFAULT 'pt_BR',
    fuso text DEFAULT 'America/Sao_Paulo'
)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path FROM CURRENT
AS $body$
DECLARE
    v_estranho text;
    v_ate bigint;
BEGIN
    PERFORM _estoque_exigir_destino(canal, destino, segredo);
    SELECT x.tipo INTO v_estranho
    FROM unnest(tipos) AS x (tipo)
    WHERE x.tipo IS NULL OR x.tipo <> ALL ('{apareceu,aproximou,afastou,terminou,
        abaixo_do_minimo,acima_do_minimo}')
    LIMIT 1;
    IF FOUND THEN
        PERFORM _estoque_acusar('22023', 'tipos', 'a transition has no type %s',
            'Types are apareceu, aproximou, afastou, terminou, abaixo_do_minimo, acima_do_minimo.',
            coalesce(v_estranho, 'NULL'));
    END IF;
    SELECT x.codigo INTO v_estranho
    FROM unnest(produtos) AS x (codigo)
    WHERE NOT EXISTS (SELECT FROM estoque_codigo_conhecido AS k WHERE k.codigo = x.codigo)
    LIMIT 1;
    IF FOUND THEN
        PERFORM _estoque_acusar('22023', 'produtos', 'no source knows the product %s',
            'Give codes as the sources have them.', coalesce(quote_literal(v_estranho), 'NULL'));
    ELSIF cardinality(produtos) = 0 OR cardinality(tipos) = 0 THEN
        PERFORM _estoque_acusar('22023', CASE WHEN cardinality(produtos) = 0 THEN 'produtos'
            ELSE 'tipos' END, 'an empty list would never be met', 'Give NULL for any.');
    ELSIF idioma IS NULL OR idioma NOT IN ('pt_BR', 'en') THEN
        PERFORM _estoque_acusar('22023', 'idioma', 'idioma must be pt_BR or en, not %s',
            'Give the language of the messages.', coalesce(idioma, 'NULL'));
    ELSIF fuso IS NULL OR NOT EXISTS (SELECT FROM pg_timezone_names AS z WHERE z.name = fuso) THEN
        PERFORM _estoque_acusar('22023', 'fuso', 'there is no time zone %s',
            'Give a name such as America/Sao_Paulo or America/Manaus.', coalesce(fuso, 'NULL'));
    END IF;

    IF canal = 'webhook' AND segredo IS NULL THEN
        segredo := 'whsec_' || encode(
            uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()), 'base64');
    END IF;
    v_ate := CASE WHEN resumo_as IS NOT NULL THEN
        coalesce((SELECT max(t.id) FROM estoque_transicao AS t), 0) END;
    id := _estoque_numerar('inscricoes', 1) + 1;
    INSERT INTO estoque_inscricao AS i (id, canal, destino, segredo, produtos, prefixo, responsavel,
        tipos, resumo_as, idioma, fuso, resumo_em, resumo_ate)
    VALUES (id, canal, destino, segredo, produtos, nullif(prefixo, ''), nullif(responsavel, ''), tipos,
        resumo_as, idioma, fuso, _estoque_dia_do_resumo(resumo_as, fuso),
        v_ate);
END
$body$;

REVOKE ALL ON FUNCTION estoque_inscrever(
    text, text, text, text[], text, text, text[], time, text, text) FROM PUBLIC;
COMMENT ON FUNCTION estoque_inscrever(
    text, text, text, text[], text, text, text[], time, text, text) IS
    'Subscribes a destination to transitions; its id and secret; 22023 for bad conditions.';

-- sql/19_avisos/estoque_inscricoes.sql
-- The subscriptions, in the order in which they were made, without their secrets: of a webhook's address
-- the query is left out, of an Apprise address all but the service. pendentes and mortas count their
-- deliveries that wait and those that were given up.
CREATE FUNCTION estoque_inscricoes()
RETURNS TABLE (
    id bigint, canal text, destino text, produtos text[], prefixo text, responsavel text, tipos text[],
    resumo_as time, idioma text, fuso text, ativa boolean, motivo text, criada_em timestamptz,
    criada_por text, pendentes bigint, mortas bigint
)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path FROM CURRENT
AS $body$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT i.id, i.canal, _estoque_destino_mostrado(i.canal, i.destino), i.produtos, i.prefixo,
        i.responsavel, i.tipos, i.resumo_as, i.idioma, i.fuso, i.ativa, i.motivo, i.criada_em,
        i.criada_por, count(*) FILTER (WHERE e.estado = 'pendente'),
        count(*) FILTER (WHERE e.estado = 'morta')
    FROM estoque_inscricao AS i
    LEFT JOIN estoque_entrega AS e ON e.inscricao = i.id AND e.estado <> 'entregue'
    GROUP BY i.id
    ORDER BY i.id;
END
$body$;

REVOKE ALL ON FUNCTION estoque_inscricoes() FROM PUBLIC;
COMMENT ON FUNCTION estoque_inscricoes() IS
    'The subscriptions to transitions, without their secrets.';

-- sql/19_avisos/estoque_pausar_inscricao.sql
-- Lets a subscription rest, or takes it up again (pausar = false), one that its destination had ended too;
-- whether it was there. What is announced meanwhile is not told; a digest tells it afterwards. What waits
-- for it alone is given up, and can be sent again. Raises 22023 for a NULL.
CREATE FUNCTION estoque_pausar_inscricao(inscricao bigint, pausar boolean DEFAULT true)
RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path FROM CURRENT
AS $body$
DECLARE
    v_havia boolean;
BEGIN
    IF pausar IS NULL THEN
        PERFORM _estoque_acusar('22023', 'pausar', 'pausar must be true or false, not %s',
            'Give true to pause, false to go on.', coalesce(pausar::text, 'NULL'));
    ELSIF pausar THEN
        PERFORM _estoque_passar_entregas(estoque_pausar_inscricao.inscricao);
    END IF;
    UPDATE estoque_inscricao AS i
    SET ativa = NOT pausar, pausada_ate = NULL, falhas = 0,
        motivo = CASE WHEN pausar AND NOT i.ativa THEN i.motivo END
    WHERE i.id = estoque_pausar_inscricao.inscricao;
    v_havia := FOUND;
    IF pausar THEN
        UPDATE estoque_entrega AS e SET estado = 'morta', erro = 'the subscription was paused'
        WHERE e.inscricao = estoque_pausar_inscricao.inscricao AND e.estado = 'pendente';
    END IF;
    RETURN v_havia;
END
$body$;

REVOKE ALL ON FUNCTION estoque_pausar_inscricao(bigint, boolean) FROM PUBLIC;
COMMENT ON FUNCTION estoque_pausar_inscricao(bigint, boolean) IS
    'Lets a subscription rest, or takes it up again; whether it was there.';

-- sql/19_avisos/estoque_reenviar.sql
-- Takes up again a delivery that was given up, as if it had just been made; whether there was one. It is
-- tried at once, although its destination is paused, and comes after what its product was told meanwhile,
-- under its old key.
CREATE FUNCTION estoque_reenviar(entrega bigint) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path FROM CURRENT
AS $body$
BEGIN
    RETURN _estoque_reviver(ARRAY[entrega]) > 0;
END
$body$;

REVOKE ALL ON FUNCTION estoque_reenviar(bigint) FROM PUBLIC;
COMMENT ON FUNCTION estoque_reenviar(bigint) IS
    'Takes up again a delivery that was given up; whether there was one.';

-- sql/19_avisos/estoque_reenviar_mortas.sql
-- Takes up again all that was given up for a subscription, or (NULL) for all that are active, as
-- estoque_reenviar does of one; how many. What was given up by a pause waits for its subscription to go on.
CREATE FUNCTION estoque_reenviar_mortas(inscricao bigint DEFAULT NULL) RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path FROM CURRENT
AS $body$
DECLARE
    v_mortas bigint[];
BEGIN
    v_mortas := ARRAY(
        SELECT e.id
        FROM estoque_entrega AS e
        JOIN estoque_inscricao AS i ON i.id = e.inscricao
        WHERE e.estado = 'morta' AND CASE
            WHEN estoque_reenviar_mortas.inscricao IS NULL THEN i.ativa
            ELSE i.id = estoque_reenviar_mortas.inscricao END);
    RETURN _estoque_reviver(v_mortas);
END
$body$;

REVOKE ALL ON FUNCTION estoque_reenviar_mortas(bigint) FROM PUBLIC;
COMMENT ON FUNCTION estoque_reenviar_mortas(bigint) IS
    'Takes up again all that was given up, for all subscriptions or for one; how many.';

-- sql/19_avisos/estoque_testar_inscricao.sql
-- Makes a test message to a subscription, and returns the number of the delivery; NULL for a subscription
-- that there is not. It waits for no other message.
CREATE FUNCTION estoque_testar_inscricao(inscricao bigint) RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path FROM CURRENT
AS $body$
DECLARE
    v_numero uuid := gen_random_uuid();
    v_inscricao bigint;
    v_entrega bigint;
BEGIN
    SELECT i.id INTO v_inscricao FROM estoque_inscricao AS i
    WHERE i.id = estoque_testar_inscricao.inscricao FOR KEY SHARE;
    IF v_inscricao IS NULL THEN
        RETURN NULL;
    END IF;
    v_entrega := _estoque_numerar('entregas', 1) + 1;
    INSERT INTO estoque_entrega (id, chave, inscricao, conteudo, fila)
    VALUES (v_entrega, format('x%s-i%s', replace(v_numero::text, '-', ''), v_inscricao), v_inscricao,
        jsonb_build_object('teste', true, 'em', now()), hashtextextended(v_numero::text, 0));
    RETURN v_entrega;
END
$body$;

REVOKE ALL ON FUNCTION estoque_testar_inscricao(bigint) FROM PUBLIC;
COMMENT ON FUNCTION estoque_testar_inscricao(bigint) IS
    'Makes a test message to a subscription; the number of the delivery.';

-- sql/19_avisos/estoque_transicoes.sql
-- The newest transitions since a moment (NULL: since the first that is kept), newest first; with antes those
-- before the one of that id: who shows parts goes on where a part ended.
-- dia is the business day of the announcement; days and shortages before and after are of the rupture, or
-- for abaixo_do_minimo and acima_do_minimo of the minimum. causa has the exit that crosses zero on
-- dia_depois, or the code that the product was unified into, where there is one.
-- They show documents of the ERP: for those given --leitura. Raises 22023 for a negative limit.
CREATE FUNCTION estoque_transicoes(
    desde timestamptz DEFAULT now() - interval '7 days', limite integer DEFAULT 1000,
    antes bigint DEFAULT NULL
)
RETURNS TABLE (
    id bigint, cod_produto text, sequencia bigint, tipo text, em timestamptz, dia date,
    nome_produto text, dia_antes date, dia_depois date, falta_antes numeric, falta_depois numeric,
    causa jsonb
)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path FROM CURRENT
SET plan_cache_mode = force_custom_plan
AS $body$
#variable_conflict use_column
BEGIN
    IF limite IS NULL OR limite < 0 THEN
        PERFORM _estoque_acusar('22023', 'limite', 'limite must be zero or more, not %s',
            'Give the largest number of transitions to return.', coalesce(limite::text, 'NULL'));
    END IF;
    RETURN QUERY
    SELECT t.id, t.cod_produto, t.sequencia, t.tipo, t.em, t.dia, t.nome_produto, t.dia_antes,
        t.dia_depois, t.falta_antes, t.falta_depois, t.causa
    FROM estoque_transicao AS t
    WHERE (desde IS NULL OR t.em >= desde) AND (antes IS NULL OR t.id < antes)
    ORDER BY t.id DESC
    LIMIT limite;
END
$body$;

REVOKE ALL ON FUNCTION estoque_transicoes(timestamptz, integer, bigint) FROM PUBLIC;
COMMENT ON FUNCTION estoque_transicoes(timestamptz, integer, bigint) IS
    'What was announced of ruptures and minimums since a moment, newest first; 22023 for a bad limit.';
