-- Puts right what was noted so far. The notes are taken in a statement that begins before those that
-- read the sources, so whatever a note is of is read.
WITH tomada AS (DELETE FROM _estoque_anotacao RETURNING o_que, valor)
SELECT _estoque_alcancar(
    array_agg(DISTINCT t.valor COLLATE "C") FILTER (WHERE t.o_que = 'codigo'),
    array_agg(DISTINCT t.valor COLLATE "C") FILTER (WHERE t.o_que = 'lote'),
    coalesce(bool_or(t.o_que = 'fora'), false),
    coalesce(bool_or(t.o_que = 'tudo'), false))
FROM tomada AS t;
