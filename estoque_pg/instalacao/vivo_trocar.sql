-- The triggers that count, in place of those that note.
SELECT _estoque_vigiar();
