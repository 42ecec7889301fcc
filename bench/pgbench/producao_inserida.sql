-- One production of a random product, planned within four weeks.
\set produto random(:de, :ate)
\set quantidade random(100, 500)
\set dias random(0, 27)
INSERT INTO programacao_producao (cod_produto, nome_produto, data_programacao, qtd_programada,
                                  linha_producao)
VALUES (:produto, 'PRODUTO ' || :produto::text, CURRENT_DATE + :dias::integer, :quantidade,
        'LINHA 1');
