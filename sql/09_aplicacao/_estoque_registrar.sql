-- Makes codes known that are not: each gets a row in estoque_codigo_conhecido, and its product one
-- in estoque_tempo_real. A code that another session is registering or forgetting is waited for,
-- and then left as that session decided; under REPEATABLE READ that raises 40001.
-- Touches no code that has its product, since who holds the product may be about to forget the code.
-- Called before any product is locked. Returns the codes that were not known.
CREATE FUNCTION _estoque_registrar(p_codigos text[]) RETURNS text[]
LANGUAGE plpgsql VOLATILE
AS $body$
DECLARE
    v_novos text[];
    v_agora timestamptz := now();
BEGIN
    WITH novo AS (
        INSERT INTO estoque_codigo_conhecido (codigo, cod_produto)
        SELECT x.c, x.c FROM unnest(p_codigos) AS x (c)
        WHERE NOT EXISTS (
            SELECT FROM estoque_codigo_conhecido AS c WHERE c.codigo = x.c OFFSET 0)
        ORDER BY x.c
        ON CONFLICT (codigo) DO NOTHING
        RETURNING codigo
    )
    SELECT array_agg(n.codigo) INTO v_novos FROM novo AS n;

    -- Where a bypass took the product of a known code away, the code is read under a lock, so that
    -- it does not move to another group before its product is there.
    INSERT INTO estoque_tempo_real (cod_produto, atualizado_em, comparado_em)
    SELECT DISTINCT x.cod_produto, v_agora, v_agora
    FROM (
        SELECT c.cod_produto
        FROM (SELECT u.c FROM unnest(p_codigos) AS u (c) ORDER BY u.c) AS u
        CROSS JOIN LATERAL (
            SELECT c.cod_produto FROM estoque_codigo_conhecido AS c
            WHERE c.codigo = u.c AND NOT EXISTS (
                SELECT FROM estoque_tempo_real AS t WHERE t.cod_produto = c.cod_produto OFFSET 0)
            FOR SHARE
        ) AS c
    ) AS x
    ORDER BY x.cod_produto
    ON CONFLICT (cod_produto) DO NOTHING;
    RETURN v_novos;
END
$body$;

REVOKE ALL ON FUNCTION _estoque_registrar(text[]) FROM PUBLIC;
COMMENT ON FUNCTION _estoque_registrar(text[]) IS
    'Makes codes and their products known, returns the new codes; inner use.';
