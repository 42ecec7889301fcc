-- Turns the day for the minute job. All products at once; where one of them has come to a day whose
-- projection does not fit its column, each by itself, so that the others are turned.
-- Returns how many were turned; what fails is noted in estoque_falha.
CREATE FUNCTION _estoque_virar_cada() RETURNS bigint
LANGUAGE plpgsql VOLATILE
AS $body$
DECLARE
    v_hoje date := estoque_hoje();
    v_produto text;
    v_virados bigint;
BEGIN
    BEGIN
        RETURN _estoque_virar();
    EXCEPTION WHEN numeric_value_out_of_range THEN
        v_virados := 0::bigint;
    END;
    FOR v_produto IN
        SELECT t.cod_produto FROM estoque_tempo_real AS t
        WHERE v_hoje NOT BETWEEN t.valido_desde AND t.valido_ate
        ORDER BY t.cod_produto
    LOOP
        BEGIN
            v_virados := v_virados + _estoque_virar(ARRAY[v_produto]);
        EXCEPTION WHEN numeric_value_out_of_range THEN
            PERFORM _estoque_anotar_falha(v_produto, SQLSTATE, SQLERRM);
        END;
    END LOOP;
    RETURN v_virados;
END
$body$;

REVOKE ALL ON FUNCTION _estoque_virar_cada() FROM PUBLIC;
COMMENT ON FUNCTION _estoque_virar_cada() IS
    'Turns the day for all products that can be turned; inner use.';
