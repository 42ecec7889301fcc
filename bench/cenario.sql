-- The rows that are measured, made in the server; read by cenario.py. Codes go from 100001 up.
-- Parameters: produtos, movimentos, separacoes, pre_separacoes, producoes, rupturas of a Tamanho.
-- Run with the search_path on the schema to fill. CURRENT_DATE is the business day: the server of
-- the benchmark keeps the business time zone.

-- nome: unificacoes
-- One product in twenty has an old code.
INSERT INTO unificacao_codigos (codigo_origem, codigo_destino, ativo)
SELECT 'A' || 100000 + n, (100000 + n)::text, true
  FROM generate_series(1, %(produtos)s::integer, 20) AS n;

-- nome: movimentos
-- They come and go around zero; what goes bears an invoice number and a lot of the past. One in fifty is struck out; of a product with an old code one in
-- twenty is booked under it.
INSERT INTO movimentacao_estoque (cod_produto, nome_produto, data_movimentacao, tipo_movimentacao,
                                  local_movimentacao, qtd_movimentacao, ativo, numero_nf,
                                  separacao_lote_id)
SELECT CASE WHEN n %% 20 = 1 AND volta %% 20 = 10 THEN 'A' ELSE '' END || 100000 + n,
       'PRODUTO ' || 100000 + n,
       CURRENT_DATE - (365 - i * 365 / %(movimentos)s::bigint)::integer,
       CASE WHEN q > 0 THEN 'PRODUÇÃO' ELSE 'FATURAMENTO' END,
       'CD', q, volta %% 50 <> 49, CASE WHEN q <= 0 THEN (i / 10)::text END,
       CASE WHEN q <= 0 THEN 'H' || i / 10 END
  FROM (
       SELECT i, 1 + (i - 1) %% %(produtos)s::bigint AS n, (i - 1) / %(produtos)s::bigint AS volta,
              hashint8(i) %% 100 AS q
         FROM generate_series(1, %(movimentos)s::bigint) AS i
       ) AS linha;

-- nome: aberturas
-- What each product has beside those movements, so that none of the statements makes it run out.
INSERT INTO movimentacao_estoque (cod_produto, nome_produto, data_movimentacao, tipo_movimentacao,
                                  local_movimentacao, qtd_movimentacao, ativo)
SELECT (100000 + n)::text, 'PRODUTO ' || 100000 + n, CURRENT_DATE - 365, 'ABERTURA', 'CD',
       20000, true
  FROM generate_series(1, %(produtos)s::integer) AS n;

-- nome: embarques
-- Half the lots have a shipment, a fifth of those an invoice.
INSERT INTO embarque_itens (embarque_id, separacao_lote_id, pedido, nota_fiscal, status)
SELECT n / 5, (100000 + n)::text, 'PEDIDO',
       CASE WHEN n %% 10 = 5 THEN (100000 + n)::text END, 'ativo'
  FROM generate_series(1, %(separacoes)s::integer / 15, 2) AS n;

-- nome: separacoes
-- In lots of fifteen, from two days overdue to four weeks ahead.
INSERT INTO separacao (separacao_lote_id, num_pedido, cod_produto, nome_produto, qtd_saldo,
                       expedicao, tipo_envio)
SELECT (100000 + i / 15)::text, 'PEDIDO', (100000 + n)::text, 'PRODUTO ' || 100000 + n,
       1 + abs(hashint8(i) %% 50), CURRENT_DATE - 2 + abs(hashint8(-i) %% 31), 'total'
  FROM generate_series(1, %(separacoes)s::bigint) AS i,
       LATERAL (SELECT 1 + (i * 7919) %% %(produtos)s::integer AS n) AS produto;

-- nome: pre_separacoes
INSERT INTO pre_separacao_item (num_pedido, cod_produto, nome_produto, qtd_selecionada_usuario,
                                data_expedicao_editada, status, recomposto, tipo_envio)
SELECT 'PEDIDO', (100000 + n)::text, 'PRODUTO ' || 100000 + n, 1 + abs(hashint8(i) %% 50),
       CURRENT_DATE + abs(hashint8(-i) %% 21),
       CASE WHEN i %% 5 = 0 THEN 'ENVIADO_SEPARACAO' ELSE 'CRIADO' END, false, 'total'
  FROM generate_series(1, %(pre_separacoes)s::bigint) AS i,
       LATERAL (SELECT 1 + (i * 7907) %% %(produtos)s::integer AS n) AS produto;

-- nome: producoes
INSERT INTO programacao_producao (cod_produto, nome_produto, data_programacao, qtd_programada,
                                  linha_producao)
SELECT (100000 + n)::text, 'PRODUTO ' || 100000 + n, CURRENT_DATE + abs(hashint8(-i) %% 28),
       100 + abs(hashint8(i) %% 400), 'LINHA 1'
  FROM generate_series(1, %(producoes)s::bigint) AS i,
       LATERAL (SELECT 1 + (i * 7901) %% %(produtos)s::integer AS n) AS produto;

-- nome: rompidos
-- Further products, which run out: so many within seven days, as many again later within 28. They
-- come last, so that a random id or code of those above is of a product that does not.
WITH produto AS (
    SELECT n, (100000 + %(produtos)s::integer + n)::text AS codigo
      FROM generate_series(1, 2 * %(rupturas)s::integer) AS n
), movimento AS (
    INSERT INTO movimentacao_estoque (cod_produto, nome_produto, data_movimentacao,
                                      tipo_movimentacao, local_movimentacao, qtd_movimentacao,
                                      ativo)
    SELECT codigo, 'PRODUTO ' || codigo, CURRENT_DATE, 'AJUSTE', 'CD', 10, true FROM produto
)
INSERT INTO separacao (separacao_lote_id, num_pedido, cod_produto, nome_produto, qtd_saldo,
                       expedicao, tipo_envio)
SELECT 'R' || n, 'PEDIDO', codigo, 'PRODUTO ' || codigo, 1000,
       CURRENT_DATE + CASE WHEN n <= %(rupturas)s::integer THEN 1 + n %% 7 ELSE 8 + n %% 20 END,
       'total'
  FROM produto;

-- nome: regras
-- One product in twenty has a minimum, below which one in six or so of these falls.
INSERT INTO estoque_regra (cod_produto, minimo, prazo_reposicao)
SELECT (100000 + n)::text, 19400, 5 FROM generate_series(2, %(produtos)s::integer, 20) AS n;

-- nome: concentracao
-- Two more products, alike but for this: 900001 has one open separation on a day, 900002 many.
WITH produto AS (
    SELECT codigo, quantas
      FROM (VALUES ('900001', 1), ('900002', %(quantas)s::integer)) AS p (codigo, quantas)
), movimento AS (
    INSERT INTO movimentacao_estoque (cod_produto, nome_produto, data_movimentacao,
                                      tipo_movimentacao, local_movimentacao, qtd_movimentacao,
                                      ativo)
    SELECT codigo, 'PRODUTO ' || codigo, CURRENT_DATE, 'AJUSTE', 'CD', 10000, true
      FROM produto, generate_series(1, 100) ORDER BY codigo
), pre_separacao AS (
    INSERT INTO pre_separacao_item (num_pedido, cod_produto, nome_produto, qtd_selecionada_usuario,
                                    data_expedicao_editada, status)
    SELECT 'PEDIDO', codigo, 'PRODUTO ' || codigo, 10, CURRENT_DATE + 3, 'CRIADO' FROM produto
), producao AS (
    INSERT INTO programacao_producao (cod_produto, nome_produto, data_programacao, qtd_programada)
    SELECT codigo, 'PRODUTO ' || codigo, CURRENT_DATE + 3, 10 FROM produto
)
INSERT INTO separacao (separacao_lote_id, num_pedido, cod_produto, nome_produto, qtd_saldo,
                       expedicao)
SELECT 'C' || n / 15, 'PEDIDO', codigo, 'PRODUTO ' || codigo, 1, CURRENT_DATE + 3
  FROM produto, generate_series(1, quantas) AS n ORDER BY codigo;

-- nome: faixas
-- The ids of the documents of one product, first and last of each source.
SELECT (SELECT min(id) FROM movimentacao_estoque WHERE cod_produto = %(codigo)s) AS movimento_de,
       (SELECT max(id) FROM movimentacao_estoque WHERE cod_produto = %(codigo)s) AS movimento_ate,
       (SELECT min(id) FROM separacao WHERE cod_produto = %(codigo)s) AS separacao_de,
       (SELECT max(id) FROM separacao WHERE cod_produto = %(codigo)s) AS separacao_ate,
       (SELECT min(id) FROM pre_separacao_item WHERE cod_produto = %(codigo)s) AS pre_separacao_de,
       (SELECT max(id) FROM pre_separacao_item WHERE cod_produto = %(codigo)s) AS pre_separacao_ate,
       (SELECT min(id) FROM programacao_producao WHERE cod_produto = %(codigo)s) AS producao_de,
       (SELECT max(id) FROM programacao_producao WHERE cod_produto = %(codigo)s) AS producao_ate;

-- nome: movimentos_a_apagar
-- Rows to be deleted, with ids that no other row has, and the sequence that counts them off.
WITH comeco AS (SELECT setval('vez', 1000000000))
INSERT INTO movimentacao_estoque (id, cod_produto, nome_produto, data_movimentacao,
                                  tipo_movimentacao, local_movimentacao, qtd_movimentacao, ativo)
SELECT 1000000000 + i, codigo, 'PRODUTO ' || codigo, CURRENT_DATE, 'AJUSTE', 'CD',
       i %% 100 - 50, true
  FROM comeco, generate_series(1, %(quantos)s::integer) AS i,
       LATERAL (
           SELECT (%(de)s + i * 7919::bigint %% (%(ate)s - %(de)s + 1))::text AS codigo
       ) AS produto;

-- nome: movimentos_que_sobraram
-- Removes and counts those that the statements did not delete.
WITH sobra AS (DELETE FROM movimentacao_estoque WHERE id > 1000000000 RETURNING id)
SELECT count(*) FROM sobra;

-- nome: producoes_a_apagar
WITH comeco AS (SELECT setval('vez', 1000000000))
INSERT INTO programacao_producao (id, cod_produto, nome_produto, data_programacao, qtd_programada,
                                  linha_producao)
SELECT 1000000000 + i, codigo, 'PRODUTO ' || codigo, CURRENT_DATE + i %% 28,
       100 + i %% 400, 'LINHA 1'
  FROM comeco, generate_series(1, %(quantos)s::integer) AS i,
       LATERAL (
           SELECT (%(de)s + i * 7919::bigint %% (%(ate)s - %(de)s + 1))::text AS codigo
       ) AS produto;

-- nome: producoes_que_sobraram
-- Removes and counts those that the statements did not delete.
WITH sobra AS (DELETE FROM programacao_producao WHERE id > 1000000000 RETURNING id)
SELECT count(*) FROM sobra;

-- nome: um_movimento
INSERT INTO movimentacao_estoque (cod_produto, nome_produto, data_movimentacao, tipo_movimentacao,
                                  local_movimentacao, qtd_movimentacao, ativo)
VALUES (%(codigo)s::text, 'PRODUTO ' || %(codigo)s::text, CURRENT_DATE, 'AJUSTE', 'CD', 1, true);

-- nome: lote_de_movimentos
-- Many movements in one statement, spread over all products.
INSERT INTO movimentacao_estoque (cod_produto, nome_produto, data_movimentacao, tipo_movimentacao,
                                  local_movimentacao, qtd_movimentacao, ativo)
SELECT codigo, 'PRODUTO ' || codigo, CURRENT_DATE, 'AJUSTE', 'CD', i %% 100 - 50, true
  FROM generate_series(1, %(quantos)s::integer) AS i,
       LATERAL (SELECT (%(de)s + i %% (%(ate)s - %(de)s + 1))::text AS codigo) AS produto;

-- nome: lote_de_faturados
-- The same, each with an invoice number and a lot.
INSERT INTO movimentacao_estoque (cod_produto, nome_produto, data_movimentacao, tipo_movimentacao,
                                  local_movimentacao, qtd_movimentacao, ativo, numero_nf,
                                  separacao_lote_id)
SELECT codigo, 'PRODUTO ' || codigo, CURRENT_DATE, 'AJUSTE', 'CD', i %% 100 - 50, true,
       (i / 10)::text, 'H' || i / 10
  FROM generate_series(1, %(quantos)s::integer) AS i,
       LATERAL (SELECT (%(de)s + i %% (%(ate)s - %(de)s + 1))::text AS codigo) AS produto;

-- nome: copia_de_movimentos
COPY movimentacao_estoque (cod_produto, nome_produto, data_movimentacao, tipo_movimentacao,
                           local_movimentacao, qtd_movimentacao, ativo) FROM STDIN;

-- nome: contar
SELECT (SELECT count(*) FROM movimentacao_estoque) AS movimentos,
       (SELECT count(*) FROM estoque_tempo_real) AS produtos,
       (SELECT count(*) FROM movimentacao_prevista) AS previsoes;

-- nome: diferencas
SELECT count(*) FROM estoque_verificar();

-- nome: situacao
-- How often the tables were updated, how often without touching an index, and how large they are.
SELECT relname::text, n_tup_upd, n_tup_hot_upd, pg_relation_size(relid)
  FROM pg_stat_user_tables
 WHERE schemaname = current_schema() AND relname IN ('movimentacao_estoque', 'estoque_tempo_real')
 ORDER BY relname;
