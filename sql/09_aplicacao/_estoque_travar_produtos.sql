-- Locks the products of codes for those who rebuild them, and returns them. An attempt that did not
-- get all of them (_estoque_tentar_travar) is undone, which gives back what it locked and registered,
-- and made anew: what it would ask for next may come before what it holds.
CREATE FUNCTION _estoque_travar_produtos(p_codigos text[], p_registrar boolean) RETURNS text[]
LANGUAGE plpgsql VOLATILE
AS $body$
DECLARE
    v_produtos text[];
    v_todos boolean;
BEGIN
    LOOP
        BEGIN
            SELECT t.produtos, t.todos INTO v_produtos, v_todos
            FROM _estoque_tentar_travar(p_codigos, p_registrar) AS t;
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
