-- Every statement the Python package sends to ask or to maintain (the migration runner and the
-- private server have their own). Each begins with "-- nome:", the key Python knows it by.
-- No schema is named: the caller's search_path chooses the install. Parameters are cast, so that
-- what Python infers about a value never selects, or misses, a function.

-- nome: consultar
-- One row per distinct known code of the list.
SELECT codigo_consultado, cod_produto, nome_produto, estoque_atual, menor_estoque_d7,
       dia_ruptura, movimentacoes_previstas
  FROM estoque_consultar(%(codigos)s::text[]);

-- nome: rupturas
-- Products that run out within so many days, by date, then code.
SELECT cod_produto, nome_produto, estoque_atual, menor_estoque_d7, dia_ruptura, dias_ate_ruptura
  FROM estoque_rupturas(%(dias)s::integer);

-- nome: projecao
-- One row per day from today to the horizon.
SELECT dia, data, saldo_inicial, entrada, saida, saldo_final
  FROM estoque_projecao(%(codigo)s::text, %(dias)s::integer);

-- nome: disponibilidade
-- The earliest day from which the quantity can be promised.
SELECT data_disponivel, quantidade_disponivel
  FROM estoque_disponibilidade(%(codigo)s::text, %(quantidade)s::numeric, %(dias)s::integer);

-- nome: estatisticas
-- The whole stock in one row.
SELECT total_produtos, produtos_com_ruptura, produtos_estoque_negativo, produtos_estoque_zerado,
       movimentacoes_previstas_7d, percentual_ruptura
  FROM estoque_estatisticas();

-- nome: verificar
-- Every stored value that differs from the sources; NULL audits everything.
SELECT cod_produto, campo, data_prevista, valor_armazenado, valor_esperado
  FROM estoque_verificar(%(codigos)s::text[]);

-- nome: contagem
-- How much there is to audit: products and forecast rows.
SELECT (SELECT count(*) FROM estoque_tempo_real) AS produtos,
       (SELECT count(*) FROM movimentacao_prevista) AS previsoes;

-- nome: recalcular
-- Rebuild one product from the sources; the number corrected.
SELECT estoque_recalcular(%(codigo)s::text);

-- nome: recalcular_tudo
-- Rebuild every product from the sources; the number corrected.
SELECT estoque_recalcular_tudo();

-- nome: codigo
-- The canonical code.
SELECT estoque_codigo(%(codigo)s::text);

-- nome: hoje
-- The business date.
SELECT estoque_hoje();

-- nome: search_path
-- Look in one schema only; pg_temp last, so that no temporary table can stand in for ours.
SELECT set_config('search_path', %(caminho)s, false);

-- nome: completar
-- Known codes that begin so, with the product's name, for the shell.
SELECT c.codigo, t.nome_produto
  FROM estoque_codigo_conhecido AS c
  JOIN estoque_tempo_real AS t USING (cod_produto)
 WHERE starts_with(c.codigo, %(prefixo)s::text)
 ORDER BY c.codigo
 LIMIT 200;

-- nome: prazo
-- Give up statements after so many milliseconds.
SELECT set_config('statement_timeout', %(ms)s, false);

-- nome: acompanhar_rupturas
-- What the following screen shows of the products that run out within so many days.
SELECT cod_produto AS codigo_consultado, cod_produto, nome_produto, estoque_atual,
       menor_estoque_d7, dia_ruptura, dias_ate_ruptura
  FROM estoque_rupturas(%(dias)s::integer);

-- nome: acompanhar_codigos
-- What the following screen shows of the products asked for.
SELECT codigo_consultado, cod_produto, nome_produto, estoque_atual, menor_estoque_d7, dia_ruptura,
       dia_ruptura - estoque_hoje() AS dias_ate_ruptura
  FROM estoque_consultar(%(codigos)s::text[]);
