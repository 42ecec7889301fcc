-- The canonical code of each code given, from the active rows of unificacao_codigos alone: the end of
-- the chain of destinations, the code itself where it has none. NULL asks for every code of a chain.
-- The chains are followed from their ends backwards, so a circle is never entered; an origin with
-- several destinations leads nowhere. Both are contradictions: see estoque_contradicoes.
-- An ERP's two columns may have different collations, which PostgreSQL does not mix.
CREATE FUNCTION _estoque_canonicos(p_codigos text[] DEFAULT NULL)
RETURNS TABLE (codigo text, cod_produto text)
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path FROM CURRENT
SET enable_seqscan = on
SET enable_nestloop = off
AS $body$
BEGIN
    RETURN QUERY
    WITH RECURSIVE aresta AS MATERIALIZED (
        SELECT u.codigo_origem::text COLLATE "default" AS origem,
            min(u.codigo_destino::text) COLLATE "default" AS destino
        FROM unificacao_codigos AS u
        WHERE u.ativo AND u.codigo_origem IS NOT NULL AND u.codigo_destino IS NOT NULL
        GROUP BY u.codigo_origem
        HAVING count(DISTINCT u.codigo_destino) = 1
    ),
    cadeia AS (
        SELECT DISTINCT a.destino AS codigo, a.destino AS produto
        FROM aresta AS a
        WHERE a.destino NOT IN (SELECT b.origem FROM aresta AS b)
        UNION ALL
        SELECT a.origem, k.produto FROM cadeia AS k JOIN aresta AS a ON a.destino = k.codigo
    )
    SELECT k.codigo, k.produto FROM cadeia AS k WHERE p_codigos IS NULL
    UNION ALL
    SELECT x.c, coalesce(k.produto, x.c)
    FROM (SELECT DISTINCT u.c FROM unnest(p_codigos) AS u (c)) AS x
    LEFT JOIN cadeia AS k ON k.codigo = x.c
    WHERE p_codigos IS NOT NULL;
END
$body$;

GRANT EXECUTE ON FUNCTION _estoque_canonicos(text[]) TO PUBLIC;
COMMENT ON FUNCTION _estoque_canonicos(text[]) IS
    'Canonical code of each code, straight from the active unifications.';
