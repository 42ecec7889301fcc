-- depends: 0001.nucleo
-- Generated from sql/ by `make migration`; edit there.

-- by hand: kept when this file is written anew
-- end of what is by hand

-- sql/06_unificacao/estoque_contradicoes.sql
-- The active unifications that contradict each other and therefore unify nothing: an origin with
-- several destinations, a chain that runs into a circle (a code unified with itself is the shortest).
-- The trigger refuses to make one; rows older than the installation, or written past the triggers,
-- may be such. NULL asks for all, otherwise for those of the origins given.
CREATE OR REPLACE FUNCTION estoque_contradicoes(origens text[] DEFAULT NULL)
RETURNS TABLE (codigo_origem text, codigo_destino text, motivo text)
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
            (SELECT string_agg(quote_literal(b.destino), ' and ' ORDER BY b.destino)
             FROM aresta AS b WHERE b.origem = a.origem HAVING count(*) > 1) AS destinos
        FROM aresta AS a
        LEFT JOIN _estoque_canonicos() AS k ON k.codigo = a.origem AND k.cod_produto <> a.origem
        WHERE k.codigo IS NULL AND (origens IS NULL OR a.origem IN (SELECT unnest(origens)))
    ),
    passo AS (
        SELECT c.origem AS inicio, c.origem AS atual, quote_literal(c.origem) AS caminho
        FROM contradicao AS c WHERE c.destinos IS NULL
        UNION ALL
        SELECT p.inicio, a.destino, p.caminho || ' -> ' || quote_literal(a.destino)
        FROM passo AS p JOIN aresta AS a ON a.origem = p.atual
    ) CYCLE inicio, atual SET repetido USING passos
    SELECT c.origem, c.destino,
        coalesce(quote_literal(c.origem) || ' has the active destinations ' || c.destinos,
            'circular: ' || (SELECT min(p.caminho) FROM passo AS p
                             WHERE p.inicio = c.origem AND p.repetido))
    FROM contradicao AS c
    ORDER BY c.origem, c.destino;
END
$body$;

GRANT EXECUTE ON FUNCTION estoque_contradicoes(text[]) TO PUBLIC;
COMMENT ON FUNCTION estoque_contradicoes(text[]) IS
    'Active unifications that contradict each other and are left out, with the reason.';

-- sql/09_aplicacao/_estoque_recusar.sql
-- Refuses quantities that cannot be counted, naming table, column and product; where several rows have
-- such, the first ten products, by code. What a row had before the statement is not held against it:
-- rows left out by a tolerant install may still be written to.
-- Raises EP001.
CREATE OR REPLACE FUNCTION _estoque_recusar(p_deltas _estoque_delta[], p_tabela text, p_coluna text)
RETURNS void
LANGUAGE plpgsql VOLATILE
AS $body$
DECLARE
    v_linhas bigint;
    v_produtos bigint;
    v_codigo text;
    v_lista text;
    v_dica CONSTANT text := 'Write a finite quantity of less than 1,000,000,000,000;'
        ' nothing of this statement was kept.';
BEGIN
    SELECT sum(x.linhas)::bigint, count(*), min(x.codigo),
        string_agg(format('%s.%s of product %L%s', p_tabela, p_coluna, x.codigo,
            CASE WHEN x.linhas > 1 THEN format(' in %s rows', x.linhas) END),
            E'\n' ORDER BY x.ordem) FILTER (WHERE x.ordem <= 10)
    INTO v_linhas, v_produtos, v_codigo, v_lista
    FROM (
        SELECT d.codigo, sum(d.fora) AS linhas, row_number() OVER (ORDER BY d.codigo) AS ordem
        FROM unnest(p_deltas) AS d
        GROUP BY d.codigo
        HAVING sum(d.fora) > 0
    ) AS x;
    IF v_linhas = 1 THEN
        RAISE EXCEPTION USING
            ERRCODE = 'EP001',
            MESSAGE = format('%s.%s of product %L is NaN, infinite or out of range', p_tabela,
                p_coluna, v_codigo),
            HINT = v_dica,
            SCHEMA = current_schema(), TABLE = p_tabela, COLUMN = p_coluna;
    ELSIF v_linhas > 1 THEN
        RAISE EXCEPTION USING
            ERRCODE = 'EP001',
            MESSAGE = format('%s.%s is NaN, infinite or out of range in %s rows', p_tabela,
                p_coluna, v_linhas),
            DETAIL = v_lista || CASE WHEN v_produtos > 10
                THEN format(E'\nand of %s more', v_produtos - 10) ELSE '' END,
            HINT = v_dica,
            SCHEMA = current_schema(), TABLE = p_tabela, COLUMN = p_coluna;
    END IF;
END
$body$;

REVOKE ALL ON FUNCTION _estoque_recusar(_estoque_delta[], text, text) FROM PUBLIC;
COMMENT ON FUNCTION _estoque_recusar(_estoque_delta[], text, text) IS
    'Raises EP001 for a quantity that cannot be counted; inner use.';

-- sql/11_consultas/estoque_disponibilidade_double.sql
-- estoque_disponibilidade for a double precision, which PostgreSQL turns into a numeric only where it
-- is told to. The quantity is read to 15 significant digits, so that 0.1 is 0.1. Literals without a
-- type and integers come here too: of two types that would do, PostgreSQL prefers this one.
-- Raises as that one does.
CREATE FUNCTION estoque_disponibilidade(
    codigo text, quantidade double precision, dias integer DEFAULT 28
)
RETURNS TABLE (data_disponivel date, quantidade_disponivel numeric)
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $body$
BEGIN
    RETURN QUERY SELECT d.* FROM estoque_disponibilidade(codigo, quantidade::numeric, dias) AS d;
END
$body$;

GRANT EXECUTE ON FUNCTION estoque_disponibilidade(text, double precision, integer) TO PUBLIC;
COMMENT ON FUNCTION estoque_disponibilidade(text, double precision, integer) IS
    'Earliest safe day for a quantity and how much can be promised on it; NULLs when there is none.';
