-- Everyone books the same product.
\set quantidade random(-100, 120)
INSERT INTO movimentacao_estoque (cod_produto, nome_produto, data_movimentacao, tipo_movimentacao,
                                  local_movimentacao, qtd_movimentacao, ativo)
VALUES (:de, 'PRODUTO ' || :de::text, CURRENT_DATE, 'AJUSTE', 'CD', :quantidade, true);
