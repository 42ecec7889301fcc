-- Refuses source tables that do not fit, naming every misfit at once, before anything else is made.
-- Raises EP003. It runs in the migration's transaction: after a refusal nothing is left behind.
DO $body$
DECLARE
    v_falhas text;
BEGIN
    WITH exigida (tabela, coluna, tipos) AS (
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
            ('programacao_producao', 'nome_produto', 'texto'),
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
            ('quantidade', 'numeric'), ('quantidade', 'float8'), ('quantidade', 'float4'),
            ('quantidade', 'int2'), ('quantidade', 'int4'), ('quantidade', 'int8'),
            ('data', 'date'), ('data', 'timestamp'),
            ('logico', 'bool')
    )
    SELECT string_agg(
        CASE
            WHEN r.oid IS NULL THEN format('%I is not a table', e.tabela)
            WHEN a.attname IS NULL THEN format('%I.%I is missing', e.tabela, e.coluna)
            ELSE format('%I.%I is %s, expected %s', e.tabela, e.coluna,
                format_type(a.atttypid, a.atttypmod),
                (SELECT string_agg(x.tipo::regtype::text, ', ') FROM aceita AS x
                 WHERE x.tipos = e.tipos))
        END, '; ' ORDER BY e.tabela, e.coluna)
    INTO v_falhas
    FROM exigida AS e
    LEFT JOIN pg_class AS r ON r.relname = e.tabela AND r.relkind IN ('r', 'p')
        AND r.relnamespace = (SELECT n.oid FROM pg_namespace AS n
                              WHERE n.nspname = current_schema())
    LEFT JOIN pg_attribute AS a ON a.attrelid = r.oid AND a.attname = e.coluna
        AND a.attnum > 0 AND NOT a.attisdropped
    LEFT JOIN pg_type AS t ON t.oid = a.atttypid
    LEFT JOIN pg_type AS b ON b.oid = t.typbasetype
    WHERE a.attname IS NULL
        OR (e.tipos IS NOT NULL AND NOT EXISTS (
            SELECT FROM aceita AS x
            WHERE x.tipos = e.tipos AND x.tipo IN (t.typname, b.typname)));

    IF v_falhas IS NOT NULL THEN
        RAISE EXCEPTION USING
            ERRCODE = 'EP003',
            MESSAGE = 'source tables do not fit: ' || v_falhas,
            HINT = 'Give the tables of the schema the columns and types named, then install again.';
    END IF;
END
$body$;
