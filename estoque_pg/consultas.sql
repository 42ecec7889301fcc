-- Every statement the Python package sends to ask or to maintain (the migration runner and the
-- private server have their own). Each begins with "-- nome:", the key Python knows it by.
-- What is ours stands as nosso.NAME: Python puts the schema of the install there, or nothing, and then
-- the search_path finds it. So no session has to be told where to look. Parameters are cast, so that
-- what Python infers about a value never selects, or misses, a function.

-- nome: consultar
-- One row per distinct known code of the list.
SELECT codigo_consultado, cod_produto, nome_produto, estoque_atual, menor_estoque_d7,
       dia_ruptura, movimentacoes_previstas
  FROM nosso.estoque_consultar(%(codigos)s::text[]);

-- nome: atrasado
-- What of a product is overdue: exits, which count today, and entries of the last 30 days, which do not.
SELECT coalesce(sum(m.entrada_prevista) FILTER (WHERE m.data_prevista >= h.hoje - 30), 0) AS entrada,
       coalesce(sum(m.saida_prevista), 0) AS saida
  FROM (SELECT nosso.estoque_hoje() AS hoje, nosso.estoque_codigo(%(codigo)s::text) AS produto) AS h
  LEFT JOIN nosso.movimentacao_prevista AS m
    ON ROW(m.cod_produto, m.data_prevista) >= ROW(h.produto, '-infinity'::date)
   AND ROW(m.cod_produto, m.data_prevista) < ROW(h.produto, h.hoje);

-- nome: rupturas
-- Products that run out within so many days, by date, then code.
SELECT cod_produto, nome_produto, estoque_atual, menor_estoque_d7, dia_ruptura, dias_ate_ruptura,
       falta, fim_ruptura
  FROM nosso.estoque_rupturas(%(dias)s::integer);

-- nome: negativos
-- Products whose balance is below zero now, the lowest first.
SELECT cod_produto, nome_produto, estoque_atual, menor_estoque_d7, dia_ruptura
  FROM nosso.estoque_consultar(ARRAY(
           SELECT t.cod_produto FROM nosso.estoque_tempo_real AS t WHERE t.saldo_atual < 0))
 ORDER BY estoque_atual, cod_produto;

-- nome: em_risco
-- Products that run out unless the planned entries come, by date, then code.
SELECT cod_produto, nome_produto, estoque_atual, dia_ruptura, falta, proxima_entrada
  FROM nosso.estoque_em_risco(%(dias)s::integer);

-- nome: mudados
-- The products whose rows were written by transactions that had not ended at the moment `desde`, or
-- began later, each with its writer; how many there are; and the moment of this answer. A snapshot
-- lists no subtransactions, so rows are compared by the age of their writer, not by visibility;
-- numbers come round, hence the ages below zero. Unless `tudo`, only the products that run out are
-- looked at, by their index: of a large stock, the rest less often. Where no transaction that writes
-- has ended since (xmax), the table is not read, and `produtos` and `rompidos` are NULL: as many as
-- before. `ouvidos` tells the writer of each of these codes at any rate, NULL where it has no row.
-- `regras` is another number whenever a rule is another.
SELECT pg_snapshot_xmin(s.agora)::text AS marca, nosso.estoque_hoje() AS hoje,
       CASE WHEN s.escrito AND s.tudo THEN x.lidos END AS produtos,
       CASE WHEN s.escrito THEN x.rompidos END AS rompidos, x.mudados,
       (SELECT coalesce(jsonb_object_agg(o.codigo, (
                   SELECT t.xmin::text FROM nosso.estoque_tempo_real AS t
                    WHERE t.cod_produto = o.codigo)), '{}')
          FROM unnest(%(ouvidos)s::text[]) AS o (codigo)) AS ouvidos,
       (SELECT coalesce(sum(r.xmin::text::bigint), 0)::text FROM nosso.estoque_regra AS r) AS regras
  FROM (SELECT a.agora, %(tudo)s::boolean AS tudo,
               coalesce(pg_snapshot_xmax(a.agora)::text::bigint > %(desde)s::bigint, true) AS escrito
          FROM (SELECT pg_current_snapshot() AS agora) AS a) AS s
 CROSS JOIN LATERAL (
       SELECT count(*) AS lidos, count(t.dia_ruptura) AS rompidos,
              coalesce(jsonb_object_agg(t.cod_produto, t.quem::text) FILTER (
                  WHERE age(t.quem) <= (SELECT age((%(desde)s::bigint & 4294967295)::text::xid))
                    AND age(t.quem) >= 0), '{}') AS mudados
         FROM (SELECT p.cod_produto, p.dia_ruptura, p.xmin AS quem
                 FROM nosso.estoque_tempo_real AS p WHERE s.escrito AND s.tudo
                UNION ALL
               SELECT p.cod_produto, p.dia_ruptura, p.xmin
                 FROM nosso.estoque_tempo_real AS p
                WHERE s.escrito AND NOT s.tudo AND p.dia_ruptura IS NOT NULL) AS t) AS x;

-- nome: projecao
-- One row per day from today to the horizon.
SELECT dia, data, saldo_inicial, entrada, saida, saldo_final
  FROM nosso.estoque_projecao(%(codigo)s::text, %(dias)s::integer);

-- nome: projecao_completa
-- A product, its days, and the earliest from which any of it (0.001, the least there is of
-- anything) can be promised; no row for an unknown code.
SELECT p.cod_produto, p.nome_produto, p.estoque_atual, p.menor_estoque_d7, p.dia_ruptura,
       d.data_disponivel, d.quantidade_disponivel,
       (SELECT jsonb_agg(to_jsonb(x) ORDER BY x.dia)
          FROM nosso.estoque_projecao(p.cod_produto, %(dias)s::integer) AS x) AS projecao
  FROM nosso.estoque_consultar(ARRAY[%(codigo)s::text]) AS p
 CROSS JOIN nosso.estoque_disponibilidade(p.cod_produto, 0.001, %(dias)s::integer) AS d;

-- nome: disponibilidade
-- The earliest day from which the quantity can be promised.
SELECT data_disponivel, quantidade_disponivel
  FROM nosso.estoque_disponibilidade(%(codigo)s::text, %(quantidade)s::numeric, %(dias)s::integer);

-- nome: documentos
-- The open documents of a product, one row of NULLs where it has none, no row for an unknown code;
-- infinite dates as in verificar.
SELECT d.dia, CASE WHEN d.data_prevista IS NOT NULL THEN
           greatest(least(d.data_prevista, '9999-12-31'), '0001-01-01') END AS data_prevista,
       d.origem, d.id, d.documento, d.lote, d.codigo, d.entrada, d.saida, d.saldo, d.situacao
  FROM nosso.estoque_codigo_conhecido AS k
  LEFT JOIN LATERAL nosso.estoque_documentos(k.codigo, %(dias)s::integer)
            WITH ORDINALITY AS d ON true
 WHERE k.codigo = %(codigo)s::text
 ORDER BY d.ordinality;

-- nome: incoerencias
-- Documents that contradict each other; infinite dates as in verificar.
SELECT i.tipo, i.cod_produto, e.nome_produto, i.documentos,
       CASE WHEN i.desde IS NOT NULL THEN
           greatest(least(i.desde, '9999-12-31'), '0001-01-01') END AS desde,
       i.quantidade, i.o_que_fazer
  FROM nosso.estoque_incoerencias() WITH ORDINALITY AS i
  LEFT JOIN nosso.estoque_tempo_real AS e ON e.cod_produto = i.cod_produto
 ORDER BY i.ordinality;

-- nome: cobertura
-- For how long each distinct known code of the list lasts.
SELECT codigo_consultado, cod_produto, nome_produto, estoque_atual, saida_diaria, dias_por_consumo,
       dias_por_documentos
  FROM nosso.estoque_cobertura(%(codigos)s::text[]);

-- nome: buscar
-- Products with every word of a text, the closest first.
SELECT cod_produto, nome_produto, estoque_atual, menor_estoque_d7, dia_ruptura
  FROM nosso.estoque_buscar(%(texto)s::text, %(limite)s::integer);

-- nome: regras
-- The rules that are laid down, the general one first.
SELECT r.cod_produto AS codigo, k.cod_produto, e.nome_produto, r.minimo, r.prazo_reposicao,
       r.tolerancia, r.responsavel
  FROM nosso.estoque_regra AS r
  LEFT JOIN nosso.estoque_codigo_conhecido AS k ON k.codigo = r.cod_produto
  LEFT JOIN nosso.estoque_tempo_real AS e ON e.cod_produto = k.cod_produto
 ORDER BY r.cod_produto NULLS FIRST;

-- nome: regra
-- The rule that holds for a product; NULL: for all that have none of their own.
SELECT cod_produto, minimo, prazo_reposicao, tolerancia, responsavel
  FROM nosso.estoque_regra_vigente(%(codigo)s::text);

-- nome: responsaveis
-- Who looks after each product with a rule, and after all others.
SELECT cod_produto, responsavel FROM nosso._estoque_regras(true);

-- nome: quantas_incoerencias
SELECT count(*) FROM nosso.estoque_incoerencias();

-- nome: causas
-- The exit that makes each of these products run out, NULLs where its day began short already.
SELECT p.codigo AS cod_produto, c.origem, c.id, c.documento, c.saida
  FROM unnest(%(codigos)s::text[]) AS p (codigo)
  JOIN nosso._estoque_faltas(
           ARRAY(SELECT nosso.estoque_codigo(x) FROM unnest(%(codigos)s::text[]) AS x),
           nosso.estoque_hoje() + %(dias)s::integer) AS f
    ON f.cod_produto = nosso.estoque_codigo(p.codigo)
  LEFT JOIN LATERAL nosso._estoque_causa_da_falta(f.cod_produto, f.ruptura) AS c ON true;

-- nome: falta
-- What estoque_rupturas says of one product; no row where it does not run out.
SELECT f.ruptura, f.falta, f.fim
  FROM nosso._estoque_faltas(ARRAY[nosso.estoque_codigo(%(codigo)s::text)],
                             nosso.estoque_hoje() + %(dias)s::integer) AS f;

-- nome: definir_regra
-- Lay down or take back fields of a rule; the rule in force then, no row for an unknown code.
SELECT cod_produto, minimo, prazo_reposicao, tolerancia, responsavel
  FROM nosso.estoque_definir_regra(
           %(codigo)s::text, %(minimo)s::numeric, %(prazo_reposicao)s::integer,
           %(tolerancia)s::numeric, %(responsavel)s::text, %(limpar)s::text[]);

-- nome: transicoes
-- What was announced of ruptures and minimums since a moment, of the last 7 days without one.
SELECT id, cod_produto, sequencia, tipo, em, dia, nome_produto, dia_antes, dia_depois, falta_antes,
       falta_depois, causa
  FROM nosso.estoque_transicoes(coalesce(%(desde)s::timestamptz, now() - interval '7 days'),
                                %(limite)s::integer, %(antes)s::bigint);

-- nome: anunciar
-- Write what changed of ruptures since it was last announced; how many transitions.
SELECT nosso.estoque_anunciar();

-- nome: inscrever
-- Subscribe a destination to transitions; its id, and the secret of a webhook.
SELECT id, segredo
  FROM nosso.estoque_inscrever(
           canal => %(canal)s::text, destino => %(destino)s::text, segredo => %(segredo)s::text,
           produtos => %(produtos)s::text[], prefixo => %(prefixo)s::text,
           responsavel => %(responsavel)s::text, tipos => %(tipos)s::text[],
           resumo_as => %(resumo_as)s::time, idioma => %(idioma)s::text, fuso => %(fuso)s::text);

-- nome: inscricoes
-- The subscriptions, without their secrets.
SELECT id, canal, destino, produtos, prefixo, responsavel, tipos, resumo_as, idioma, fuso, ativa,
       motivo, criada_em, criada_por, pendentes, mortas
  FROM nosso.estoque_inscricoes();

-- nome: cancelar_inscricao
-- Remove a subscription; whether it was there.
SELECT nosso.estoque_cancelar_inscricao(%(inscricao)s::bigint);

-- nome: pausar_inscricao
-- Let a subscription rest, or take it up again; whether it was there.
SELECT nosso.estoque_pausar_inscricao(%(inscricao)s::bigint, %(pausar)s::boolean);

-- nome: testar_inscricao
-- Make a test message; the number of the delivery.
SELECT nosso.estoque_testar_inscricao(%(inscricao)s::bigint) AS entrega;

-- nome: entregas_pendentes
-- The deliveries that wait, the oldest 100.
SELECT id, inscricao, canal, destino, cod_produto, sequencia, tipo, criada_em, tentativas, proxima_em,
       erro
  FROM nosso.estoque_entregas_pendentes();

-- nome: entregas_mortas
-- Deliveries that were given up.
SELECT id, inscricao, canal, destino, cod_produto, sequencia, tipo, criada_em, tentativas, erro
  FROM nosso.estoque_entregas_mortas();

-- nome: reenviar
-- Take up again a delivery that was given up; whether there was one.
SELECT nosso.estoque_reenviar(%(entrega)s::bigint);

-- nome: reenviar_mortas
-- Take up again all that was given up, for all subscriptions or for one; how many.
SELECT nosso.estoque_reenviar_mortas(%(inscricao)s::bigint);

-- nome: descartar_entrega
-- Forget a delivery that was given up; whether there was one.
SELECT nosso.estoque_descartar_entrega(%(entrega)s::bigint);

-- nome: tomar_entrega
-- Take the next delivery that is due, or the one named, for so many seconds.
SELECT entrega, reserva, chave, tentativa, falhas, canal, destino, segredo, idioma, aviso
  FROM nosso._estoque_tomar_entrega(
           %(canais)s::text[], make_interval(secs => %(reserva)s::float8), %(uma)s::bigint);

-- nome: concluir_entrega
-- Note what became of a delivery; whether its lease still held.
SELECT nosso._estoque_concluir_entrega(
           %(entrega)s::bigint, %(reserva)s::uuid, %(estado)s::text, %(erro)s::text,
           make_interval(secs => %(espera)s::float8), %(alcance)s::text,
           make_interval(secs => %(pausa)s::float8), make_interval(secs => %(desistir)s::float8));

-- nome: estatisticas
-- The whole stock in one row.
SELECT total_produtos, produtos_com_ruptura, produtos_estoque_negativo, produtos_estoque_zerado,
       movimentacoes_previstas_7d, percentual_ruptura
  FROM nosso.estoque_estatisticas();

-- nome: verificar
-- Every stored value that differs from the sources; NULL audits everything. Dates may be infinite,
-- which psycopg does not read: they are shown as the first and the last day that it does.
SELECT cod_produto, campo,
       CASE WHEN data_prevista IS NOT NULL THEN
           greatest(least(data_prevista, '9999-12-31'), '0001-01-01') END AS data_prevista,
       valor_armazenado, valor_esperado
  FROM nosso.estoque_verificar(%(codigos)s::text[]);

-- nome: contagem
-- How much there is to audit: products and forecast rows.
SELECT (SELECT count(*) FROM nosso.estoque_tempo_real) AS produtos,
       (SELECT count(*) FROM nosso.movimentacao_prevista) AS previsoes;

-- nome: recalcular
-- Rebuild one product from the sources; the number corrected.
SELECT nosso.estoque_recalcular(%(codigo)s::text);

-- nome: recalcular_produto
-- Rebuild one product from the sources; the balance it has then, and whether it was wrong.
SELECT cod_produto, saldo_atual, corrigido
  FROM nosso._estoque_recalcular_produto(%(codigo)s::text);

-- nome: recalcular_tudo
-- Rebuild every product from the sources; the number corrected.
SELECT nosso.estoque_recalcular_tudo();

-- nome: codigo
-- The canonical code.
SELECT nosso.estoque_codigo(%(codigo)s::text);

-- nome: hoje
-- The business date.
SELECT nosso.estoque_hoje();

-- nome: conceder
-- Give a role what a reader, a writer or a backup needs; the statements run.
SELECT * FROM nosso.estoque_conceder(%(papel)s::text, %(leitura)s::boolean, %(escrita)s::boolean,
                                     %(copia)s::boolean);

-- nome: vigiar
-- Put back what is not as it was installed; how many. First of all our functions are bound to the
-- schema they are in, without which none of them finds anything.
SELECT r.quantas + nosso.estoque_vigiar()
  FROM (SELECT nosso.estoque_reapontar(n.nspname) AS quantas
          FROM pg_class AS c
          JOIN pg_namespace AS n ON n.oid = c.relnamespace
         WHERE c.oid = 'nosso.estoque_assinatura'::regclass OFFSET 0) AS r;

-- nome: fallback
-- Compare a batch of products with the sources and mend them.
SELECT processados, corrigidos, falhas FROM nosso.estoque_fallback(%(lote)s::integer);

-- nome: minuto
-- The minute job; no row where another run is under way, or on a standby.
SELECT id, inicio, fim, processados, corrigidos, falhas, virados, motor FROM nosso.estoque_minuto();

-- nome: configurar
-- Set what is not NULL of the settings of the minute job; the settings as they are then.
SELECT por_execucao, extract(epoch FROM orcamento)::float8 AS orcamento
  FROM nosso.estoque_configurar(%(por_execucao)s::integer, make_interval(secs => %(orcamento)s::float8));

-- nome: agendar
-- Put the minute job into the pg_cron of this database; its name.
SELECT nosso.estoque_agendar();

-- nome: desagendar
-- Take it out; whether it was there.
SELECT nosso.estoque_desagendar();

-- nome: cron
-- The job as pg_cron knows it, and the database pg_cron sits in, if this role may know.
SELECT nome, horario, comando, banco, banco_do_cron FROM nosso._estoque_cron();

-- nome: cron_ausente
-- Whether the database lacks pg_cron.
SELECT NOT EXISTS (SELECT FROM pg_extension WHERE extname = 'pg_cron');

-- nome: cron_agendar_alhures
-- In the database of pg_cron: schedule the job of another database.
SELECT cron.schedule_in_database(%(nome)s::text, %(horario)s::text, %(comando)s::text,
                                 %(banco)s::text);

-- nome: cron_desagendar_alhures
-- In the database of pg_cron: take a job out by its name; how many there were.
SELECT count(cron.unschedule(jobid)) FROM cron.job WHERE jobname = %(nome)s::text;

-- nome: chamar_se_worker
-- The name under which a worker's runs are recorded.
SELECT set_config('application_name', 'estoque worker', false);

-- nome: tomar_vez_do_worker
-- Become the worker of this schema, for as long as the session lasts; false when there is one.
SELECT pg_try_advisory_lock(hashtextextended('estoque worker ' || pronamespace, 0))
  FROM pg_proc WHERE oid = 'nosso.estoque_minuto'::regproc;

-- nome: resumo
-- The figures of an installation; only reads, on a standby too.
SELECT now() AS agora, pg_is_in_recovery() AS espelho,
       (SELECT max(aplicada_em) FROM nosso.estoque_migracao_soma) AS instalado_em,
       t.produtos, t.vencidos, t.comparado_desde,
       c.por_execucao, extract(epoch FROM c.orcamento)::float8 AS orcamento, c.recusadas,
       c.lugar IS DISTINCT FROM nosso._estoque_lugar() AS copia,
       (SELECT count(*) FROM nosso.estoque_recontagem) AS por_comparar,
       (SELECT count(*) FROM nosso.estoque_assinatura)
           + (SELECT count(*) FROM nosso._estoque_indices_das_fontes()) AS partes,
       (SELECT count(*) FROM nosso.estoque_correcao
         WHERE corrigido_em > now() - interval '24 hours') AS correcoes_24h,
       (SELECT count(*) FROM nosso.estoque_falha) AS total_de_falhas,
       s.inscricoes AS avisos_inscricoes, s.pendentes AS avisos_pendentes,
       s.atrasada_desde AS avisos_desde, s.mortas AS avisos_mortos, s.erro AS avisos_erro,
       s.encerradas AS avisos_encerrados
  FROM (SELECT count(*) AS produtos,
               count(*) FILTER (WHERE h.hoje NOT BETWEEN valido_desde AND valido_ate) AS vencidos,
               min(comparado_em) AS comparado_desde
          FROM (SELECT nosso.estoque_hoje() AS hoje) AS h, nosso.estoque_tempo_real) AS t
 CROSS JOIN nosso._estoque_estado_dos_avisos() AS s
  LEFT JOIN nosso.estoque_controle AS c ON true;

-- nome: servidor
-- What the status shows of the server that is asked. By itself: what Citus sends on, another one answers.
SELECT no, no_aqui, banco_do_cron, lancador, cron_legivel FROM nosso._estoque_servidor();

-- nome: gatilhos
-- The triggers the system needs, and their state.
SELECT tabela, gatilho, estado FROM nosso.estoque_gatilhos();

-- nome: alterados
-- Parts that are not as they were installed.
SELECT tipo, objeto, estado FROM nosso.estoque_alterados();

-- nome: desajustes
-- What of the sources does not fit.
SELECT dito FROM nosso._estoque_desajustes(NULL);

-- nome: funcoes_perdidas
-- Functions of ours that are gone, or look for what they name in another schema, as after ALTER SCHEMA
-- ... RENAME. Asked of the catalogs alone, before any function of ours that may be among them, and by
-- name: the types of the parameters are told as a search_path sees them.
-- The signatures are read apart from the catalogs: on Citus these are of the server that is asked.
WITH assinada AS MATERIALIZED (
    SELECT a.objeto FROM nosso.estoque_assinatura AS a WHERE a.tipo = 'function'
)
SELECT DISTINCT 'function' AS tipo, a.objeto,
       CASE WHEN f.oid IS NULL THEN 'missing' ELSE 'search_path' END AS estado
  FROM pg_class AS r
  JOIN pg_namespace AS n ON n.oid = r.relnamespace
 CROSS JOIN assinada AS a
  LEFT JOIN LATERAL (SELECT p.oid, p.proconfig FROM pg_proc AS p
                      WHERE p.pronamespace = n.oid
                        AND p.proname = split_part(a.objeto, '(', 1)) AS f ON true
 WHERE r.oid = 'nosso.estoque_assinatura'::regclass
   AND (f.oid IS NULL
        OR EXISTS (SELECT FROM unnest(f.proconfig) AS x (c)
                    WHERE x.c ~ '^search_path=(?!"?pg_catalog"?,)'
                      AND replace(x.c, '"', '')
                          <> 'search_path=' || replace(n.nspname, '"', '') || ', pg_temp'))
 ORDER BY a.objeto;

-- nome: execucoes
-- The newest runs of the minute job.
SELECT id, inicio, fim, processados, corrigidos, falhas, virados, motor
  FROM nosso.estoque_execucao ORDER BY inicio DESC, id DESC LIMIT 5;

-- nome: correcoes
-- The newest differences that were mended; infinite dates as in verificar.
SELECT corrigido_em, cod_produto, campo,
       CASE WHEN data_prevista IS NOT NULL THEN
           greatest(least(data_prevista, '9999-12-31'), '0001-01-01') END AS data_prevista,
       valor_antes, valor_depois
  FROM nosso.estoque_correcao ORDER BY corrigido_em DESC, id DESC LIMIT 5;

-- nome: falhas
-- The products that have failed for longest.
SELECT cod_produto, sqlstate, mensagem, desde, ultima_em, vezes
  FROM nosso.estoque_falha ORDER BY desde, cod_produto LIMIT 10;

-- nome: tarefa
-- The minute job in the pg_cron of this database, and how its last run ended.
SELECT j.active AS ativa, j.username AS usuario, d.status AS estado, d.return_message AS mensagem
  FROM cron.job AS j
  LEFT JOIN LATERAL (SELECT r.status, r.return_message FROM cron.job_run_details AS r
                      WHERE r.jobid = j.jobid AND r.status NOT IN ('starting', 'running')
                      ORDER BY r.runid DESC LIMIT 1) AS d ON true
 WHERE j.jobname = (SELECT nome FROM nosso._estoque_cron())
 ORDER BY j.jobid LIMIT 1;

-- nome: completar
-- Known codes that begin so, with the product's name, for the shell.
SELECT c.codigo, t.nome_produto
  FROM nosso.estoque_codigo_conhecido AS c
  JOIN nosso.estoque_tempo_real AS t USING (cod_produto)
 WHERE starts_with(c.codigo, %(prefixo)s::text)
 ORDER BY c.codigo
 LIMIT 200;

-- nome: prazo
-- Give up the statements of this transaction after so many milliseconds.
SELECT set_config('statement_timeout', %(ms)s, true);

-- nome: acompanhar
-- What the following screen shows of the products asked for.
SELECT codigo_consultado, cod_produto, nome_produto, estoque_atual, menor_estoque_d7, dia_ruptura,
       dia_ruptura - nosso.estoque_hoje() AS dias_ate_ruptura
  FROM nosso.estoque_consultar(%(codigos)s::text[]);

-- nome: amostra
-- Some products, for measuring.
SELECT cod_produto FROM nosso.estoque_tempo_real ORDER BY random() LIMIT 1000;

-- nome: instalacoes
-- The schemas the package is installed in, of those the role may use.
SELECT n.nspname::text FROM pg_catalog.pg_class AS c
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
 WHERE c.relname = %(tabela)s AND c.relkind = 'r'
   AND pg_catalog.has_schema_privilege(n.oid, 'USAGE')
 ORDER BY n.nspname COLLATE "C";

-- nome: existe_tabela
-- Whether the search_path finds a table, before an installation.
SELECT pg_catalog.to_regclass(%(tabela)s) IS NOT NULL;

-- nome: folhas
-- Where the rows of a table are: in itself, or in the partitions that have none themselves; with
-- the size, and a short name for what is made on each.
SELECT c.relname, n.nspname, c.oid = %(tabela)s::regclass, pg_relation_size(c.oid),
       left(md5(n.nspname || '.' || c.relname), 16)
  FROM pg_partition_tree(%(tabela)s) AS p
 RIGHT JOIN pg_class AS c ON c.oid = p.relid OR c.oid = %(tabela)s::regclass
  JOIN pg_namespace AS n ON n.oid = c.relnamespace
 WHERE c.relkind = 'r' AND (p.isleaf OR c.oid = %(tabela)s::regclass);

-- nome: transacoes
-- Transactions of others in this database that have been open for a while, as far as this role may
-- see, the oldest first.
SELECT pid, usename, application_name, xact_start
  FROM pg_stat_activity
 WHERE datname = current_database() AND pid <> pg_backend_pid()
   AND xact_start < clock_timestamp() - interval '2 s'
 ORDER BY xact_start
 LIMIT 3;

-- nome: usam
-- Transactions of others that hold tables of the current schema, or partitions of these, so that the
-- installer has to wait, as far as this role may see, the oldest first. _estoque_quem_usa says the
-- same where there is an install.
SELECT a.pid, coalesce(a.usename, a.backend_type), a.application_name, a.xact_start
  FROM pg_stat_activity AS a
 WHERE a.pid <> pg_backend_pid() AND a.xact_start IS NOT NULL
   AND EXISTS (SELECT FROM pg_locks AS l
                 JOIN pg_database AS d ON d.oid = l.database AND d.datname = current_database()
                 JOIN pg_class AS c ON c.oid = l.relation
                 LEFT JOIN pg_inherits AS i ON i.inhrelid = c.oid
                 LEFT JOIN pg_class AS p ON p.oid = i.inhparent
                WHERE l.pid = a.pid AND l.granted
                  AND (%(leitores)s OR l.mode NOT IN ('AccessShareLock', 'RowShareLock'))
                  AND quote_ident(current_schema())::regnamespace
                      IN (c.relnamespace, p.relnamespace))
 ORDER BY a.xact_start
 LIMIT 3;

-- nome: arvore_das_fontes
-- The source tables and the partitions or children below each, in the order in which they are locked.
WITH RECURSIVE arvore AS (
    SELECT f.ordem, 1 AS nivel, to_regclass(quote_ident(f.tabela))::oid AS relacao
      FROM nosso._estoque_fontes() AS f
     UNION ALL
    SELECT a.ordem, a.nivel + 1, i.inhrelid FROM arvore AS a
      JOIN pg_inherits AS i ON i.inhparent = a.relacao
      JOIN pg_class AS c ON c.oid = i.inhrelid AND c.relpersistence <> 't'
)
SELECT n.nspname, c.relname FROM arvore AS a
  JOIN pg_class AS c ON c.oid = a.relacao
  JOIN pg_namespace AS n ON n.oid = c.relnamespace
 ORDER BY a.ordem, a.nivel, a.relacao;

-- nome: tabelas_nossas
-- Which of the names are those of tables in the current schema.
SELECT n.nspname, c.relname FROM pg_class AS c
  JOIN pg_namespace AS n ON n.oid = c.relnamespace
 WHERE n.nspname = current_schema() AND c.relkind = 'r' AND c.relname = ANY (%(nomes)s)
 ORDER BY c.relname COLLATE "C";

-- nome: schemas_com_fontes
-- The schemas that have tables of these names.
SELECT DISTINCT n.nspname FROM pg_catalog.pg_class AS c
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
 WHERE c.relkind IN ('r', 'p') AND c.relname = ANY (%(fontes)s);

-- nome: donos_da_trava
-- The sessions of this database that hold an advisory lock, as far as this role may see.
SELECT l.pid, a.usename, a.application_name
  FROM pg_locks AS l
  LEFT JOIN pg_stat_activity AS a ON a.pid = l.pid
 WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
   AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
   AND (l.classid::bigint << 32) + l.objid::bigint = %(trava)s::bigint;

-- nome: indice_valido
-- Whether an index is whole, or was left over from an attempt that was cut off; no row without one.
SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass(%(indice)s);

-- nome: nomes_tomados
-- Which of the names are borne by something in a schema, before anything of ours is made there.
SELECT c.relname FROM pg_catalog.pg_class AS c
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
 WHERE n.nspname = %(schema)s AND c.relname = ANY (%(nomes)s)
 ORDER BY c.relname COLLATE "C";

-- nome: objetos_nossos
-- What there is of ours in a schema, and who was given what on it: a row for each right.
SELECT coalesce(jsonb_agg(jsonb_build_object('oid', o.oid, 'tipo', o.tipo, 'nome', o.nome,
           'papel', CASE WHEN x.grantee <> 0 THEN x.grantee::regrole::text END,
           'direito', x.privilege_type)), '[]')::text
  FROM (SELECT c.oid, CASE c.relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END AS tipo,
               c.relname AS nome, c.relnamespace AS schema, c.relowner AS dono, c.relacl AS direitos
          FROM pg_catalog.pg_class AS c WHERE c.relkind IN ('r', 'v', 'S')
         UNION ALL
        SELECT p.oid, 'FUNCTION', p.proname, p.pronamespace, p.proowner, p.proacl
          FROM pg_catalog.pg_proc AS p) AS o
  JOIN pg_catalog.pg_namespace AS n ON n.oid = o.schema AND n.nspname = %(schema)s
  LEFT JOIN LATERAL pg_catalog.aclexplode(o.direitos) AS x
    ON x.grantee <> o.dono AND x.grantee <> 0
 WHERE o.nome ~ '^(_yoyo_|_)?estoque_|^movimentacao_prevista$';

-- nome: indices_das_fontes
-- The indexes that this version has on the sources.
SELECT i.nome, i.tabela, i.colunas,
       -- The first version told the columns alone.
       coalesce(to_jsonb(i) ->> 'definicao',
                format('USING btree (%%s)', array_to_string(i.colunas, ', '))) AS definicao
  FROM nosso._estoque_indices_das_fontes() AS i;

-- nome: fontes_a_anotar
-- The sources as vivo_anotar takes them: what is noted of the columns of each.
SELECT jsonb_agg(to_jsonb(x))::text
  FROM (SELECT f.ordem, f.tabela,
               CASE WHEN f.quantidade IS NOT NULL
                    THEN ARRAY['codigo', 'cod_produto', 'fora', f.quantidade]
                    WHEN f.tabela = 'embarque_itens' THEN ARRAY['lote', 'separacao_lote_id']
                    ELSE ARRAY['codigo', 'codigo_origem', 'codigo', 'codigo_destino'] END
                   AS argumentos
          FROM nosso._estoque_fontes() AS f) AS x;

-- nome: pela_metade
-- Whether there are notes of ours: an installation is under way, or was cut off.
SELECT starts_with(pg_catalog.obj_description(pg_catalog.to_regclass(%(tabela)s), 'pg_class'),
                   'estoque_pg: ');

-- nome: esperam_por_nos
-- Whether anybody waits for a lock that this session holds.
SELECT EXISTS (SELECT FROM pg_locks AS l
                WHERE NOT l.granted AND pg_backend_pid() = ANY (pg_blocking_pids(l.pid)));

-- nome: explicar
-- Why a product runs out, by intervals: one row of NULLs where it does not, no row for an unknown code.
SELECT e.inicio, e.fim, e.falta, e.dia_da_falta, e.origem, e.id, e.documento, e.saida, e.entrada_data,
       e.entrada_quantidade, e.entrada_documento, e.remedios
  FROM nosso.estoque_codigo_conhecido AS k
  LEFT JOIN LATERAL nosso.estoque_explicar(k.codigo, %(dias)s::integer) AS e ON true
 WHERE k.codigo = %(codigo)s::text
 ORDER BY e.inicio;

-- nome: simular
-- What estoque_simular answers; what it tells in notices as rows with the item's number.
SELECT aviso, cod_produto, nome_produto, dia_ruptura_antes, dia_ruptura_depois, menor_antes,
       menor_depois, fim_ruptura_antes, fim_ruptura_depois
  FROM nosso._estoque_simulados(%(mudancas)s::jsonb, %(dias)s::integer);

-- nome: projecao_simulada
-- What estoque_projecao_simulada answers; what it tells in notices as rows with the item's number.
SELECT aviso, dia, data, entrada_antes, saida_antes, saldo_antes, entrada_depois, saida_depois,
       saldo_depois
  FROM nosso._estoque_projecao_simulada(%(codigo)s::text, %(mudancas)s::jsonb, %(dias)s::integer);

-- nome: prometer
-- Since when a whole order can be promised.
SELECT cod_produto, nome_produto, quantidade, maximo_hoje, data_disponivel, maximo_na_data,
       data_conjunta, codigos_pedidos
  FROM nosso.estoque_prometer(%(codigos)s::text[], %(quantidades)s::numeric[], %(dias)s::integer);

-- nome: abaixo_do_minimo
-- Products that fall below their minimum.
SELECT cod_produto, nome_produto, minimo, primeiro_dia, menor_saldo, falta, pedir_ate
  FROM nosso.estoque_abaixo_do_minimo(%(dias)s::integer);

-- nome: medidas
-- What /metrics tells of the installation: looks into indexes, the newest rows, small tables.
SELECT (SELECT min(t.comparado_em) FROM nosso.estoque_tempo_real AS t) AS comparado_desde,
       (SELECT count(*) FROM nosso.estoque_recontagem) AS por_comparar,
       -- Citus gives the numbers of each node a range of their own.
       coalesce(e.id & 281474976710655, 0) AS execucoes, e.fim AS ultima_execucao,
       extract(epoch FROM e.fim - e.inicio)::float8 AS duracao,
       (SELECT coalesce(max(c.id & 281474976710655), 0) FROM nosso.estoque_correcao AS c) AS correcoes,
       (SELECT count(*) FROM nosso.estoque_falha) AS falhas,
       (SELECT count(*) FROM nosso.estoque_gatilhos() AS g
         WHERE g.estado NOT IN ('ok', 'always')) AS gatilhos_fora,
       s.pendentes AS avisos_pendentes, s.atrasada_desde AS avisos_desde, s.mortas AS avisos_mortos
  FROM nosso._estoque_estado_dos_avisos() AS s
  LEFT JOIN (SELECT x.id, x.inicio, x.fim FROM nosso.estoque_execucao AS x
              ORDER BY x.inicio DESC LIMIT 1) AS e ON true;

-- nome: contagens
-- What /metrics counts among all products.
SELECT p.produtos, p.negativos, r.rupturas_0, r.rupturas_7, r.rupturas_28
  FROM (SELECT count(*) AS produtos, count(*) FILTER (WHERE t.saldo_atual < 0) AS negativos
          FROM nosso.estoque_tempo_real AS t) AS p
 CROSS JOIN (SELECT count(*) FILTER (WHERE x.dias_ate_ruptura = 0) AS rupturas_0,
                    count(*) FILTER (WHERE x.dias_ate_ruptura <= 7) AS rupturas_7,
                    count(*) AS rupturas_28
               FROM nosso.estoque_rupturas(28) AS x) AS r;

-- nome: grupo_rupturas
-- What runs out in any company of a group; for each that is away a row that says why.
SELECT empresa, cod_produto, nome_produto, estoque_atual, menor_estoque_d7, dia_ruptura,
       dias_ate_ruptura, falta, fim_ruptura, fora, erro
  FROM nosso.estoque_rupturas(%(dias)s::integer);

-- nome: grupo_estatisticas
-- The figures of each company of a group.
SELECT empresa, total_produtos, produtos_com_ruptura, produtos_estoque_negativo,
       produtos_estoque_zerado, movimentacoes_previstas_7d, percentual_ruptura, fora, erro
  FROM nosso.estoque_estatisticas();

-- nome: grupo_saldos
-- What each company of a group has of some codes.
SELECT empresa, codigo_consultado, cod_produto, nome_produto, estoque_atual, menor_estoque_d7,
       dia_ruptura, fora, erro
  FROM nosso.estoque_saldos(%(codigos)s::text[]);

-- nome: grupo_empresas
-- The companies of a group, and to where the server of one leads.
SELECT e.empresa, e.esquema, e.servidor,
       (SELECT string_agg(o.option_name || '=' || o.option_value, ' '
                          ORDER BY array_position(ARRAY['host', 'hostaddr', 'port', 'dbname', 'service'],
                                                  o.option_name))
          FROM pg_catalog.pg_foreign_server AS s,
               LATERAL pg_catalog.pg_options_to_table(s.srvoptions) AS o
         WHERE s.srvname = e.servidor
           AND o.option_name IN ('host', 'hostaddr', 'port', 'dbname', 'service')) AS endereco,
       e.fora, e.erro
  FROM nosso.estoque_empresas() AS e;

-- nome: grupos
-- The groups of the database, of those the role may use. Catalogs alone are read: a table of that name
-- can be anybody's.
SELECT n.nspname::text AS grupo, pg_catalog.pg_get_userbyid(c.relowner)::text AS dono
  FROM pg_catalog.pg_class AS c
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
 WHERE c.relname = 'estoque_grupo_empresa' AND c.relkind = 'r'
   AND pg_catalog.has_schema_privilege(n.oid, 'USAGE')
 ORDER BY n.nspname COLLATE "C";

-- nome: grupo_cabimento
-- Whether a group has a company of a name, or will have one by its pattern, and whether a schema is one.
SELECT EXISTS (SELECT FROM nosso.estoque_empresas() AS e
                WHERE e.empresa = %(empresa)s::text) AS tomado,
       EXISTS (SELECT FROM nosso.estoque_grupo AS g
                WHERE %(empresa)s::text
                      LIKE replace(replace(g.padrao, '\', '\\'), '_', '\_')) AS pelo_padrao,
       EXISTS (SELECT FROM pg_catalog.pg_class AS c
                 JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
                WHERE n.nspname = %(esquema)s::text AND c.relname = 'estoque_migracao_soma'
                  AND c.relkind = 'r') AS instalada;

-- nome: grupo_fazer
-- What a new group consists of.
INSERT INTO nosso.estoque_grupo (padrao, limite) VALUES (%(padrao)s::text, %(limite)s::numeric)
RETURNING 1;

-- nome: grupo_mudar
-- Another pattern, another limit; NULL leaves it.
UPDATE nosso.estoque_grupo
   SET padrao = coalesce(%(padrao)s::text, padrao), limite = coalesce(%(limite)s::numeric, limite)
RETURNING 1;

-- nome: grupo_incluir
-- A company by name.
INSERT INTO nosso.estoque_grupo_empresa (empresa, esquema, servidor)
VALUES (%(empresa)s::text, %(esquema)s::text, %(servidor)s::text)
RETURNING empresa;

-- nome: grupo_servidor
-- The foreign server of a company elsewhere.
SELECT nosso._estoque_servidor(%(opcoes)s::jsonb, %(senha)s::text);

-- nome: grupo_retirar
-- A company taken out.
SELECT nosso.estoque_retirar(%(empresa)s::text);

-- nome: grupo_conceder
-- Rights of a reader of the group.
SELECT c FROM nosso.estoque_conceder(%(papel)s::text) AS c;

-- nome: grupo_extensoes
-- Of the extensions for other servers, those that are not here.
SELECT x.nome FROM unnest(ARRAY['postgres_fdw', 'dblink']) AS x (nome)
 WHERE x.nome NOT IN (SELECT e.extname FROM pg_catalog.pg_extension AS e);

-- nome: quem_e_onde
-- The role and the search_path of a session.
SELECT current_setting('role') AS papel, current_setting('search_path') AS caminho;

-- nome: ser
-- Another role and search_path, until the transaction ends.
SELECT set_config('search_path', %(caminho)s::text, true) || set_config('role', %(papel)s::text, true);

-- nome: existe_schema
-- Whether there is a schema of that name, to whomever it belongs.
SELECT EXISTS (SELECT FROM pg_catalog.pg_namespace AS n WHERE n.nspname = %(schema)s::text);

-- nome: citus_presente
-- Whether Citus is in the database.
SELECT pg_catalog.to_regclass('pg_catalog.pg_dist_partition') IS NOT NULL;

-- nome: citus_coordenador
-- With Citus: whether this is the coordinator, and where that is, as its nodes know it.
SELECT citus_is_coordinator(),
       (SELECT format('%%s:%%s', nodename, nodeport) FROM pg_dist_node WHERE groupid = 0 LIMIT 1);

-- nome: citus_propaga
-- With Citus: whether what the session makes is made on all nodes.
SELECT current_setting('citus.enable_ddl_propagation')::boolean;

-- nome: citus_distribuido
-- With Citus: whether a schema is distributed.
SELECT EXISTS (SELECT FROM pg_dist_schema AS d
                 JOIN pg_catalog.pg_namespace AS n ON n.oid = d.schemaid
                WHERE n.nspname = %(schema)s);
