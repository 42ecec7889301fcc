-- The triggers the system lives by: four for every source table, and for every partition or child of
-- one, which a statement may name itself. Found by what they call and when, whatever their names.
-- ok: fires for everybody but replication; always: for that too; the other states are faults. stray: on a
-- table that is no source (any more), where it refuses every statement (EP007).
-- relacao is NULL for a table that is gone, existente the name a trigger has where it is there.
CREATE FUNCTION estoque_gatilhos()
RETURNS TABLE (
    tabela text, gatilho text, estado text, relacao regclass, existente text, funcao text
)
LANGUAGE plpgsql STABLE ROWS 24
SET search_path FROM CURRENT
AS $body$
BEGIN
    RETURN QUERY
    WITH RECURSIVE arvore AS (
        SELECT f.ordem, f.tabela AS nome, f.gatilho AS funcao, to_regclass(f.tabela)::oid AS relacao
        FROM _estoque_fontes() AS f
        UNION
        SELECT a.ordem, a.nome, a.funcao, i.inhrelid
        FROM arvore AS a
        JOIN pg_inherits AS i ON i.inhparent = a.relacao
        -- What a session keeps in a temporary child is seen by that session alone.
        JOIN pg_class AS c ON c.oid = i.inhrelid AND c.relpersistence <> 't'
    )
    SELECT coalesce(a.relacao::regclass::text, a.nome), e.gatilho,
        coalesce(CASE t.tgenabled WHEN 'O' THEN 'ok' WHEN 'A' THEN 'always'
            WHEN 'R' THEN 'replica only' WHEN 'D' THEN 'disabled'
            END, 'missing'),
        a.relacao::regclass, t.tgname, e.funcao
    FROM arvore AS a
    CROSS JOIN LATERAL (
        VALUES
            (1, 'estoque_inserir', a.funcao, 4), (2, 'estoque_alterar', a.funcao, 16),
            (3, 'estoque_excluir', a.funcao, 8),
            (4, 'estoque_truncar', '_estoque_gatilho_truncar', 32)
    ) AS e (ordem, gatilho, funcao, evento)
    LEFT JOIN LATERAL (
        -- Of several, the one that fires.
        SELECT g.tgenabled, g.tgname::text FROM pg_trigger AS g
        WHERE g.tgrelid = a.relacao AND g.tgfoid = to_regproc(e.funcao) AND NOT g.tgisinternal
            AND g.tgtype & e.evento <> 0
        ORDER BY position(g.tgenabled::text IN 'AORD')
        LIMIT 1
    ) AS t (tgenabled, tgname) ON true
    WHERE (a.relacao IS NULL OR EXISTS (
        SELECT FROM pg_class AS c WHERE c.oid = a.relacao AND c.relkind IN ('r', 'p')))
    UNION ALL
    SELECT g.tgrelid::regclass::text, g.tgname::text, 'stray', g.tgrelid::regclass, g.tgname::text,
        p.proname::text
    FROM pg_proc AS p
    JOIN pg_trigger AS g ON g.tgfoid = p.oid AND NOT g.tgisinternal
    JOIN pg_class AS c ON c.oid = g.tgrelid AND c.relpersistence <> 't'
    WHERE p.pronamespace = quote_ident(current_schema())::regnamespace
        AND p.proname::text IN (
            SELECT f.gatilho FROM _estoque_fontes() AS f UNION ALL SELECT '_estoque_gatilho_truncar')
        AND NOT EXISTS (
            SELECT FROM arvore AS a WHERE a.relacao = g.tgrelid
                AND p.proname::text IN (a.funcao, '_estoque_gatilho_truncar'))
        -- Nor the shard of one, on a node of Citus.
        AND NOT EXISTS (SELECT FROM _estoque_fontes() AS f
            WHERE p.proname::text = f.gatilho AND _estoque_pertence(g.tgrelid, f.tabela))
    ORDER BY 1, 2;
END
$body$;

GRANT EXECUTE ON FUNCTION estoque_gatilhos() TO PUBLIC;
COMMENT ON FUNCTION estoque_gatilhos() IS
    'Every trigger of ours, with its state: ok, always, disabled, replica only, missing or stray.';
