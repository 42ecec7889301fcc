-- Refuses quantities that cannot be counted, naming table, column and product; where several rows have
-- such, the first ten products, by code. What a row had before the statement is not held against it:
-- rows left out by a tolerant install may still be written to.
-- Raises EP001.
CREATE FUNCTION _estoque_recusar(p_deltas _estoque_delta[], p_tabela text, p_coluna text)
RETURNS void
LANGUAGE plpgsql VOLATILE
AS $body$
DECLARE
    v_linhas bigint;
    v_produtos bigint;
    v_codigo text;
    v_lista text;
    v_ditos json;
    v_valores text[];
    v_modelo text;
    v_dica CONSTANT text := 'Write a finite quantity of less than 1,000,000,000,000;'
        ' nothing of this statement was kept.';
BEGIN
    SELECT sum(x.linhas)::bigint, count(*), min(x.codigo),
        string_agg(format(x.modelo, p_tabela, p_coluna, quote_nullable(x.codigo), x.linhas),
            E'\n' ORDER BY x.ordem) FILTER (WHERE x.ordem <= 10),
        json_agg(json_build_array(x.modelo, p_tabela, p_coluna, quote_nullable(x.codigo), x.linhas)
            ORDER BY x.ordem) FILTER (WHERE x.ordem <= 10)
    INTO v_linhas, v_produtos, v_codigo, v_lista, v_ditos
    FROM (
        SELECT d.codigo, sum(d.fora) AS linhas, row_number() OVER (ORDER BY d.codigo) AS ordem,
            CASE WHEN sum(d.fora) > 1 THEN '%s.%s of product %s in %s rows'
                ELSE '%s.%s of product %s' END AS modelo
        FROM unnest(p_deltas) AS d
        GROUP BY d.codigo
        HAVING sum(d.fora) > 0
    ) AS x;
    IF v_linhas = 1 THEN
        v_modelo := '%s.%s of product %s is NaN, infinite or out of range';
        v_valores := ARRAY[p_tabela, p_coluna, quote_nullable(v_codigo)];
        RAISE EXCEPTION USING
            ERRCODE = 'EP001',
            MESSAGE = format(v_modelo, VARIADIC v_valores),
            HINT = v_dica,
            CONSTRAINT = v_modelo, DATATYPE = to_json(v_valores)::text,
            SCHEMA = current_schema(), TABLE = p_tabela, COLUMN = p_coluna;
    ELSIF v_linhas > 1 THEN
        v_modelo := '%s.%s is NaN, infinite or out of range in %s rows';
        v_valores := ARRAY[p_tabela, p_coluna, v_linhas::text];
        IF v_produtos > 10 THEN
            v_lista := v_lista || format(E'\nand of %s more', v_produtos - 10);
            v_ditos := (v_ditos::jsonb
                || jsonb_build_array(jsonb_build_array('and of %s more', v_produtos - 10)))::json;
        END IF;
        RAISE EXCEPTION USING
            ERRCODE = 'EP001',
            MESSAGE = format(v_modelo, VARIADIC v_valores),
            DETAIL = v_lista,
            HINT = v_dica,
            CONSTRAINT = v_modelo,
            DATATYPE = json_build_object('valores', v_valores, 'detalhe', v_ditos)::text,
            SCHEMA = current_schema(), TABLE = p_tabela, COLUMN = p_coluna;
    END IF;
END
$body$;

REVOKE ALL ON FUNCTION _estoque_recusar(_estoque_delta[], text, text) FROM PUBLIC;
COMMENT ON FUNCTION _estoque_recusar(_estoque_delta[], text, text) IS
    'Raises EP001 for a quantity that cannot be counted; inner use.';
