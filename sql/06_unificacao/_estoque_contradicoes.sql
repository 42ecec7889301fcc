-- The active unifications that contradict each other and therefore unify nothing: an origin with
-- several destinations, a chain that runs into a circle (a code unified with itself is the shortest).
-- The trigger refuses to make one; rows older than the installation, or written past the triggers,
-- may be such. NULL asks for all, otherwise for those of the origins given.
CREATE FUNCTION _estoque_contradicoes(p_origens text[])
RETURNS TABLE (codigo_origem text, codigo_destino text, motivo text[])
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
SET enable_seqscan = on
SET enable_nestloop = off
AS $body$
BEGIN
    RETURN QUERY
    WITH RECURSIVE aresta AS MATERIALIZED (
        SELECT DISTINCT u.codigo_origem::text COLLATE "default" AS origem,
            u.codigo_destino::text COLLATE "default" AS destino
        FROM unificacao_codigos AS u
        WHERE u.ativo AND u.codigo_origem IS NOT NULL AND u.codigo_destino IS NOT NULL
    ),
    contradicao AS MATERIALIZED (
        SELECT a.origem, a.destino,
            (SELECT array_agg(quote_literal(b.destino) ORDER BY b.destino)
             FROM aresta AS b WHERE b.origem = a.origem HAVING count(*) > 1) AS destinos
        FROM aresta AS a
        LEFT JOIN _estoque_canonicos() AS k ON k.codigo = a.origem AND k.cod_produto <> a.origem
        WHERE k.codigo IS NULL AND (p_origens IS NULL OR a.origem IN (SELECT unnest(p_origens)))
    ),
    -- A CYCLE clause would say the same; Citus sends it on in a form that does not parse.
    passo AS (
        SELECT c.origem AS inicio, c.origem AS atual, quote_literal(c.origem) AS caminho,
            ARRAY[c.origem] AS passos, false AS repetido
        FROM contradicao AS c WHERE c.destinos IS NULL
        UNION ALL
        SELECT p.inicio, a.destino, p.caminho || ' -> ' || quote_literal(a.destino),
            p.passos || a.destino, a.destino = ANY (p.passos)
        FROM passo AS p JOIN aresta AS a ON a.origem = p.atual
        WHERE NOT p.repetido
    )
    SELECT c.origem, c.destino,
        CASE WHEN c.destinos IS NOT NULL
            THEN ARRAY['%s has the active destinations %s and %s', quote_literal(c.origem),
                array_to_string(trim_array(c.destinos, 1), ', '), c.destinos[cardinality(c.destinos)]]
            ELSE ARRAY['circular: %s', (SELECT min(p.caminho) FROM passo AS p
                                        WHERE p.inicio = c.origem AND p.repetido)] END
    FROM contradicao AS c
    ORDER BY c.origem, c.destino;
END
$body$;

GRANT EXECUTE ON FUNCTION _estoque_contradicoes(text[]) TO PUBLIC;
COMMENT ON FUNCTION _estoque_contradicoes(text[]) IS
    'Active unifications that contradict each other, with the reason in parts; inner use.';
