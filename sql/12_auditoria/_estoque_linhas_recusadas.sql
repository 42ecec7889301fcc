-- Rows of the sources that cannot be counted: quantities that are NaN, infinite or out of range, and
-- unifications that contradict each other. The triggers refuse such rows; an installation finds those
-- that were there before. consulta is a query that lists them, good where nothing is installed. motivos
-- is motivo as a model of format() and its values, which are such arrays themselves.
CREATE FUNCTION _estoque_linhas_recusadas()
RETURNS TABLE (tabela text, linhas bigint, motivo text, motivos jsonb, consulta text)
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $body$
DECLARE
    v_fonte record;
    v_modelo CONSTANT text := '%s is NaN, infinite or out of range';
BEGIN
    FOR v_fonte IN
        SELECT f.tabela, f.quantidade FROM _estoque_fontes() AS f
        WHERE f.quantidade IS NOT NULL ORDER BY f.ordem
    LOOP
        tabela := v_fonte.tabela;
        EXECUTE format('SELECT count(*) FROM %I AS f WHERE NOT _estoque_cabe(f.%I::numeric)',
            tabela, v_fonte.quantidade)
        INTO linhas;
        motivo := format(v_modelo, v_fonte.quantidade);
        motivos := jsonb_build_array(v_modelo, v_fonte.quantidade);
        consulta := format(
            'SELECT * FROM %I.%I WHERE NOT %I BETWEEN -999999999999.999 AND 999999999999.999',
            current_schema(), tabela, v_fonte.quantidade);
        IF linhas > 0 THEN
            RETURN NEXT;
        END IF;
    END LOOP;

    RETURN QUERY
    SELECT 'unificacao_codigos', c.linhas, c.motivo, c.motivos,
        format('WITH RECURSIVE u AS (SELECT codigo_origem AS o, codigo_destino AS d'
            ' FROM %1$I.unificacao_codigos WHERE ativo),'
            ' c AS (SELECT o, d FROM u UNION SELECT c.o, u.d FROM c JOIN u ON u.o = c.d)'
            ' SELECT * FROM %1$I.unificacao_codigos WHERE ativo AND (codigo_origem IN'
            ' (SELECT o FROM u GROUP BY o HAVING count(DISTINCT d) > 1)'
            ' OR codigo_destino IN (SELECT o FROM c WHERE o = d))', current_schema())
    FROM (
        SELECT sum(x.linhas)::bigint AS linhas,
            string_agg(format(x.motivo[1], VARIADIC x.motivo[2:]), '; ' ORDER BY x.motivo) AS motivo,
            jsonb_build_array(rtrim(repeat('%s; ', count(*)::integer), '; '))
                || jsonb_agg(x.motivo ORDER BY x.motivo) AS motivos
        FROM (
            SELECT k.motivo, count(*) AS linhas
            FROM (SELECT n.motivo FROM _estoque_contradicoes(NULL) AS n LIMIT 20) AS k
            GROUP BY k.motivo
        ) AS x
    ) AS c
    WHERE c.linhas > 0;
END
$body$;

GRANT EXECUTE ON FUNCTION _estoque_linhas_recusadas() TO PUBLIC;
COMMENT ON FUNCTION _estoque_linhas_recusadas() IS
    'Source rows that are left out, with the reasons in parts; inner use.';
