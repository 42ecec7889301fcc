-- Makes codes known: each gets a row in estoque_codigo_conhecido, and its product one in
-- estoque_tempo_real. A code that another session is registering or unifying is waited for,
-- and then left as that session decided; under REPEATABLE READ that raises 40001.
CREATE FUNCTION _estoque_registrar(p_codigos text[]) RETURNS void
LANGUAGE plpgsql VOLATILE
AS $body$
BEGIN
    INSERT INTO estoque_codigo_conhecido (codigo, cod_produto)
    SELECT x.c, x.c FROM unnest(p_codigos) AS x (c) ORDER BY x.c
    ON CONFLICT (codigo) DO NOTHING;

    INSERT INTO estoque_tempo_real (cod_produto)
    SELECT DISTINCT c.cod_produto FROM estoque_codigo_conhecido AS c
    WHERE c.codigo = ANY (p_codigos) ORDER BY c.cod_produto
    ON CONFLICT (cod_produto) DO NOTHING;
END
$body$;

REVOKE ALL ON FUNCTION _estoque_registrar(text[]) FROM PUBLIC;
COMMENT ON FUNCTION _estoque_registrar(text[]) IS 'Makes codes and their products known; inner use.';
