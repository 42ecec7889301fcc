-- The balance of a product day by day, as it is and as it would be after mudancas (see estoque_simular),
-- dias + 1 rows from today on; none for an unknown code. Raises and notices as estoque_simular.
CREATE FUNCTION estoque_projecao_simulada(codigo text, mudancas jsonb, dias integer DEFAULT 28)
RETURNS TABLE (
    dia integer, data date, entrada_antes numeric, saida_antes numeric, saldo_antes numeric,
    entrada_depois numeric, saida_depois numeric, saldo_depois numeric
)
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $body$
DECLARE
    v_linha record;
BEGIN
    FOR v_linha IN SELECT s.* FROM _estoque_projecao_simulada(codigo, mudancas, dias) AS s LOOP
        IF v_linha.aviso IS NOT NULL THEN
            PERFORM _estoque_avisar(v_linha.aviso);
            CONTINUE;
        END IF;
        dia := v_linha.dia;
        data := v_linha.data;
        entrada_antes := v_linha.entrada_antes;
        saida_antes := v_linha.saida_antes;
        saldo_antes := v_linha.saldo_antes;
        entrada_depois := v_linha.entrada_depois;
        saida_depois := v_linha.saida_depois;
        saldo_depois := v_linha.saldo_depois;
        RETURN NEXT;
    END LOOP;
END
$body$;

REVOKE ALL ON FUNCTION estoque_projecao_simulada(text, jsonb, integer) FROM PUBLIC;
COMMENT ON FUNCTION estoque_projecao_simulada(text, jsonb, integer) IS
    'Balance of a product day by day, before and after changes of documents; 22023 for bad changes.';
