-- One movement of a random product, under the name it has, as an ERP writes it.
\set produto random(:de, :ate)
\set quantidade random(-100, 120)
INSERT INTO movimentacao_estoque (cod_produto, nome_produto, data_movimentacao, tipo_movimentacao,
                                  local_movimentacao, qtd_movimentacao, ativo)
VALUES (:produto, 'PRODUTO ' || :produto::text, CURRENT_DATE, 'AJUSTE', 'CD', :quantidade, true);
