-- Lays down what is given of a product's rule, under the code given, or of the row that holds for all
-- others (codigo NULL), and returns the rule in force then, as estoque_regra_vigente does. What is NULL
-- stays as it was; limpar names the fields to be taken back, and a rule that lays nothing down any more is
-- removed. No row, and nothing done, for a code that no source knows. Needs the right to write
-- estoque_regra.
-- Raises 22023 for what is negative or too large, and for a name in limpar that is no field.
CREATE FUNCTION estoque_definir_regra(
    codigo text, OUT cod_produto text, INOUT minimo numeric DEFAULT NULL,
    INOUT prazo_reposicao integer DEFAULT NULL, INOUT tolerancia numeric DEFAULT NULL,
    INOUT responsavel text DEFAULT NULL, limpar text[] DEFAULT '{}'
)
RETURNS SETOF record
LANGUAGE plpgsql VOLATILE ROWS 1
SET search_path FROM CURRENT
SET plan_cache_mode = force_custom_plan
SET enable_seqscan = off
AS $body$
#variable_conflict use_column
DECLARE
    v_estranho text;
BEGIN
    limpar := coalesce(limpar, '{}');
    IF NOT (minimo >= 0 AND _estoque_cabe(minimo)) THEN
        PERFORM _estoque_acusar('22023', 'minimo', 'minimo must be from 0 to 999999999999.999, not %s',
            'Give the safety stock in the product''s unit.', minimo::text);
    ELSIF NOT (tolerancia >= 0 AND _estoque_cabe(tolerancia)) THEN
        PERFORM _estoque_acusar('22023', 'tolerancia',
            'tolerancia must be from 0 to 999999999999.999, not %s',
            'Give the shortage that is none yet in the product''s unit.', tolerancia::text);
    ELSIF prazo_reposicao NOT BETWEEN 0 AND 3650 THEN
        PERFORM _estoque_acusar('22023', 'prazo_reposicao',
            'prazo_reposicao must be from 0 to 3650, not %s',
            'Give the lead time of replenishment in days.', prazo_reposicao::text);
    END IF;
    SELECT c.nome INTO v_estranho
    FROM unnest(limpar) AS c (nome)
    WHERE c.nome IS NULL OR c.nome <> ALL ('{minimo,prazo_reposicao,tolerancia,responsavel}')
    LIMIT 1;
    IF FOUND THEN
        PERFORM _estoque_acusar('22023', 'limpar', 'a rule has no field %s',
            'Fields are minimo, prazo_reposicao, tolerancia, responsavel.',
            coalesce(v_estranho, 'NULL'));
    END IF;
    IF codigo IS NOT NULL AND NOT EXISTS (SELECT FROM estoque_codigo_conhecido AS k
                                          WHERE k.codigo = estoque_definir_regra.codigo) THEN
        RETURN;
    END IF;

    LOOP
        INSERT INTO estoque_regra AS r (cod_produto) VALUES (codigo) ON CONFLICT DO NOTHING;
        UPDATE estoque_regra AS r
        SET minimo = CASE WHEN 'minimo' <> ALL (limpar)
                THEN coalesce(estoque_definir_regra.minimo, r.minimo) END,
            prazo_reposicao = CASE WHEN 'prazo_reposicao' <> ALL (limpar)
                THEN coalesce(estoque_definir_regra.prazo_reposicao, r.prazo_reposicao) END,
            tolerancia = CASE WHEN 'tolerancia' <> ALL (limpar)
                THEN coalesce(estoque_definir_regra.tolerancia, r.tolerancia) END,
            responsavel = CASE WHEN 'responsavel' <> ALL (limpar)
                THEN coalesce(estoque_definir_regra.responsavel, r.responsavel) END
        WHERE r.cod_produto = estoque_definir_regra.codigo
            OR estoque_definir_regra.codigo IS NULL AND r.cod_produto IS NULL;
        EXIT WHEN FOUND;  -- else another session removed the row that was in the way
    END LOOP;
    DELETE FROM estoque_regra AS r
    WHERE (r.cod_produto = estoque_definir_regra.codigo
           OR estoque_definir_regra.codigo IS NULL AND r.cod_produto IS NULL)
        AND r.minimo IS NULL AND r.prazo_reposicao IS NULL AND r.tolerancia IS NULL
        AND r.responsavel IS NULL;
    RETURN QUERY SELECT v.* FROM estoque_regra_vigente(codigo) AS v;
END
$body$;

REVOKE ALL ON FUNCTION
    estoque_definir_regra(text, numeric, integer, numeric, text, text[]) FROM PUBLIC;
COMMENT ON FUNCTION estoque_definir_regra(text, numeric, integer, numeric, text, text[]) IS
    'Sets or clears fields of a product''s rule (NULL: of the general one); returns the rule in force.';
