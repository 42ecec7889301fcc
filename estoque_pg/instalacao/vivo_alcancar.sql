-- Puts right what was noted so far. The notes are taken in a statement that begins before those that
-- read the sources, so whatever a note is of is read.
WITH tomada AS (DELETE FROM _estoque_anotacao RETURNING coluna, valor)
SELECT _estoque_alcancar(
    array_agg(DISTINCT t.valor) FILTER (WHERE t.coluna <> 'separacao_lote_id'),
    array_agg(DISTINCT t.valor) FILTER (WHERE t.coluna = 'separacao_lote_id'),
    coalesce(bool_or(t.coluna IS NULL), false))
FROM tomada AS t;
