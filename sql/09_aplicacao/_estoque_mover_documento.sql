-- The short way of one document, made, changed or taken away: p_menos leaves the forecast of p_de,
-- p_mais joins that of p_para; one of them may be 0. p_entra tells entries from exits. The forecast is
-- not read for it: the product's row holds its sums up to each of eight days, and what a document
-- changes of them is known. By them the one UPDATE that locks the row moves the minimum as well.
-- p_nome, p_saiu and the result as in _estoque_somar; the fields must have been projected today.
CREATE FUNCTION _estoque_mover_documento(
    p_codigo text, p_entra boolean, p_de date, p_menos numeric, p_para date, p_mais numeric,
    p_nome text, p_saiu boolean
) RETURNS boolean
LANGUAGE plpgsql VOLATILE
AS $body$
DECLARE
    v_hoje date := estoque_hoje();
    v_menos numeric := CASE WHEN p_entra THEN p_menos ELSE -p_menos END;
    v_mais numeric := CASE WHEN p_entra THEN p_mais ELSE -p_mais END;
    v_sai integer := _estoque_dia(p_de, p_entra, v_hoje);
    v_vem integer := _estoque_dia(p_para, p_entra, v_hoje);
    v_mudanca numeric[] := ARRAY[
        CASE WHEN v_vem <= 1 THEN v_mais ELSE 0 END - CASE WHEN v_sai <= 1 THEN v_menos ELSE 0 END,
        CASE WHEN v_vem <= 2 THEN v_mais ELSE 0 END - CASE WHEN v_sai <= 2 THEN v_menos ELSE 0 END,
        CASE WHEN v_vem <= 3 THEN v_mais ELSE 0 END - CASE WHEN v_sai <= 3 THEN v_menos ELSE 0 END,
        CASE WHEN v_vem <= 4 THEN v_mais ELSE 0 END - CASE WHEN v_sai <= 4 THEN v_menos ELSE 0 END,
        CASE WHEN v_vem <= 5 THEN v_mais ELSE 0 END - CASE WHEN v_sai <= 5 THEN v_menos ELSE 0 END,
        CASE WHEN v_vem <= 6 THEN v_mais ELSE 0 END - CASE WHEN v_sai <= 6 THEN v_menos ELSE 0 END,
        CASE WHEN v_vem <= 7 THEN v_mais ELSE 0 END - CASE WHEN v_sai <= 7 THEN v_menos ELSE 0 END,
        CASE WHEN v_vem <= 8 THEN v_mais ELSE 0 END - CASE WHEN v_sai <= 8 THEN v_menos ELSE 0 END];
    v_rompe boolean;
    v_nome text;
    v_renomear boolean;
    v_certo text;
BEGIN
    UPDATE estoque_tempo_real AS t
    SET liquidos = _estoque_liquidos(t.liquidos, v_mudanca),
        menor_estoque_d7 = t.saldo_atual + _estoque_liquido_menor(t.liquidos, v_mudanca),
        -- What time alone changes from then on; see _estoque_d7. What leaves may leave it too early.
        valido_ate = least(t.valido_ate, CASE WHEN p_mais = 0 THEN NULL
            WHEN p_para > v_hoje + 7 THEN p_para - 8
            WHEN p_entra AND p_para >= v_hoje THEN greatest(p_para - 1, v_hoje) END),
        atualizado_em = now()
    WHERE t.cod_produto = p_codigo
        -- In one piece, so that the code alone says by which index: see docs/decisoes/15.
        AND coalesce(t.valido_desde = v_hoje AND t.valido_ate >= v_hoje, false)
        AND t.recalculado_por IS DISTINCT FROM pg_current_xact_id()
    RETURNING t.menor_estoque_d7 < 0 OR t.dia_ruptura IS NOT NULL,
        t.nome_produto,
        coalesce(p_nome, '') <> '' AND (t.nome_produto IS NOT DISTINCT FROM p_nome) = p_saiu
    INTO v_rompe, v_nome, v_renomear;
    IF NOT FOUND THEN
        RETURN false;
    END IF;

    IF p_de = p_para THEN
        IF p_mais <> p_menos THEN
            PERFORM _estoque_prever(p_codigo, p_de, p_entra, p_mais - p_menos);
        END IF;
    ELSE
        IF p_menos <> 0 THEN
            PERFORM _estoque_prever(p_codigo, p_de, p_entra, -p_menos);
        END IF;
        IF p_mais <> 0 THEN
            PERFORM _estoque_prever(p_codigo, p_para, p_entra, p_mais);
        END IF;
    END IF;
    IF v_rompe THEN
        PERFORM _estoque_romper(ARRAY[p_codigo]);
    END IF;
    IF v_renomear THEN
        -- The row is locked: of names, what is committed by now is seen.
        v_certo := _estoque_nome(p_codigo);
        IF v_certo IS DISTINCT FROM v_nome THEN
            UPDATE estoque_tempo_real AS t SET nome_produto = v_certo WHERE t.cod_produto = p_codigo;
        END IF;
    END IF;
    RETURN true;
END
$body$;

REVOKE ALL ON FUNCTION
    _estoque_mover_documento(text, boolean, date, numeric, date, numeric, text, boolean) FROM PUBLIC;
COMMENT ON FUNCTION
    _estoque_mover_documento(text, boolean, date, numeric, date, numeric, text, boolean) IS
    'Moves one document in the forecast of its product; inner use.';
