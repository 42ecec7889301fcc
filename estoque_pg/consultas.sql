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

-- nome: projecao_completa
-- A product, its days, and the earliest from which any of it (0.001, the least there is of
-- anything) can be promised; no row for an unknown code.
SELECT p.cod_produto, p.nome_produto, p.estoque_atual, p.menor_estoque_d7, p.dia_ruptura,
       d.data_disponivel, d.quantidade_disponivel AS qtd_disponivel,
       (SELECT jsonb_agg(to_jsonb(x) ORDER BY x.dia)
          FROM estoque_projecao(p.cod_produto, %(dias)s::integer) AS x) AS projecao
  FROM estoque_consultar(ARRAY[%(codigo)s::text]) AS p
 CROSS JOIN estoque_disponibilidade(p.cod_produto, 0.001, %(dias)s::integer) AS d;

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

-- nome: recalcular_produto
-- Rebuild one product from the sources; the balance it has then, and whether it was wrong.
SELECT cod_produto, saldo_atual, corrigido
  FROM _estoque_recalcular_produto(%(codigo)s::text);

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

-- nome: sessao_http
-- What a session of the HTTP application is set to: where to look (NULL: where the role looks),
-- and, where the role has no limit of its own, how long a statement may hold a connection.
SELECT set_config('search_path', coalesce(%(caminho)s, current_setting('search_path')), false),
       set_config('statement_timeout', coalesce(
           nullif(current_setting('statement_timeout'), '0'), %(limite)s), false);

-- nome: saude
-- What shows that functions and tables can be used: the business date, and a look at the result.
SELECT estoque_hoje(), EXISTS (SELECT FROM estoque_tempo_real);
