-- The triggers that keep the results exact, one row for each that has to be there: four on every
-- source and on every partition or child of one. They are known by their function, not by their name.
CREATE FUNCTION estoque_gatilhos()
RETURNS TABLE (tabela regclass, gatilho name, funcao regproc, estado text)
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $body$
BEGIN
    RETURN QUERY
    WITH RECURSIVE fonte (oid, assunto) AS (
        SELECT f.nome::regclass::oid, f.assunto
        FROM (
            VALUES ('movimentacao_estoque', 'movimentacao'), ('pre_separacao_item', 'pre_separacao'),
                ('separacao', 'separacao'), ('programacao_producao', 'programacao'),
                ('embarque_itens', 'embarque'), ('unificacao_codigos', 'unificacao')
        ) AS f (nome, assunto)
        UNION
        SELECT i.inhrelid, f.assunto FROM fonte AS f JOIN pg_inherits AS i ON i.inhparent = f.oid
    ),
    -- The events by their bits in pg_trigger.tgtype.
    evento (nome, bit, sufixo) AS (
        VALUES ('estoque_inserir', 4, NULL), ('estoque_alterar', 16, NULL),
            ('estoque_excluir', 8, NULL), ('estoque_truncar', 32, 'truncar')
    )
    SELECT f.oid::regclass, coalesce(t.tgname, e.nome::name), p.funcao::regproc,
        CASE t.tgenabled WHEN 'O' THEN 'ok' WHEN 'A' THEN 'always' WHEN 'R' THEN 'replica only'
            WHEN 'D' THEN 'disabled' ELSE 'missing' END
    FROM fonte AS f
    CROSS JOIN evento AS e
    CROSS JOIN LATERAL (SELECT ('_estoque_gatilho_' || coalesce(e.sufixo, f.assunto))::regproc::oid)
        AS p (funcao)
    LEFT JOIN pg_trigger AS t ON t.tgrelid = f.oid AND t.tgfoid = p.funcao AND NOT t.tgisinternal
        AND t.tgtype & e.bit <> 0
    ORDER BY f.oid::regclass::text, e.bit;
END
$body$;

COMMENT ON FUNCTION estoque_gatilhos() IS
    'Every trigger that has to be on the sources, and whether it is: ok, missing, disabled, …';
