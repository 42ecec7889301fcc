-- Locks the products of codes for those who rebuild them, and returns them. p_registrar makes codes
-- known that are not; without it they are left out. An attempt that did not
-- get all of them (_estoque_tentar_travar) is undone, which gives back what it locked and registered,
-- and made anew: what it would ask for next may come before what it holds.
CREATE FUNCTION _estoque_travar_produtos(p_codigos text[], p_registrar boolean) RETURNS text[]
LANGUAGE plpgsql VOLATILE
AS $body$
DECLARE
    v_codigos text[] := p_codigos;
    v_produtos text[];
    v_todos boolean;
BEGIN
    LOOP
        IF NOT p_registrar THEN
            v_codigos := ARRAY(
                SELECT c.codigo FROM estoque_codigo_conhecido AS c
                WHERE c.codigo = ANY (p_codigos) AND EXISTS (
                    SELECT FROM estoque_tempo_real AS t
                    WHERE t.cod_produto = c.cod_produto OFFSET 0));
        END IF;
        BEGIN
            SELECT t.produtos, t.todos INTO v_produtos, v_todos
            FROM _estoque_tentar_travar(v_codigos, p_registrar) AS t;
            EXIT WHEN v_todos;
            RAISE SQLSTATE 'VOLTA';
        EXCEPTION WHEN SQLSTATE 'VOLTA' THEN
            NULL;
        END;
    END LOOP;
    RETURN v_produtos;
END
$body$;

REVOKE ALL ON FUNCTION _estoque_travar_produtos(text[], boolean) FROM PUBLIC;
COMMENT ON FUNCTION _estoque_travar_produtos(text[], boolean) IS
    'Resolves codes and locks their products in order; inner use.';
