-- The canonical code of each code given, from the active rows of unificacao_codigos alone:
-- the end of the chain of destinations. NULL asks for every code of an active unification.
-- Raises EP002 for a cycle, naming its codes, and for an origin with two destinations.
CREATE FUNCTION _estoque_canonicos(p_codigos text[] DEFAULT NULL)
RETURNS TABLE (codigo text, cod_produto text)
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $body$
DECLARE
    v_duplo text;
    v_ciclo text;
    v_codigos text[];
    v_produtos text[];
BEGIN
    SELECT format('%L has the active destinations %s', u.codigo_origem::text,
            string_agg(DISTINCT quote_literal(u.codigo_destino::text), ' and '))
    INTO v_duplo
    FROM unificacao_codigos AS u
    WHERE u.ativo AND u.codigo_origem IS NOT NULL AND u.codigo_destino IS NOT NULL
    GROUP BY u.codigo_origem
    HAVING count(DISTINCT u.codigo_destino) > 1
    ORDER BY u.codigo_origem
    LIMIT 1;
    IF v_duplo IS NOT NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'EP002',
            MESSAGE = 'code unification is ambiguous: ' || v_duplo,
            HINT = 'Leave one active row of unificacao_codigos per codigo_origem.',
            TABLE = 'unificacao_codigos', COLUMN = 'codigo_origem';
    END IF;

    WITH RECURSIVE aresta AS (
        SELECT DISTINCT u.codigo_origem::text AS origem, u.codigo_destino::text AS destino
        FROM unificacao_codigos AS u
        WHERE u.ativo AND u.codigo_origem IS NOT NULL AND u.codigo_destino IS NOT NULL
    ),
    inicial AS (
        SELECT x.c AS inicio FROM unnest(p_codigos) AS x (c)
        UNION
        SELECT a.origem FROM aresta AS a WHERE p_codigos IS NULL
        UNION
        SELECT a.destino FROM aresta AS a WHERE p_codigos IS NULL
    ),
    cadeia AS (
        SELECT i.inicio, i.inicio AS atual, i.inicio AS caminho FROM inicial AS i
        UNION ALL
        SELECT k.inicio, a.destino, k.caminho || ' -> ' || a.destino
        FROM cadeia AS k
        JOIN aresta AS a ON a.origem = k.atual
    ) CYCLE inicio, atual SET em_ciclo USING passos
    SELECT array_agg(k.inicio), array_agg(k.atual), min(k.caminho) FILTER (WHERE k.em_ciclo)
    INTO v_codigos, v_produtos, v_ciclo
    FROM cadeia AS k
    WHERE k.em_ciclo OR NOT EXISTS (SELECT FROM aresta AS a WHERE a.origem = k.atual);
    IF v_ciclo IS NOT NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'EP002',
            MESSAGE = 'code unification is circular: ' || v_ciclo,
            HINT = 'Leave one row of the circle in unificacao_codigos inactive.',
            TABLE = 'unificacao_codigos', COLUMN = 'codigo_destino';
    END IF;

    RETURN QUERY SELECT u.codigo, u.produto FROM unnest(v_codigos, v_produtos) AS u (codigo, produto);
END
$body$;

COMMENT ON FUNCTION _estoque_canonicos(text[]) IS
    'Canonical code of each code, straight from the active unifications; EP002 when they contradict.';
