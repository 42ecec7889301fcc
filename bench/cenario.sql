-- The scenario, generated in the server: 10,000 products with codes 100001 to 110000.
-- Parameters: %(produtos)s, %(movimentos)s. Run with the search_path on the schema to fill.

-- nome: semente
SELECT setseed(0.42);

-- nome: unificacoes
-- One product in twenty has an old code.
INSERT INTO unificacao_codigos (codigo_origem, codigo_destino, ativo)
SELECT 'A' || n, (100000 + n)::text, true
  FROM generate_series(1, %(produtos)s::integer, 20) AS n;

-- nome: movimentos
-- Every product has some; a twentieth of those that have an old code are booked under it.
INSERT INTO movimentacao_estoque (cod_produto, nome_produto, data_movimentacao, tipo_movimentacao,
                                  local_movimentacao, qtd_movimentacao, ativo)
SELECT CASE WHEN n %% 20 = 1 AND i %% 20 = 0 THEN 'A' || n ELSE (100000 + n)::text END,
       'PRODUTO ' || (100000 + n),
       estoque_hoje() - (365 - i * 365 / %(movimentos)s::integer),
       CASE WHEN q > 0 THEN 'PRODUÇÃO' ELSE 'FATURAMENTO' END,
       'CD', q, i %% 50 <> 0
  FROM (
       SELECT i, 1 + i %% %(produtos)s::integer AS n,
              (random() * 200 - 100
               + 2000.0 * %(produtos)s::integer / %(movimentos)s::integer)::numeric(15,0) AS q
         FROM generate_series(1, %(movimentos)s::integer) AS i
       ) AS linha;

-- nome: embarques
-- Half the lots have a shipment, a fifth of those an invoice.
INSERT INTO embarque_itens (embarque_id, separacao_lote_id, pedido, nota_fiscal, status)
SELECT n / 5, (100000 + n)::text, 'PEDIDO',
       CASE WHEN n %% 10 = 0 THEN (100000 + n)::text END, 'ativo'
  FROM generate_series(1, %(produtos)s::integer / 5, 2) AS n;

-- nome: separacoes
-- Three per product, in lots of fifteen, from overdue to four weeks ahead; a few are very large.
INSERT INTO separacao (separacao_lote_id, num_pedido, cod_produto, nome_produto, qtd_saldo,
                       expedicao, tipo_envio)
SELECT (100000 + i / 15)::text, 'PEDIDO', (100000 + n)::text,
       'PRODUTO ' || (100000 + n), CASE WHEN i %% 60 = 0 THEN 5000 ELSE 1 + floor(random() * 150) END,
       estoque_hoje() - 2 + floor(random() * 31)::integer, 'total'
  FROM generate_series(1, 3 * %(produtos)s::integer) AS i,
       LATERAL (SELECT 1 + (i * 7919) %% %(produtos)s::integer AS n) AS produto;

-- nome: pre_separacoes
INSERT INTO pre_separacao_item (num_pedido, cod_produto, nome_produto, qtd_selecionada_usuario,
                                data_expedicao_editada, status, recomposto, tipo_envio)
SELECT 'PEDIDO', (100000 + n)::text, 'PRODUTO ' || (100000 + n),
       1 + floor(random() * 150), estoque_hoje() + floor(random() * 21)::integer,
       CASE WHEN i %% 5 = 0 THEN 'ENVIADO_SEPARACAO' ELSE 'CRIADO' END, false, 'total'
  FROM generate_series(1, %(produtos)s::integer) AS i,
       LATERAL (SELECT 1 + (i * 7907) %% %(produtos)s::integer AS n) AS produto;

-- nome: producoes
INSERT INTO programacao_producao (cod_produto, nome_produto, data_programacao, qtd_programada,
                                  linha_producao)
SELECT (100000 + n)::text, 'PRODUTO ' || (100000 + n),
       estoque_hoje() + floor(random() * 28)::integer, 100 + floor(random() * 400), 'LINHA 1'
  FROM generate_series(1, %(produtos)s::integer / 2) AS i,
       LATERAL (SELECT 1 + (i * 7901) %% %(produtos)s::integer AS n) AS produto;

-- nome: lote_de_movimentos
-- 200,000 movements in one statement, over all products.
INSERT INTO movimentacao_estoque (cod_produto, nome_produto, data_movimentacao, tipo_movimentacao,
                                  local_movimentacao, qtd_movimentacao, ativo)
SELECT (100001 + i %% 10000)::text, 'PRODUTO ' || (100001 + i %% 10000), CURRENT_DATE, 'AJUSTE', 'CD', i %% 100 - 50, true
  FROM generate_series(1, 200000) AS i;

-- nome: lote_de_poucos
-- Few products, many rows of each: what is quadratic in a row trigger.
INSERT INTO movimentacao_estoque (cod_produto, nome_produto, data_movimentacao, tipo_movimentacao,
                                  local_movimentacao, qtd_movimentacao, ativo)
SELECT (100001 + i %% 10)::text, 'PRODUTO ' || (100001 + i %% 10), CURRENT_DATE, 'AJUSTE', 'CD', i %% 100 - 50, true
  FROM generate_series(1, 20000) AS i;

-- nome: consultar
SELECT * FROM estoque_consultar(%(codigos)s::text[]);

-- nome: projecao
SELECT * FROM estoque_projecao(%(codigo)s::text, 28);

-- nome: rupturas
SELECT * FROM estoque_rupturas(7);

-- nome: estatisticas
SELECT * FROM estoque_estatisticas();

-- nome: amanha
-- The business day of tomorrow, for this transaction only.
DO $do$
BEGIN
    EXECUTE format(
        'CREATE OR REPLACE FUNCTION estoque_hoje() RETURNS date LANGUAGE sql STABLE PARALLEL SAFE'
        ' AS %%L', format('SELECT date %%L', estoque_hoje() + 1));
END
$do$;

-- nome: contar
SELECT (SELECT count(*) FROM movimentacao_estoque) AS movimentos,
       (SELECT count(*) FROM estoque_tempo_real) AS produtos,
       (SELECT count(*) FROM movimentacao_prevista) AS previsoes;

-- nome: verificar
SELECT * FROM estoque_verificar();
