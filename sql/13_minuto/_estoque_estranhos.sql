-- Codes that a bypass of the triggers left without a product: mentioned by a source, or left over in
-- a table of ours. At most p_quantos of them. Walks the distinct codes of the tables by their indexes,
-- 1,000 a run, from where the last run stopped; the unifications, which are few, are read through.
-- A table that has lost its index is passed over: each step would read all of it.
CREATE FUNCTION _estoque_estranhos(p_quantos integer) RETURNS text[]
LANGUAGE plpgsql VOLATILE
SET enable_seqscan = off
SET enable_bitmapscan = off
SET jit = off
AS $body$
DECLARE
    c_tabelas CONSTANT text[] := ARRAY(
        SELECT f.tabela FROM _estoque_fontes() AS f
        WHERE f.quantidade IS NOT NULL ORDER BY f.ordem
    ) || ARRAY['estoque_codigo_conhecido', 'movimentacao_prevista'];
    c_indexadas CONSTANT text[] := ARRAY(
        SELECT t.nome FROM unnest(c_tabelas) AS t (nome)
        JOIN pg_index AS x ON x.indrelid = to_regclass(t.nome) AND x.indisvalid AND x.indpred IS NULL
        JOIN pg_attribute AS a ON a.attrelid = x.indrelid AND a.attnum = x.indkey[0]
            AND a.attname = 'cod_produto');
    v_tabela integer;
    v_depois text;
    v_faltam integer := 1000;
    v_codigos text[];
    v_achados text[];
    v_estranhos text[] := ARRAY[]::text[];
BEGIN
    SELECT p.tabela, p.codigo INTO v_tabela, v_depois FROM estoque_percurso AS p WHERE p.unico;
    v_tabela := coalesce(v_tabela, 1);

    -- Once around, back to where it began.
    FOR i IN 0..cardinality(c_tabelas) LOOP
        IF c_tabelas[v_tabela] <> ALL (c_indexadas) THEN
            v_tabela := v_tabela % cardinality(c_tabelas) + 1;
            v_depois := NULL;
            CONTINUE;
        END IF;
        EXECUTE format($q$
            WITH RECURSIVE passo AS (
                (SELECT f.cod_produto FROM %1$I AS f
                 WHERE f.cod_produto IS NOT NULL AND ($1 IS NULL OR f.cod_produto > $1)
                 ORDER BY f.cod_produto LIMIT 1)
                UNION ALL
                SELECT (SELECT f.cod_produto FROM %1$I AS f WHERE f.cod_produto > p.cod_produto
                        ORDER BY f.cod_produto LIMIT 1)
                FROM passo AS p
                WHERE p.cod_produto IS NOT NULL
            )
            SELECT array_agg(x.cod_produto::text)
            FROM (SELECT p.cod_produto FROM passo AS p
                  WHERE p.cod_produto IS NOT NULL LIMIT $2) AS x
            $q$, c_tabelas[v_tabela])
        INTO v_codigos USING v_depois, v_faltam;

        SELECT array_agg(e.c ORDER BY e.n) INTO v_achados
        FROM (
            SELECT u.c, u.n FROM unnest(v_codigos) WITH ORDINALITY AS u (c, n)
            WHERE u.c <> ALL (v_estranhos) AND NOT EXISTS (
                SELECT FROM estoque_codigo_conhecido AS k
                JOIN estoque_tempo_real AS t ON t.cod_produto = k.cod_produto
                WHERE k.codigo = u.c OFFSET 0)
            ORDER BY u.n LIMIT p_quantos - cardinality(v_estranhos)
        ) AS e;
        v_estranhos := v_estranhos || v_achados;
        v_faltam := v_faltam - coalesce(cardinality(v_codigos), 0);
        IF cardinality(v_estranhos) = p_quantos THEN
            v_depois := v_estranhos[p_quantos];
            EXIT;
        ELSIF v_faltam = 0 THEN
            v_depois := v_codigos[cardinality(v_codigos)];
            EXIT;
        END IF;
        v_tabela := v_tabela % cardinality(c_tabelas) + 1;
        v_depois := NULL;
    END LOOP;
    INSERT INTO estoque_percurso AS p (unico, tabela, codigo) VALUES (true, v_tabela, v_depois)
    ON CONFLICT (unico) DO UPDATE SET tabela = EXCLUDED.tabela, codigo = EXCLUDED.codigo;

    RETURN v_estranhos || ARRAY(
        SELECT c.codigo FROM _estoque_canonicos() AS c
        WHERE c.codigo <> ALL (v_estranhos) AND NOT EXISTS (
            SELECT FROM estoque_codigo_conhecido AS k
            JOIN estoque_tempo_real AS t ON t.cod_produto = k.cod_produto
            WHERE k.codigo = c.codigo OFFSET 0)
        LIMIT p_quantos - cardinality(v_estranhos));
END
$body$;

REVOKE ALL ON FUNCTION _estoque_estranhos(integer) FROM PUBLIC;
COMMENT ON FUNCTION _estoque_estranhos(integer) IS
    'Some codes that are mentioned and have no product row; inner use.';
