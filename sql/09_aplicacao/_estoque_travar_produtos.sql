-- Resolves codes to their products and locks the products' rows, in the order of their codes.
-- Resolving and locking are one statement: if a group changed meanwhile, its row is gone and we ask
-- again. From then on the codes stay where they are: changing a group needs the rows we hold.
-- p_registrar makes codes known that are not, before anything is locked; without it they are left
-- out. Returns the products, the codes that were not known (novos), and the products that this
-- transaction has rebuilt already (recalculados).
CREATE FUNCTION _estoque_travar_produtos(
    p_codigos text[], p_registrar boolean,
    OUT produtos text[], OUT novos text[], OUT recalculados text[]
)
LANGUAGE plpgsql VOLATILE
AS $body$
DECLARE
    v_transacao xid8 := pg_current_xact_id();
    v_travados bigint;
BEGIN
    LOOP
        IF p_registrar AND cardinality(p_codigos) > (
            SELECT count(*) FROM unnest(p_codigos) AS x (c)
            CROSS JOIN LATERAL (
                SELECT c.cod_produto FROM estoque_codigo_conhecido AS c
                WHERE c.codigo = x.c OFFSET 0
            ) AS c
            CROSS JOIN LATERAL (
                SELECT FROM estoque_tempo_real AS t
                WHERE t.cod_produto = c.cod_produto OFFSET 0
            ) AS t)
        THEN
            novos := novos || _estoque_registrar(p_codigos);
        END IF;
        SELECT count(*), array_agg(DISTINCT x.cod_produto),
            array_agg(DISTINCT x.cod_produto) FILTER (WHERE x.recalculado_por = v_transacao)
        INTO v_travados, produtos, recalculados
        FROM (
            SELECT t.cod_produto, t.recalculado_por
            FROM (
                SELECT c.cod_produto FROM unnest(p_codigos) AS x (c)
                CROSS JOIN LATERAL (
                    SELECT c.cod_produto FROM estoque_codigo_conhecido AS c
                    WHERE c.codigo = x.c OFFSET 0
                ) AS c
                ORDER BY c.cod_produto
            ) AS c
            CROSS JOIN LATERAL (
                SELECT t.cod_produto, t.recalculado_por FROM estoque_tempo_real AS t
                WHERE t.cod_produto = c.cod_produto FOR NO KEY UPDATE
            ) AS t
        ) AS x;
        EXIT WHEN v_travados = cardinality(p_codigos);
        EXIT WHEN NOT p_registrar AND v_travados = (
            SELECT count(*) FROM unnest(p_codigos) AS x (c)
            CROSS JOIN LATERAL (
                SELECT c.cod_produto FROM estoque_codigo_conhecido AS c
                WHERE c.codigo = x.c OFFSET 0
            ) AS c
            CROSS JOIN LATERAL (
                SELECT FROM estoque_tempo_real AS t
                WHERE t.cod_produto = c.cod_produto OFFSET 0
            ) AS t);
    END LOOP;
END
$body$;

REVOKE ALL ON FUNCTION _estoque_travar_produtos(text[], boolean) FROM PUBLIC;
COMMENT ON FUNCTION _estoque_travar_produtos(text[], boolean) IS
    'Resolves codes and locks their products in order; inner use.';
