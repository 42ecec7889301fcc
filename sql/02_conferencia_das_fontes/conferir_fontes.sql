-- Refuses tables that do not fit, naming every misfit at once, before anything else is made.
-- Raises EP003. It runs in the migration's transaction: after a refusal nothing is left behind.
DO $body$
DECLARE
    v_falhas text;
    v_criadores text;
    v_schema oid := (SELECT n.oid FROM pg_namespace AS n WHERE n.nspname = current_schema());
BEGIN
    WITH RECURSIVE exigida (tabela, coluna, tipos) AS (
        VALUES
            ('movimentacao_estoque', 'id', NULL),
            ('movimentacao_estoque', 'cod_produto', 'texto'),
            ('movimentacao_estoque', 'nome_produto', 'texto'),
            ('movimentacao_estoque', 'qtd_movimentacao', 'quantidade'),
            ('movimentacao_estoque', 'ativo', 'logico'),
            ('pre_separacao_item', 'id', NULL),
            ('pre_separacao_item', 'cod_produto', 'texto'),
            ('pre_separacao_item', 'nome_produto', 'texto'),
            ('pre_separacao_item', 'qtd_selecionada_usuario', 'quantidade'),
            ('pre_separacao_item', 'data_expedicao_editada', 'data'),
            ('pre_separacao_item', 'status', 'texto'),
            ('separacao', 'id', NULL),
            ('separacao', 'separacao_lote_id', 'texto'),
            ('separacao', 'cod_produto', 'texto'),
            ('separacao', 'nome_produto', 'texto'),
            ('separacao', 'qtd_saldo', 'quantidade'),
            ('separacao', 'expedicao', 'data'),
            ('programacao_producao', 'id', NULL),
            ('programacao_producao', 'cod_produto', 'texto'),
            ('programacao_producao', 'data_programacao', 'data'),
            ('programacao_producao', 'qtd_programada', 'quantidade'),
            ('embarque_itens', 'separacao_lote_id', 'texto'),
            ('embarque_itens', 'status', 'texto'),
            ('embarque_itens', 'nota_fiscal', 'texto'),
            ('embarque_itens', 'erro_validacao', 'texto'),
            ('unificacao_codigos', 'codigo_origem', 'codigo'),
            ('unificacao_codigos', 'codigo_destino', 'codigo'),
            ('unificacao_codigos', 'ativo', 'logico')
    ),
    aceita (tipos, tipo) AS (
        VALUES
            ('texto', 'text'), ('texto', 'varchar'), ('texto', 'bpchar'),
            ('codigo', 'text'), ('codigo', 'varchar'), ('codigo', 'bpchar'),
            ('codigo', 'int2'), ('codigo', 'int4'), ('codigo', 'int8'),
            ('quantidade', 'numeric'), ('quantidade', 'float8'),
            ('quantidade', 'int2'), ('quantidade', 'int4'), ('quantidade', 'int8'),
            ('data', 'date'), ('data', 'timestamp'),
            ('logico', 'bool')
    ),
    coluna AS (
        SELECT e.tabela, e.tipos, r.oid AS relacao, format('%I.%I', e.tabela, e.coluna) AS nome,
            a.attname, format_type(a.atttypid, a.atttypmod) AS tipo, t.typname, b.typname AS base,
            o.collname AS ordenacao, o.collisdeterministic AS exata
        FROM exigida AS e
        LEFT JOIN pg_class AS r ON r.relname = e.tabela AND r.relkind IN ('r', 'p')
            AND r.relnamespace = v_schema
        LEFT JOIN pg_attribute AS a ON a.attrelid = r.oid AND a.attname = e.coluna
            AND a.attnum > 0 AND NOT a.attisdropped
        LEFT JOIN pg_type AS t ON t.oid = a.atttypid
        LEFT JOIN pg_type AS b ON b.oid = t.typbasetype
        LEFT JOIN pg_collation AS o ON o.oid = a.attcollation
    ),
    fonte AS (
        SELECT DISTINCT c.tabela, c.relacao FROM coluna AS c WHERE c.relacao IS NOT NULL
    ),
    arvore AS (
        SELECT f.tabela, f.relacao FROM fonte AS f
        UNION
        SELECT a.tabela, i.inhrelid FROM arvore AS a JOIN pg_inherits AS i ON i.inhparent = a.relacao
    ),
    -- By name, with what an installation that was cut off may have left of it.
    indice (nome, tabela, colunas) AS (
        VALUES
            ('estoque_movimentacao_produto', 'movimentacao_estoque', 'cod_produto,id'),
            ('estoque_pre_separacao_produto', 'pre_separacao_item', 'cod_produto,id'),
            ('estoque_separacao_produto', 'separacao', 'cod_produto,id'),
            ('estoque_separacao_lote', 'separacao', 'separacao_lote_id'),
            ('estoque_programacao_produto', 'programacao_producao', 'cod_produto,id'),
            ('estoque_embarque_lote', 'embarque_itens', 'separacao_lote_id')
    ),
    falha (nome, texto) AS (
        SELECT DISTINCT c.tabela, format('%I is not a table', c.tabela)
        FROM coluna AS c WHERE c.relacao IS NULL
        UNION ALL
        SELECT c.nome, format('%s is missing', c.nome)
        FROM coluna AS c WHERE c.relacao IS NOT NULL AND c.attname IS NULL
        UNION ALL
        SELECT c.nome, format('%s is %s, expected %s', c.nome, c.tipo,
            (SELECT string_agg(x.tipo::regtype::text, ', ') FROM aceita AS x
             WHERE x.tipos = c.tipos))
        FROM coluna AS c
        WHERE c.attname IS NOT NULL AND c.tipos IS NOT NULL AND NOT EXISTS (
            SELECT FROM aceita AS x WHERE x.tipos = c.tipos AND x.tipo IN (c.typname, c.base))
        UNION ALL
        -- Codes are compared as they are written: 'abc' and 'ABC' are two.
        SELECT c.nome, format('%s has the nondeterministic collation %I', c.nome, c.ordenacao)
        FROM coluna AS c WHERE c.tipos IN ('texto', 'codigo') AND NOT c.exata
        UNION ALL
        -- PostgreSQL does not compare columns of two collations, unless one is the database's own.
        SELECT min(c.nome), format('%s have different collations: %s',
            string_agg(c.nome, ', ' ORDER BY c.nome),
            string_agg(DISTINCT quote_ident(c.ordenacao), ', '))
        FROM coluna AS c
        WHERE c.attname IN ('cod_produto', 'separacao_lote_id') AND c.ordenacao <> 'default'
        GROUP BY c.attname
        HAVING count(DISTINCT c.ordenacao) > 1
        UNION ALL
        -- Indexes ask for the owner's rights, and the triggers' functions read as the installer.
        SELECT a.tabela, format('%s is owned by %s, and %I is no member of that role',
            a.relacao::regclass, r.relowner::regrole, current_user)
        FROM arvore AS a JOIN pg_class AS r ON r.oid = a.relacao
        WHERE NOT pg_has_role(r.relowner, 'USAGE')
        UNION ALL
        SELECT f.tabela, format('%I hides rows from %I by row level security', f.tabela, current_user)
        FROM fonte AS f WHERE row_security_active(f.relacao)
        UNION ALL
        SELECT DISTINCT a.tabela, format('%I has a foreign table among its partitions', a.tabela)
        FROM arvore AS a JOIN pg_class AS r ON r.oid = a.relacao
        WHERE r.relkind = 'f'
        UNION ALL
        -- A statement fires the triggers of the table it names, not those of the tables below it.
        SELECT f.tabela, format('%I is a partition or child of %s: what is written through that'
            ' would not be seen', f.tabela, i.inhparent::regclass)
        FROM fonte AS f JOIN pg_inherits AS i ON i.inhrelid = f.relacao
        UNION ALL
        SELECT r.relname, format('%I is there already, and is not ours', r.relname)
        FROM pg_class AS r
        WHERE r.relnamespace = v_schema AND r.relname IN ('estoque_tempo_real',
            'movimentacao_prevista', 'estoque_por_codigo', 'estoque_assinatura',
            'estoque_codigo_conhecido', 'estoque_controle', 'estoque_correcao',
            'estoque_execucao', 'estoque_falha', 'estoque_lote', 'estoque_percurso',
            'estoque_recontagem')
        UNION ALL
        SELECT d.nome, format('%I is there already, and is not ours', d.nome)
        FROM indice AS d
        JOIN pg_class AS r ON r.relname = d.nome AND r.relnamespace = v_schema
        LEFT JOIN pg_index AS x ON x.indexrelid = r.oid AND x.indpred IS NULL AND NOT x.indisunique
        LEFT JOIN fonte AS f ON f.relacao = x.indrelid AND f.tabela = d.tabela
        WHERE f.tabela IS NULL OR d.colunas <> (
            SELECT string_agg(pg_get_indexdef(r.oid, k, true), ',' ORDER BY k)
            FROM generate_series(1, x.indnatts::integer) AS k)
    )
    SELECT string_agg(f.texto, E'\n' ORDER BY f.nome, f.texto)
    INTO v_falhas
    FROM falha AS f;

    IF v_falhas IS NOT NULL THEN
        RAISE EXCEPTION USING
            ERRCODE = 'EP003',
            MESSAGE = format('the tables of schema %I do not fit', current_schema()),
            DETAIL = v_falhas,
            HINT = 'Mend what is named, or choose another schema, then install again.';
    END IF;

    -- What is found by name in a schema is only as safe as who may put things there: an operator for
    -- exactly varchar would be preferred to PostgreSQL's own. Up to PostgreSQL 14 everybody may in the usual one.
    SELECT string_agg(DISTINCT CASE x.grantee WHEN 0 THEN 'PUBLIC' ELSE x.grantee::regrole::text END,
        ', ')
    INTO v_criadores
    FROM pg_namespace AS n
    CROSS JOIN LATERAL aclexplode(n.nspacl) AS x
    LEFT JOIN pg_roles AS r ON r.oid = x.grantee
    WHERE n.oid = v_schema AND x.privilege_type = 'CREATE' AND x.grantee <> n.nspowner
        AND r.rolname IS DISTINCT FROM current_user AND r.rolsuper IS NOT TRUE;
    IF v_criadores IS NOT NULL THEN
        RAISE NOTICE USING MESSAGE = format('estoque_pg: warning: who may create objects in schema %1$I'
            ' can make our functions run code with the rights of %2$I: REVOKE CREATE ON SCHEMA %1$I'
            ' FROM %3$s, or install as a role that has no more rights than these',
            current_schema(), current_user, v_criadores);
    END IF;
END
$body$;
