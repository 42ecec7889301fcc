-- The statements of many rows that em_citus.py measures. Run with the search_path on our schema.

-- nome: lote_de_separacoes
-- Many separations in one statement, spread over all products, apart from the others by their lots.
INSERT INTO separacao (separacao_lote_id, num_pedido, cod_produto, nome_produto, qtd_saldo,
                       expedicao, tipo_envio)
SELECT 'LOTE' || i / 15, 'PEDIDO', codigo, 'PRODUTO ' || codigo, 1 + i %% 5,
       CURRENT_DATE + i %% 15, 'total'
  FROM generate_series(1, %(quantos)s::integer) AS i,
       LATERAL (
           SELECT (%(de)s + i * 7919::bigint %% (%(ate)s - %(de)s + 1))::text AS codigo
       ) AS produto;

-- nome: lote_de_separacoes_adiado
UPDATE separacao SET expedicao = expedicao + 1 WHERE separacao_lote_id LIKE 'LOTE%%';

-- nome: lote_de_separacoes_apagado
DELETE FROM separacao WHERE separacao_lote_id LIKE 'LOTE%%';

-- nome: lote_de_produtos
-- The first movement of many products that nobody has known before.
INSERT INTO movimentacao_estoque (cod_produto, nome_produto, data_movimentacao, tipo_movimentacao,
                                  local_movimentacao, qtd_movimentacao, ativo)
SELECT 'N' || i, 'PRODUTO N' || i, CURRENT_DATE, 'ABERTURA', 'CD', i %% 100, true
  FROM generate_series(1, %(quantos)s::integer) AS i;

-- nome: disponibilidade
SELECT * FROM estoque_disponibilidade(%(codigo)s::text, 10, %(dias)s::integer);
