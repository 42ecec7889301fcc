-- Says which of the codes or products given is there twice: a table of ours has lost its primary
-- key, and what is written can be right in one of the rows at most. Raises XX001.
CREATE FUNCTION _estoque_acusar_repetido(p_codigos text[], p_produtos text[]) RETURNS void
LANGUAGE plpgsql VOLATILE
AS $body$
DECLARE
    v_tabela text;
    v_coluna text;
    v_valor text;
    v_modelo CONSTANT text := '%s has the code %s more than once';
BEGIN
    SELECT r.tabela, r.coluna, r.valor INTO v_tabela, v_coluna, v_valor
    FROM (
        SELECT 'estoque_codigo_conhecido' AS tabela, 'codigo' AS coluna, c.codigo AS valor
        FROM estoque_codigo_conhecido AS c WHERE c.codigo = ANY (p_codigos)
        UNION ALL
        SELECT 'estoque_tempo_real', 'cod_produto', t.cod_produto
        FROM estoque_tempo_real AS t WHERE t.cod_produto = ANY (p_produtos)
    ) AS r
    GROUP BY r.tabela, r.coluna, r.valor
    HAVING count(*) > 1
    ORDER BY r.tabela, r.valor
    LIMIT 1;
    RAISE EXCEPTION USING ERRCODE = 'data_corrupted',
        MESSAGE = format(v_modelo, v_tabela, quote_nullable(v_valor)),
        DETAIL = 'The primary key of the table, which forbids it, is gone.',
        HINT = 'SELECT estoque_vigiar(); -- keeps one of each, puts the key back, compares everything',
        CONSTRAINT = v_modelo,
        DATATYPE = json_build_array(v_tabela, quote_nullable(v_valor))::text,
        SCHEMA = current_schema(), TABLE = v_tabela, COLUMN = v_coluna;
END
$body$;

REVOKE ALL ON FUNCTION _estoque_acusar_repetido(text[], text[]) FROM PUBLIC;
COMMENT ON FUNCTION _estoque_acusar_repetido(text[], text[]) IS
    'Raises XX001 for a code that a table of ours has twice; inner use.';
