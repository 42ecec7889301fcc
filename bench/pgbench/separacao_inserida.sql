-- One separation of a random product, in a lot of its own age, to leave within two weeks.
\set produto random(:de, :ate)
\set quantidade random(1, 50)
\set lote random(100001, 110000)
\set dias random(0, 14)
INSERT INTO separacao (separacao_lote_id, num_pedido, cod_produto, nome_produto, qtd_saldo,
                       expedicao, tipo_envio)
VALUES (:lote, 'PEDIDO', :produto, 'PRODUTO ' || :produto::text, :quantidade,
        CURRENT_DATE + :dias::integer, 'total');
