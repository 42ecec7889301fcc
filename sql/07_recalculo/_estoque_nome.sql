-- The name of a canonical product: the newest one its own code bears, on a movement, else on a
-- pre-separation, a separation, a production row; only where there is none, that of its aliases.
-- The code is sought as a range of one: with an equality PostgreSQL may walk the whole table by id
-- where a few codes have most of the rows. An ERP may have no name on its production rows.
-- Its plans are kept even where the caller asks for new ones: it runs once for each product.
CREATE FUNCTION _estoque_nome(p_produto text) RETURNS text
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
SET plan_cache_mode = force_generic_plan
AS $body$
DECLARE
    v_codigo text;
    v_nome text;
BEGIN
    FOR v_codigo IN
        SELECT p_produto
        UNION ALL
        (SELECT c.codigo FROM estoque_codigo_conhecido AS c
         WHERE c.cod_produto = p_produto AND c.codigo <> p_produto ORDER BY c.codigo)
    LOOP
        v_nome := coalesce(
            (SELECT f.nome_produto::text FROM movimentacao_estoque AS f
             WHERE f.cod_produto >= v_codigo AND f.cod_produto <= v_codigo AND f.nome_produto <> ''
             ORDER BY f.cod_produto DESC, f.id DESC LIMIT 1),
            (SELECT f.nome_produto::text FROM pre_separacao_item AS f
             WHERE f.cod_produto >= v_codigo AND f.cod_produto <= v_codigo AND f.nome_produto <> ''
             ORDER BY f.cod_produto DESC, f.id DESC LIMIT 1),
            (SELECT f.nome_produto::text FROM separacao AS f
             WHERE f.cod_produto >= v_codigo AND f.cod_produto <= v_codigo AND f.nome_produto <> ''
             ORDER BY f.cod_produto DESC, f.id DESC LIMIT 1),
            (SELECT to_jsonb(f) ->> 'nome_produto' FROM programacao_producao AS f
             WHERE f.cod_produto >= v_codigo AND f.cod_produto <= v_codigo
                 AND to_jsonb(f) ->> 'nome_produto' <> ''
             ORDER BY f.cod_produto DESC, f.id DESC LIMIT 1));
        EXIT WHEN v_nome IS NOT NULL;
    END LOOP;
    RETURN v_nome;
END
$body$;

COMMENT ON FUNCTION _estoque_nome(text) IS
    'Name of a canonical product, its own before an alias'' one; NULL when no source names it.';
