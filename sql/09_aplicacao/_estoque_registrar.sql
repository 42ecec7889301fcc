-- Makes codes known: each gets a row in estoque_codigo_conhecido, and its product one in
-- estoque_tempo_real. A code that another session is registering or unifying is waited for,
-- and then left as that session decided; under REPEATABLE READ that raises 40001.
-- Returns the codes that were not known.
CREATE FUNCTION _estoque_registrar(p_codigos text[]) RETURNS text[]
LANGUAGE plpgsql VOLATILE
AS $body$
DECLARE
    v_novos text[];
BEGIN
    WITH novo AS (
        INSERT INTO estoque_codigo_conhecido (codigo, cod_produto)
        SELECT x.c, x.c FROM unnest(p_codigos) AS x (c) ORDER BY x.c
        ON CONFLICT (codigo) DO NOTHING
        RETURNING codigo
    )
    SELECT array_agg(n.codigo) INTO v_novos FROM novo AS n;

    -- Read under a lock, so that no code moves to another group before its product is there.
    INSERT INTO estoque_tempo_real (cod_produto)
    SELECT DISTINCT x.cod_produto
    FROM (
        SELECT c.cod_produto
        FROM (SELECT u.c FROM unnest(p_codigos) AS u (c) ORDER BY u.c) AS u
        CROSS JOIN LATERAL (
            SELECT c.cod_produto FROM estoque_codigo_conhecido AS c WHERE c.codigo = u.c FOR SHARE
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
