-- One movement is deleted: the next of those that were inserted to be deleted, so it is there.
DELETE FROM movimentacao_estoque WHERE id = (SELECT nextval('vez'));
