-- One production is deleted: the next of those that were inserted to be deleted, so it is there.
DELETE FROM programacao_producao WHERE id = (SELECT nextval('vez'));
