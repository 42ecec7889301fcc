-- Before anything is locked or built: what is wrong with the rows that are there is known here, at
-- no one's cost. Only at the rehearsal; filling looks again, when no writer can bring another.
SELECT _estoque_exigir_linhas();
