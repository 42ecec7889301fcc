-- Notes that a product could not be compared, rebuilt or turned, and why.
CREATE FUNCTION _estoque_anotar_falha(p_produto text, p_estado text, p_mensagem text) RETURNS void
LANGUAGE plpgsql VOLATILE
AS $body$
BEGIN
    INSERT INTO estoque_falha AS f (cod_produto, sqlstate, mensagem, desde, ultima_em, vezes)
    VALUES (p_produto, p_estado, p_mensagem, clock_timestamp(), clock_timestamp(), 1)
    ON CONFLICT (cod_produto) DO UPDATE
    SET sqlstate = EXCLUDED.sqlstate, mensagem = EXCLUDED.mensagem,
        ultima_em = EXCLUDED.ultima_em, vezes = f.vezes + 1;
END
$body$;

REVOKE ALL ON FUNCTION _estoque_anotar_falha(text, text, text) FROM PUBLIC;
COMMENT ON FUNCTION _estoque_anotar_falha(text, text, text) IS
    'Notes a failing product in estoque_falha; inner use.';
