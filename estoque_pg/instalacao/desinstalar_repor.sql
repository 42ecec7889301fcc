-- Before an uninstall: what has to be asked for the list of what goes, where it was dropped. It needs
-- nothing of ours but the signatures.
DO $$
DECLARE
    v_definicao text;
BEGIN
    FOR v_definicao IN
        SELECT a.definicao FROM estoque_assinatura AS a
        WHERE a.objeto IN ('_estoque_fontes()', '_estoque_indices_das_fontes()')
            AND to_regprocedure(a.objeto) IS NULL
    LOOP
        EXECUTE v_definicao;
    END LOOP;
END
$$;
