-- One movement is struck out, or restored where it had been.
\set id random(:movimento_de, :movimento_ate)
UPDATE movimentacao_estoque SET ativo = NOT ativo WHERE id = :id;
