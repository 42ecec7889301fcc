-- One movement that calls its product by a name it has never had.
\set produto random(:de, :ate)
\set quantidade random(-100, 120)
\set outro random(1, 1000000000)
INSERT INTO movimentacao_estoque (cod_produto, nome_produto, data_movimentacao, tipo_movimentacao,
                                  local_movimentacao, qtd_movimentacao, ativo)
VALUES (:produto, 'OUTRO NOME ' || :outro::text, CURRENT_DATE, 'AJUSTE', 'CD', :quantidade, true);
