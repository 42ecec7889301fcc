-- Resolves codes to their products and locks the products' rows, in the order of their codes; asks
-- again where a code changed its group, came or went meanwhile. What is found then may come before
-- what is held already, and to wait for it would be out of order: so the first attempt is undone as
-- a whole, which gives back all that it locked and registered. One code alone holds nothing else.
-- p_registrar makes codes known that are not; without it they are left out. Returns the products,
-- the codes that were not known (novos), and the products that this transaction has rebuilt already
-- (recalculados). From then on the codes stay where they are: to change the group of one, or to
-- forget it, takes the lock on its product.
CREATE FUNCTION _estoque_travar_produtos(
    p_codigos text[], p_registrar boolean,
    OUT produtos text[], OUT novos text[], OUT recalculados text[]
)
LANGUAGE plpgsql VOLATILE
AS $body$
DECLARE
    v_tentativa record;
BEGIN
    LOOP
        IF cardinality(p_codigos) = 1 THEN
            v_tentativa := _estoque_tentar_travar(p_codigos, p_registrar);
            EXIT WHEN v_tentativa.todos;
        ELSE
            BEGIN
                v_tentativa := _estoque_tentar_travar(p_codigos, p_registrar);
                EXIT WHEN v_tentativa.todos;
                RAISE SQLSTATE 'VOLTA';
            EXCEPTION WHEN SQLSTATE 'VOLTA' THEN
                NULL;
            END;
        END IF;
    END LOOP;
    produtos := v_tentativa.produtos;
    novos := v_tentativa.novos;
    recalculados := v_tentativa.recalculados;
END
$body$;

REVOKE ALL ON FUNCTION _estoque_travar_produtos(text[], boolean) FROM PUBLIC;
COMMENT ON FUNCTION _estoque_travar_produtos(text[], boolean) IS
    'Resolves codes and locks their products in order; inner use.';
