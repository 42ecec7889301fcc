-- Puts right what was noted so far. The notes are taken in a statement that begins before those that
-- read the sources, so whatever a note is of is read. No COLLATE here: what is called would compare
-- the codes that way, and then no index on the sources serves.
WITH tomada AS (DELETE FROM _estoque_anotacao WHERE o_que <> 'abaixo' RETURNING o_que, valor),
nota AS (SELECT DISTINCT t.o_que, t.valor FROM tomada AS t)
SELECT _estoque_alcancar(
    array_agg(n.valor) FILTER (WHERE n.o_que = 'codigo'),
    array_agg(n.valor) FILTER (WHERE n.o_que = 'lote'),
    coalesce(bool_or(n.o_que = 'fora'), false),
    coalesce(bool_or(n.o_que = 'tudo'), false))
FROM nota AS n;
