-- depends: 0001.nucleo
-- Generated from sql/ by `make migration`; edit there.

-- sql/00_textos/_estoque_simples.sql
-- A text as it is searched: without accents, composed or not, and without capitals. It never fails,
-- whatever the encoding of the database, since writing a name waits for it. Letters with an accent are
-- known in UTF-8, in the encodings of Western Europe and, as either, in SQL_ASCII; elsewhere only
-- capitals are evened out. Tables are made with it, and a dump that is restored finds it anywhere: it
-- names nothing but what PostgreSQL itself has.
CREATE FUNCTION _estoque_simples(p_texto text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
    WHEN p_texto !~ '[^\x01-\x7f]' THEN lower(p_texto)
    WHEN getdatabaseencoding() = 'UTF8' THEN
        lower(regexp_replace(normalize(p_texto, NFD), '[\u0300-\u036f]', '', 'g'))
    WHEN getdatabaseencoding() IN ('SQL_ASCII', 'LATIN1', 'LATIN5', 'LATIN9', 'WIN1252') THEN
        -- By bytes, written as \351: of two that are a letter or an accent in UTF-8 one is made, or none.
        (SELECT replace(lower(
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
                '\\3[37][1-4]', 'u', 'g'), '\\3[37]5|\\377', 'y', 'g')), chr(1), '\')
         FROM (SELECT encode(convert_to(
             translate(p_texto, '\', chr(1)), getdatabaseencoding()), 'escape')) AS b (octetos))
    ELSE lower(p_texto) END;

GRANT EXECUTE ON FUNCTION _estoque_simples(text) TO PUBLIC;
COMMENT ON FUNCTION _estoque_simples(text) IS
    'A text as it is searched: without accents and capitals; inner use.';

-- by hand: kept when this file is written anew
-- Of all parts, no longer of the functions alone.
ALTER TABLE estoque_assinatura ADD COLUMN tipo text, ADD COLUMN direitos text[];
UPDATE estoque_assinatura
SET tipo = 'function', direitos = CASE WHEN publica THEN ARRAY['EXECUTE'] ELSE '{}' END;
ALTER TABLE estoque_assinatura
    DROP COLUMN publica,
    ALTER COLUMN tipo SET NOT NULL,
    ALTER COLUMN direitos SET NOT NULL,
    DROP CONSTRAINT estoque_assinatura_pkey,
    ADD PRIMARY KEY (tipo, objeto);
ALTER TABLE estoque_controle ADD COLUMN lugar text;
-- Names and codes as they are searched. Both tables are written anew for it.
ALTER TABLE estoque_tempo_real
    ADD COLUMN busca text GENERATED ALWAYS AS (_estoque_simples(nome_produto)) STORED;
ALTER TABLE estoque_codigo_conhecido
    ADD COLUMN busca text GENERATED ALWAYS AS (_estoque_simples(codigo)) STORED;
-- end of what is by hand

-- without/17_instalacao/_estoque_exigir_fontes.sql
DROP FUNCTION _estoque_exigir_fontes;

-- without/17_instalacao/_estoque_desajustes_das_tabelas.sql
DROP FUNCTION _estoque_desajustes_das_tabelas;

-- without/16_acesso/estoque_conceder.sql
DROP FUNCTION estoque_conceder;

-- without/14_vigia/estoque_alterados.sql
DROP FUNCTION estoque_alterados;

-- without/14_vigia/_estoque_restaurar.sql
DROP FUNCTION _estoque_restaurar;

-- without/11_consultas/_estoque_exigir_dias.sql
DROP FUNCTION _estoque_exigir_dias;

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
SET jit = off
AS $body$
DECLARE
    v_desde date := estoque_hoje() - 30;
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
    FROM _estoque_contribuicoes(_estoque_membros(p_produtos), false, 'previsao') AS f
    JOIN estoque_codigo_conhecido AS k ON k.codigo = f.codigo
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

-- sql/06_unificacao/estoque_contradicoes.sql
-- The active unifications that contradict each other and therefore unify nothing: an origin with
-- several destinations, a chain that runs into a circle (a code unified with itself is the shortest).
-- The trigger refuses to make one; rows older than the installation, or written past the triggers,
-- may be such. NULL asks for all, otherwise for those of the origins given.
CREATE OR REPLACE FUNCTION estoque_contradicoes(origens text[] DEFAULT NULL)
RETURNS TABLE (codigo_origem text, codigo_destino text, motivo text)
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
            (SELECT string_agg(quote_literal(b.destino), ' and ' ORDER BY b.destino)
             FROM aresta AS b WHERE b.origem = a.origem HAVING count(*) > 1) AS destinos
        FROM aresta AS a
        LEFT JOIN _estoque_canonicos() AS k ON k.codigo = a.origem AND k.cod_produto <> a.origem
        WHERE k.codigo IS NULL AND (origens IS NULL OR a.origem IN (SELECT unnest(origens)))
    ),
    passo AS (
        SELECT c.origem AS inicio, c.origem AS atual, quote_literal(c.origem) AS caminho
        FROM contradicao AS c WHERE c.destinos IS NULL
        UNION ALL
        SELECT p.inicio, a.destino, p.caminho || ' -> ' || quote_literal(a.destino)
        FROM passo AS p JOIN aresta AS a ON a.origem = p.atual
    ) CYCLE inicio, atual SET repetido USING passos
    SELECT c.origem, c.destino,
        coalesce(quote_literal(c.origem) || ' has the active destinations ' || c.destinos,
            'circular: ' || (SELECT min(p.caminho) FROM passo AS p
                             WHERE p.inicio = c.origem AND p.repetido))
    FROM contradicao AS c
    ORDER BY c.origem, c.destino;
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
    v_ditos text;
BEGIN
    WHILE clock_timestamp() < v_prazo LOOP
        BEGIN
            PERFORM _estoque_travar_fontes();
            EXECUTE format('SELECT %I()', p_funcao) INTO v_feito;
            RETURN v_feito;
        EXCEPTION WHEN lock_not_available OR deadlock_detected THEN
            v_quem := _estoque_quem_usa();
        END;
        IF v_quem <> coalesce(v_ditos, '') THEN
            RAISE NOTICE USING MESSAGE = 'estoque_pg: the source tables are in use: trying again;'
                ' held by ' || v_quem;
            v_ditos := v_quem;
        END IF;
        PERFORM pg_sleep(0.02 + 0.1 * random());
    END LOOP;
    RAISE EXCEPTION USING ERRCODE = 'lock_not_available',
        MESSAGE = 'the source tables stayed in use: nothing was changed',
        HINT = concat_ws(', or end what is open: ', 'try at a quieter time', v_quem);
END
$body$;

REVOKE ALL ON FUNCTION _estoque_insistir(text) FROM PUBLIC;
COMMENT ON FUNCTION _estoque_insistir(text) IS
    'Holds the writers off, or gives way and tries again; inner use.';

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
    v_codigos text[];
    v_produtos text[];
    v_sobras bigint;
    v_reagrupados bigint := 0::bigint;
    v_corrigidos bigint;
BEGIN
    PERFORM _estoque_tomar_vez();
    PERFORM _estoque_abrir_lotes(ARRAY(
        SELECT l.separacao_lote_id FROM estoque_lote AS l
        UNION
        SELECT e.separacao_lote_id::text FROM embarque_itens AS e
        WHERE e.separacao_lote_id IS NOT NULL
            AND _estoque_fatura(e.status, e.nota_fiscal, e.erro_validacao)));
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
        MESSAGE = format('%s has the code %L more than once', v_tabela, v_valor),
        DETAIL = 'The primary key of the table, which forbids it, is gone.',
        HINT = 'SELECT estoque_vigiar(); -- keeps one of each, puts the key back, compares everything',
        SCHEMA = current_schema(), TABLE = v_tabela, COLUMN = v_coluna;
END
$body$;

REVOKE ALL ON FUNCTION _estoque_acusar_repetido(text[], text[]) FROM PUBLIC;
COMMENT ON FUNCTION _estoque_acusar_repetido(text[], text[]) IS
    'Raises XX001 for a code that a table of ours has twice; inner use.';

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
    v_dica CONSTANT text := 'Write a finite quantity of less than 1,000,000,000,000;'
        ' nothing of this statement was kept.';
BEGIN
    SELECT sum(x.linhas)::bigint, count(*), min(x.codigo),
        string_agg(format('%s.%s of product %L%s', p_tabela, p_coluna, x.codigo,
            CASE WHEN x.linhas > 1 THEN format(' in %s rows', x.linhas) END),
            E'\n' ORDER BY x.ordem) FILTER (WHERE x.ordem <= 10)
    INTO v_linhas, v_produtos, v_codigo, v_lista
    FROM (
        SELECT d.codigo, sum(d.fora) AS linhas, row_number() OVER (ORDER BY d.codigo) AS ordem
        FROM unnest(p_deltas) AS d
        GROUP BY d.codigo
        HAVING sum(d.fora) > 0
    ) AS x;
    IF v_linhas = 1 THEN
        RAISE EXCEPTION USING
            ERRCODE = 'EP001',
            MESSAGE = format('%s.%s of product %L is NaN, infinite or out of range', p_tabela,
                p_coluna, v_codigo),
            HINT = v_dica,
            SCHEMA = current_schema(), TABLE = p_tabela, COLUMN = p_coluna;
    ELSIF v_linhas > 1 THEN
        RAISE EXCEPTION USING
            ERRCODE = 'EP001',
            MESSAGE = format('%s.%s is NaN, infinite or out of range in %s rows', p_tabela,
                p_coluna, v_linhas),
            DETAIL = v_lista || CASE WHEN v_produtos > 10
                THEN format(E'\nand of %s more', v_produtos - 10) ELSE '' END,
            HINT = v_dica,
            SCHEMA = current_schema(), TABLE = p_tabela, COLUMN = p_coluna;
    END IF;
END
$body$;

REVOKE ALL ON FUNCTION _estoque_recusar(_estoque_delta[], text, text) FROM PUBLIC;
COMMENT ON FUNCTION _estoque_recusar(_estoque_delta[], text, text) IS
    'Raises EP001 for a quantity that cannot be counted; inner use.';

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

-- sql/11_consultas/_estoque_citados.sql
-- Documents as estoque_incoerencias names them: of one source, in the order given.
CREATE FUNCTION _estoque_citados(p_origem text, p_ids text[]) RETURNS jsonb
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (SELECT coalesce(jsonb_agg(jsonb_build_object('origem', p_origem, 'id', x.id) ORDER BY x.n), '[]')
        FROM unnest(p_ids) WITH ORDINALITY AS x (id, n));

GRANT EXECUTE ON FUNCTION _estoque_citados(text, text[]) TO PUBLIC;
COMMENT ON FUNCTION _estoque_citados(text, text[]) IS
    'Source and id of each document of a list, as JSON; inner use.';

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

-- sql/11_consultas/_estoque_incoerencias_de_abertos.sql
-- What is wrong with exits that are open: without a date, overdue by more than a week, repeated, or a
-- pre-separation of a lot that is separated or invoiced already. The sources of documents are read
-- through, once.
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
        SELECT l.lote, k.cod_produto, f.id
        FROM lote AS l
        JOIN separacao AS f ON f.separacao_lote_id::text = l.lote
        LEFT JOIN estoque_codigo_conhecido AS k ON k.codigo = f.cod_produto::text
    ),
    tomado AS (
        SELECT s.lote FROM separado AS s
        UNION
        SELECT e.separacao_lote_id::text FROM embarque_itens AS e
        WHERE _estoque_fatura(e.status, e.nota_fiscal, e.erro_validacao)
    )
    SELECT 'pre-separacao repetida', a.cod_produto,
        _estoque_citados(a.origem, ARRAY[a.id]) || _estoque_citados('separacao', s.ids),
        a.data, a.quantidade, 'encerrar_pre_separacao'
    FROM aberto AS a
    JOIN tomado AS t ON t.lote = a.lote
    LEFT JOIN (
        SELECT s.lote, s.cod_produto, array_agg(s.id::text ORDER BY s.id) AS ids
        FROM separado AS s GROUP BY s.lote, s.cod_produto
    ) AS s ON s.lote = a.lote AND s.cod_produto = a.cod_produto
    WHERE a.origem = 'pre_separacao_item'
    UNION ALL
    SELECT 'separacao repetida', a.cod_produto,
        _estoque_citados('separacao', array_agg(a.id ORDER BY length(a.id), a.id)),
        a.data, a.quantidade * (count(*) - 1), 'excluir_repetida'
    FROM aberto AS a
    WHERE a.origem = 'separacao' AND a.lote IS NOT NULL AND a.documento IS NOT NULL
    GROUP BY a.cod_produto, a.lote, a.documento, a.codigo, a.quantidade, a.data
    HAVING count(*) > 1
    UNION ALL
    SELECT 'demanda sem data', a.cod_produto, _estoque_citados(a.origem, ARRAY[a.id]), NULL::date,
        a.quantidade, 'informar_data'
    FROM aberto AS a
    WHERE a.data IS NULL
    UNION ALL
    SELECT 'saida atrasada', a.cod_produto, _estoque_citados(a.origem, ARRAY[a.id]), a.data,
        a.quantidade, 'remarcar_saida'
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
        _estoque_citados('movimentacao_estoque', array_agg(m.id ORDER BY length(m.id), m.id)),
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
        SELECT i.*
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
        SELECT i.lote, array_agg(i.id ORDER BY length(i.id), i.id) AS ids FROM item AS i
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
            min(s.data) AS data, array_agg(s.id::text ORDER BY s.id) AS ids
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
        SELECT r.lote, m.id, m.cod_produto, m.quantidade, m.data, m.momento
        FROM movimento AS m JOIN recente AS r ON r.lote = m.lote
        UNION
        SELECT n.lote, m.id, m.cod_produto, m.quantidade, m.data, m.momento
        FROM movimento AS m JOIN nota AS n ON n.nota = m.nota
    ),
    saldo AS MATERIALIZED (
        SELECT l.lote, l.cod_produto, sum(l.quantidade) AS quantidade,
            min(l.data) FILTER (WHERE l.quantidade < 0) AS data,
            array_agg(l.id ORDER BY length(l.id), l.id) AS ids
        FROM ligado AS l GROUP BY l.lote, l.cod_produto
    ),
    -- The orders of each invoiced lot: whether an active item invoices them, and without an error.
    pedido AS MATERIALIZED (
        SELECT i.lote, i.pedido, bool_or(i.ativo) AS ativo, bool_or(i.fatura) AS faturado,
            bool_or(i.ativo AND i.erro) AS erro, array_agg(i.id ORDER BY length(i.id), i.id) AS ids
        FROM item AS i WHERE i.pedido IS NOT NULL GROUP BY i.lote, i.pedido
    )
    SELECT 'faturado sem movimento', p.cod_produto,
        _estoque_citados('separacao', p.ids) || _estoque_citados('embarque_itens', t.ids),
        p.data, p.quantidade, 'lancar_movimento'
    FROM par AS p
    JOIN faturado AS t ON t.lote = p.lote
    LEFT JOIN saldo AS s ON s.lote = p.lote AND s.cod_produto = p.cod_produto
    WHERE v_ligados AND p.quantidade > 0 AND coalesce(s.quantidade, 0) >= 0
    UNION ALL
    SELECT 'movimento sem fatura', p.cod_produto,
        _estoque_citados('movimentacao_estoque', s.ids) || _estoque_citados('separacao', p.ids),
        s.data, -s.quantidade, 'conferir_fatura'
    FROM par AS p
    JOIN saldo AS s ON s.lote = p.lote AND s.cod_produto = p.cod_produto
    WHERE NOT p.faturado AND s.quantidade < 0
    UNION ALL
    -- An order is of the lot by an active item, or by the separations that are joined to it.
    SELECT 'lote faturado em parte', s.cod_produto,
        _estoque_citados('separacao', array_agg(s.id::text ORDER BY s.id))
            || _estoque_citados('embarque_itens', o.ids),
        min(s.data), sum(s.quantidade), 'faturar_pedido'
    FROM pedido AS o
    JOIN separado AS s ON s.lote = o.lote AND s.pedido = o.pedido
    WHERE s.faturado AND (NOT o.faturado OR o.erro)
    GROUP BY o.lote, o.pedido, o.ids, s.cod_produto
    HAVING sum(s.quantidade) > 0
    UNION ALL
    SELECT 'lote reutilizado', s.cod_produto,
        _estoque_citados('separacao', ARRAY[s.id::text]) || _estoque_citados('embarque_itens', t.ids),
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
            -- The longest by itself, since an index serves one LIKE but not LIKE ALL.
            WHERE t.busca LIKE v_padroes[1] AND t.busca LIKE ALL (v_padroes[2:])
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

-- sql/11_consultas/estoque_incoerencias.sql
-- What is right by the rules and wrong in the warehouse: documents that contradict each other, by kind
-- in the order of the list below, then by since when, then by product. How each is told stands in the
-- functions it asks. Reads the sources with its owner's rights: who may run it need not have any on
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
        SELECT t.*, v_hoje BETWEEN t.valido_desde AND t.valido_ate AS vale
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
            ('liquidos', t.liquidos::text, c.liquidos::text,
                t.valido_desde = v_hoje AND t.liquidos <> c.liquidos)
    ) AS x (campo, armazenado, esperado, conta)
    -- A row that is right in all is not taken apart into texts.
    WHERE (t.cod_produto, t.saldo_atual, t.nome_produto, t.menor_estoque_d7, t.dia_ruptura,
            t.valido_ate > c.ate, t.liquidos)
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

-- sql/13_minuto/estoque_minuto.sql
-- The one job, due every minute whoever drives it: compares a batch of products with the sources,
-- turns the day where it has turned, rebuilds what is wrong, and records the run.
-- Partitions made since the last run get their triggers, and the next runs count what was written
-- to them. So they do with everything in a restored copy, or where much was wrong.
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
    v_motor text := coalesce(nullif(current_setting('application_name'), ''), session_user);
    v_havia boolean := EXISTS (SELECT FROM estoque_recontagem);
    v_ajuste record;
    v_comparados _estoque_comparacao[];
    v_virados bigint;
    v_feito record;
BEGIN
    IF NOT _estoque_tomar_minuto() THEN
        RETURN;
    END IF;
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
    DELETE FROM estoque_correcao AS c
    WHERE c.id <= (SELECT max(m.id) FROM estoque_correcao AS m) - 10000;
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
-- nobody knows whether triggers were at work while it wrote.
CREATE FUNCTION _estoque_lugar() RETURNS text
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $body$
BEGIN
    RETURN format('%s/%s', 'estoque_tempo_real'::regclass::oid, 'movimentacao_prevista'::regclass::oid);
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
-- what is told to who waits for them. NULL where there is nobody.
CREATE FUNCTION _estoque_quem_usa() RETURNS text
LANGUAGE plpgsql VOLATILE
SET search_path FROM CURRENT
AS $body$
BEGIN
    RETURN (
        SELECT string_agg(x.quem, ', ' ORDER BY x.xact_start)
        FROM (
            SELECT a.xact_start, format('process %s (%s)', a.pid, concat_ws(', ',
                coalesce(a.usename, a.backend_type), nullif(a.application_name, ''),
                'since ' || to_char(a.xact_start, 'HH24:MI:SS TZ'))) AS quem
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
        ) AS x);
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
    '_estoque_incoerencia', '_estoque_mudanca', '_yoyo_estoque_log', '_yoyo_estoque_migration',
    '_yoyo_estoque_version', 'estoque_assinatura', 'estoque_codigo_conhecido',
    'estoque_controle', 'estoque_correcao',
    'estoque_execucao', 'estoque_falha', 'estoque_lote', 'estoque_migracao_soma',
    'estoque_percurso', 'estoque_por_codigo', 'estoque_recontagem',
    'estoque_tempo_real', 'movimentacao_prevista'];

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
BEGIN
    pecas := 0;
    dados := false;
    LOOP
        v_feitas := 0;
        v_falha := NULL;
        FOR v_peca IN
            SELECT a.*, x.estado
            FROM estoque_alterados() AS x
            JOIN estoque_assinatura AS a USING (tipo, objeto)
            WHERE (p_tudo OR a.tipo IN ('type', 'function', 'view'))
                AND (a.tipo NOT IN ('table', 'type') OR x.estado <> 'changed')
            ORDER BY array_position(
                ARRAY['type', 'table', 'constraint', 'index', 'function', 'view'], a.tipo), a.objeto
        LOOP
            BEGIN
                PERFORM _estoque_repor(v_peca.tipo, v_peca.objeto, v_peca.estado);
                v_feitas := v_feitas + 1;
                dados := dados OR v_peca.tipo = 'table' AND v_peca.estado = 'missing'
                    OR v_peca.tipo = 'constraint';
            EXCEPTION WHEN undefined_function OR undefined_table OR undefined_object THEN
                v_falha := coalesce(v_falha, format('%s %s: %s', v_peca.tipo, v_peca.objeto, SQLERRM));
            END;
        END LOOP;
        pecas := pecas + v_feitas;
        EXIT WHEN v_falha IS NULL OR v_feitas = 0 AND NOT p_tudo;
        IF v_feitas = 0 THEN
            RAISE EXCEPTION USING ERRCODE = 'object_not_in_prerequisite_state',
                MESSAGE = 'could not put back the ' || v_falha,
                HINT = '`estoque uninstall`, then `estoque install`, makes everything anew; the'
                    ' sources are not touched.';
        END IF;
    END LOOP;
END
$body$;

REVOKE ALL ON FUNCTION _estoque_restaurar(boolean) FROM PUBLIC;
COMMENT ON FUNCTION _estoque_restaurar(boolean) IS
    'Puts back parts that are not as they were installed; inner use.';

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
        FROM estoque_assinatura AS a
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

-- sql/16_acesso/estoque_conceder.sql
-- Gives a role what a reading or a writing application needs, and no more: a reader the schema and
-- the results, a writer the schema and the sources (it needs no right on the results: the triggers
-- run with their owner's), who makes copies with pg_dump (copia) reading of all that is ours and of
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
        'movimentacao_prevista', 'estoque_por_codigo', 'estoque_codigo_conhecido', 'estoque_lote']
        ELSE '{}' END
    LOOP
        EXECUTE format('GRANT SELECT ON %I.%I TO %I', v_schema, v_nome, papel);
        RETURN NEXT format('GRANT SELECT ON %I.%I TO %I', v_schema, v_nome, papel);
    END LOOP;
    -- What shows the ERP's documents, without any right on the sources.
    FOREACH v_nome IN ARRAY CASE WHEN leitura THEN ARRAY['estoque_documentos(text, integer)',
        'estoque_incoerencias()', 'estoque_cobertura(text[])'] ELSE '{}' END
    LOOP
        EXECUTE format('GRANT EXECUTE ON FUNCTION %I.%s TO %I', v_schema, v_nome, papel);
        RETURN NEXT format('GRANT EXECUTE ON FUNCTION %I.%s TO %I', v_schema, v_nome, papel);
    END LOOP;
    FOREACH v_nome IN ARRAY CASE WHEN escrita THEN v_fontes ELSE '{}' END LOOP
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I.%I TO %I',
            v_schema, v_nome, papel);
        RETURN NEXT format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I.%I TO %I',
            v_schema, v_nome, papel);
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

-- sql/17_instalacao/_estoque_carregar.sql
-- Makes the result tables exact while the writers are held off: set-wise where nothing is there yet,
-- by rebuilding everything where an upgrade may have changed what counts. Where writers go on instead,
-- what they write is noted, and put right after (see _estoque_alcancar).
-- The rows are looked at once more first, now that no writer can bring one that cannot be counted.
CREATE OR REPLACE FUNCTION _estoque_carregar() RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path FROM CURRENT
AS $body$
BEGIN
    -- Sums and sorts of everything there is, once.
    PERFORM set_config('work_mem', '256MB', true);
    PERFORM _estoque_exigir_linhas();
    RAISE NOTICE 'estoque_pg: filling the result tables';
    IF EXISTS (SELECT FROM estoque_codigo_conhecido) THEN
        PERFORM _estoque_recalcular_tudo();
    ELSE
        PERFORM _estoque_abrir_lotes(ARRAY(
            SELECT DISTINCT e.separacao_lote_id::text FROM embarque_itens AS e
            WHERE e.separacao_lote_id IS NOT NULL
                AND _estoque_fatura(e.status, e.nota_fiscal, e.erro_validacao)));

        INSERT INTO estoque_codigo_conhecido (codigo, cod_produto)
        SELECT m.codigo, coalesce(k.cod_produto, m.codigo)
        FROM _estoque_mencionados() AS m (codigo)
        LEFT JOIN _estoque_canonicos() AS k ON k.codigo = m.codigo;

        INSERT INTO estoque_tempo_real (cod_produto)
        SELECT DISTINCT c.cod_produto FROM estoque_codigo_conhecido AS c;

        PERFORM _estoque_recalcular(
            ARRAY(SELECT t.cod_produto FROM estoque_tempo_real AS t ORDER BY t.cod_produto), true);
        UPDATE estoque_controle SET lugar = _estoque_lugar();
    END IF;
    -- Plans made before statistics exist would last as long as the sessions that make them.
    ANALYZE estoque_codigo_conhecido, estoque_tempo_real, movimentacao_prevista, estoque_lote;
END
$body$;

REVOKE ALL ON FUNCTION _estoque_carregar() FROM PUBLIC;
COMMENT ON FUNCTION _estoque_carregar() IS
    'Fills the result tables, or rebuilds them, at an installation; inner use.';

-- sql/17_instalacao/_estoque_desajustes_das_tabelas.sql
-- What does not fit of the sources as tables: owners, policies that hide rows, partitions that are
-- elsewhere, a source that is itself below another table; and what p_papel, who owns our functions or
-- is about to, may not do. nome is what it is about, for the order.
CREATE FUNCTION _estoque_desajustes_das_tabelas(p_papel name) RETURNS TABLE (nome text, texto text)
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
    SELECT a.tabela, format('%s is owned by %s, and %I is no member of that role',
        a.relacao::regclass, r.relowner::regrole, p_papel)
    FROM arvore AS a JOIN pg_class AS r ON r.oid = a.relacao
    WHERE NOT pg_has_role(p_papel, r.relowner, 'USAGE')
    UNION ALL
    -- What row_security_active says of the current role.
    SELECT f.tabela, format('%I hides rows from %I by row level security', f.tabela, p_papel)
    FROM fonte AS f
    JOIN pg_class AS r ON r.oid = f.relacao AND r.relrowsecurity
    JOIN pg_roles AS p ON p.rolname = p_papel AND NOT p.rolsuper AND NOT p.rolbypassrls
    WHERE r.relforcerowsecurity OR NOT pg_has_role(p_papel, r.relowner, 'USAGE')
    UNION ALL
    SELECT current_schema()::text, format('%I may not use the schema %I', p_papel, current_schema())
    WHERE NOT has_schema_privilege(p_papel, current_schema(), 'USAGE')
    UNION ALL
    SELECT f.tabela, format('%I may not read %I', p_papel, f.tabela)
    FROM fonte AS f
    WHERE NOT has_table_privilege(p_papel, f.relacao, 'SELECT')
    UNION ALL
    SELECT r.relname::text, format('%I may not read and write %I', p_papel, r.relname)
    FROM pg_class AS r
    CROSS JOIN LATERAL (
        SELECT bool_and(has_table_privilege(p_papel, r.oid, x.direito)) AS tudo
        FROM (VALUES ('SELECT'), ('INSERT'), ('UPDATE'), ('DELETE')) AS x (direito)
    ) AS d
    WHERE r.relnamespace = quote_ident(current_schema())::regnamespace AND r.relkind = 'r'
        AND r.relname = ANY (_estoque_relacoes()) AND NOT d.tudo
    UNION ALL
    SELECT DISTINCT a.tabela, format('%I has a foreign table among its partitions', a.tabela)
    FROM arvore AS a JOIN pg_class AS r ON r.oid = a.relacao
    WHERE r.relkind = 'f'
    UNION ALL
    -- A statement fires the triggers of the table it names, not those of the tables below it.
    SELECT f.tabela, format('%I is a partition or child of %s: what is written through that'
        ' would not be seen', f.tabela, i.inhparent::regclass)
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
CREATE OR REPLACE FUNCTION _estoque_desajustes_dos_indices() RETURNS TABLE (nome text, texto text)
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $body$
BEGIN
    RETURN QUERY
    SELECT d.nome, format('%I is there already, and is not ours', d.nome)
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
            RAISE NOTICE USING MESSAGE = format(
                'estoque_pg: what is ours belongs to %s, as the sources do', v_donos[1]::regrole);
            RETURN cardinality(v_objetos)::bigint;
        END IF;
    EXCEPTION WHEN insufficient_privilege THEN
        NULL;  -- told below
    END;
    RAISE NOTICE USING MESSAGE = format('estoque_pg: warning: the sources belong to %s, and what is'
        ' ours to %s: that role alone can upgrade, mend or remove it, and the triggers run with its'
        ' rights', (SELECT string_agg(d::regrole::text, ', ') FROM unnest(v_donos) AS d),
        v_de::regrole);
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
    v_desajustes text := (
        SELECT string_agg(d.texto, E'\n' ORDER BY d.nome, d.texto)
        FROM estoque_desajustes(current_user) AS d);
BEGIN
    IF v_desajustes IS NOT NULL THEN
        RAISE EXCEPTION USING
            ERRCODE = 'EP003',
            MESSAGE = format('the tables of schema %I do not fit', current_schema()),
            DETAIL = v_desajustes,
            HINT = p_dica;
    END IF;
END
$body$;

REVOKE ALL ON FUNCTION _estoque_exigir_fontes(text) FROM PUBLIC;
COMMENT ON FUNCTION _estoque_exigir_fontes(text) IS
    'Raises EP003 for source tables that do not fit; inner use.';

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
DECLARE
    v_papel name := coalesce(papel, (
        SELECT pg_get_userbyid(p.proowner) FROM pg_proc AS p
        WHERE p.oid = 'estoque_desajustes'::regproc));
BEGIN
    RETURN QUERY
    SELECT * FROM _estoque_desajustes_das_colunas()
    UNION ALL
    SELECT * FROM _estoque_desajustes_das_tabelas(v_papel)
    UNION ALL
    SELECT * FROM _estoque_desajustes_dos_indices()
    ORDER BY 1, 2;
END
$body$;

GRANT EXECUTE ON FUNCTION estoque_desajustes(name) TO PUBLIC;
COMMENT ON FUNCTION estoque_desajustes(name) IS
    'What of the sources does not fit, and what the owner of our functions may not do.';
