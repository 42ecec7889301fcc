-- What only the demonstration asks or does; each statement begins with "-- nome:".

-- nome: banco_existe
SELECT EXISTS (SELECT 1 FROM pg_database WHERE datname = 'estoque_demo');

-- nome: criar_banco
CREATE DATABASE estoque_demo;

-- nome: criar_cron
-- In the database that pg_cron sits in.
CREATE EXTENSION IF NOT EXISTS pg_cron;

-- nome: carga_existe
SELECT to_regclass('demo_carga') IS NOT NULL;

-- nome: criar_carga
CREATE TABLE demo_carga (
    semente bigint NOT NULL,
    dia date NOT NULL,
    execucoes integer NOT NULL DEFAULT 0
);

-- nome: marcar_carga
INSERT INTO demo_carga (semente, dia) VALUES (%(semente)s, %(dia)s);

-- nome: ler_carga
SELECT semente, dia FROM demo_carga;

-- nome: contar_execucao
-- The number makes the documents of each run new ones.
UPDATE demo_carga SET execucoes = execucoes + 1 RETURNING execucoes;

-- nome: analisar
ANALYZE;

-- nome: contar_fontes
SELECT (SELECT count(*) FROM movimentacao_estoque) AS movimentos,
       (SELECT count(*) FROM pre_separacao_item) AS pre_separacoes,
       (SELECT count(*) FROM separacao) AS separacoes,
       (SELECT count(*) FROM programacao_producao) AS producoes,
       (SELECT count(*) FROM embarque_itens) AS embarques,
       (SELECT count(*) FROM unificacao_codigos WHERE ativo) AS unificacoes;

-- nome: contar_resultado
SELECT (SELECT count(*) FROM estoque_tempo_real) AS produtos,
       (SELECT count(*) FROM movimentacao_prevista) AS previsoes;

-- nome: linha_mais_cheia
-- The production line with the most products still to make.
SELECT p.linha_producao
  FROM programacao_producao AS p
 WHERE p.data_programacao >= estoque_hoje() AND p.linha_producao IS NOT NULL
 GROUP BY p.linha_producao ORDER BY count(*) DESC, p.linha_producao LIMIT 1;

-- nome: produto_do_grafico
-- A product that runs out and is produced again: the curve with the most to see.
SELECT r.cod_produto
  FROM estoque_rupturas(7) AS r
 CROSS JOIN LATERAL (
       SELECT count(*) FILTER (WHERE p.entrada > 0) AS entradas,
              count(*) FILTER (WHERE p.saida > 0) AS saidas,
              sum(p.saldo_final) FILTER (WHERE p.dia = 28) AS final
         FROM estoque_projecao(r.cod_produto, 28) AS p
       ) AS curva
 ORDER BY r.estoque_atual > 0 AND r.dias_ate_ruptura > 1 AND curva.final > 0 DESC,
          curva.entradas + curva.saidas DESC, r.cod_produto
 LIMIT 1;

-- nome: produto_do_dia
-- A product in order, on its own, whose stock falls after today, with production planned later on;
-- rather one without an entry today, which the screen has no column for.
SELECT t.cod_produto
  FROM estoque_por_codigo AS t
 CROSS JOIN LATERAL (
       SELECT max(p.saldo_final) FILTER (WHERE p.dia = 0)
              - min(p.saldo_final) FILTER (WHERE p.dia > 0) AS queda
         FROM estoque_projecao(t.cod_produto, 7) AS p
       ) AS curva
 WHERE t.codigo = t.cod_produto
   AND t.dia_ruptura IS NULL
   AND t.menor_estoque_d7 > 20
   AND curva.queda >= 20
   AND NOT EXISTS (
       SELECT 1 FROM unificacao_codigos AS u
        WHERE u.ativo AND t.cod_produto IN (u.codigo_origem, u.codigo_destino)
       )
   AND EXISTS (
       SELECT 1 FROM programacao_producao AS p
        WHERE p.cod_produto = t.cod_produto
          AND p.data_programacao BETWEEN estoque_hoje() + 8 AND estoque_hoje() + 20
       )
 ORDER BY EXISTS (
       SELECT 1 FROM movimentacao_prevista AS m
        WHERE m.cod_produto = t.cod_produto
          AND m.data_prevista = estoque_hoje() AND m.entrada_prevista > 0
       ), (
       SELECT count(*) FROM movimentacao_prevista AS m
        WHERE m.cod_produto = t.cod_produto
          AND m.data_prevista BETWEEN estoque_hoje() AND estoque_hoje() + 7
       ) DESC, t.cod_produto
 LIMIT 1;

-- nome: produto_a_unificar
-- Another product of its own, with stock, and a name much like the first one's.
SELECT t.cod_produto
  FROM estoque_tempo_real AS t, estoque_tempo_real AS a
 WHERE a.cod_produto = %(codigo)s
   AND t.cod_produto <> a.cod_produto
   AND t.saldo_atual > 0
   AND NOT EXISTS (
       SELECT 1 FROM unificacao_codigos AS u
        WHERE u.ativo AND t.cod_produto IN (u.codigo_origem, u.codigo_destino)
       )
 ORDER BY left(t.cod_produto, 2) = left(a.cod_produto, 2) DESC,
          split_part(t.nome_produto, ' ', 1) = split_part(a.nome_produto, ' ', 1) DESC,
          split_part(t.nome_produto, ' ', 2) = split_part(a.nome_produto, ' ', 2) DESC,
          t.cod_produto
 LIMIT 1;

-- nome: retrato
-- One product at this moment, as the stored tables and the functions tell it.
SELECT t.cod_produto, t.nome_produto, t.saldo_atual, t.menor_estoque_d7, t.dia_ruptura,
       coalesce(s.saida_prevista, 0) AS saida, coalesce(e.entrada_prevista, 0) AS entrada,
       (SELECT p.saldo_final FROM estoque_projecao(%(codigo)s, 7) AS p WHERE p.dia = 7) AS final_d7
  FROM estoque_por_codigo AS t
  LEFT JOIN movimentacao_prevista AS s
         ON s.cod_produto = t.cod_produto AND s.data_prevista = %(saida)s
  LEFT JOIN movimentacao_prevista AS e
         ON e.cod_produto = t.cod_produto AND e.data_prevista = %(entrada)s
 WHERE t.codigo = %(codigo)s;

-- nome: pedir
INSERT INTO pre_separacao_item (separacao_lote_id, num_pedido, cod_produto, nome_produto,
                                qtd_selecionada_usuario, data_expedicao_editada, status, tipo_envio)
VALUES (%(lote)s, %(pedido)s, %(codigo)s, %(nome)s, %(quantidade)s, %(dia)s, 'CRIADO', 'total');

-- nome: enviar_pre_separacao
UPDATE pre_separacao_item SET status = 'ENVIADO_SEPARACAO' WHERE separacao_lote_id = %(lote)s;

-- nome: separar
INSERT INTO separacao (separacao_lote_id, num_pedido, cod_produto, nome_produto, qtd_saldo,
                       expedicao, tipo_envio)
VALUES (%(lote)s, %(pedido)s, %(codigo)s, %(nome)s, %(quantidade)s, %(dia)s, 'total');

-- nome: embarcar
INSERT INTO embarque_itens (embarque_id, separacao_lote_id, pedido, nota_fiscal, status)
VALUES (%(execucao)s, %(lote)s, %(pedido)s, %(nota)s, 'ativo');

-- nome: faturar
INSERT INTO movimentacao_estoque (cod_produto, nome_produto, data_movimentacao, tipo_movimentacao,
                                  local_movimentacao, qtd_movimentacao, numero_nf,
                                  separacao_lote_id, ativo)
VALUES (%(codigo)s, %(nome)s, %(hoje)s, 'FATURAMENTO', 'CD', - %(quantidade)s, %(nota)s,
        %(lote)s, true);

-- nome: cancelar_embarque
UPDATE embarque_itens SET status = 'cancelado' WHERE separacao_lote_id = %(lote)s;

-- nome: cancelar_movimento
UPDATE movimentacao_estoque SET ativo = false
 WHERE cod_produto = %(codigo)s AND numero_nf = %(nota)s;

-- nome: ler_producao
SELECT cod_produto, nome_produto, data_programacao, qtd_programada, linha_producao
  FROM programacao_producao
 WHERE cod_produto = %(codigo)s
 ORDER BY id;

-- nome: apagar_producao
DELETE FROM programacao_producao WHERE cod_produto = %(codigo)s;

-- nome: programar
INSERT INTO programacao_producao (cod_produto, nome_produto, data_programacao, qtd_programada,
                                  linha_producao)
VALUES (%(codigo)s, %(nome)s, %(dia)s, %(quantidade)s, %(linha)s);

-- nome: religar_unificacao
UPDATE unificacao_codigos SET ativo = true
 WHERE codigo_origem = %(origem)s AND codigo_destino = %(destino)s;

-- nome: unificar
INSERT INTO unificacao_codigos (codigo_origem, codigo_destino, ativo, observacao)
VALUES (%(origem)s, %(destino)s, true, 'demonstração');

-- nome: separar_codigos
UPDATE unificacao_codigos SET ativo = false
 WHERE codigo_origem = %(origem)s AND codigo_destino = %(destino)s;

-- nome: desistir
DELETE FROM separacao WHERE separacao_lote_id = %(lote)s;
