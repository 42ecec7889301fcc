-- The quantity of one movement is corrected.
\set id random(:movimento_de, :movimento_ate)
\set mais random(1, 50)
UPDATE movimentacao_estoque SET qtd_movimentacao = qtd_movimentacao + :mais WHERE id = :id;
