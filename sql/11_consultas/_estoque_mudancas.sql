-- Reads the changes of a simulation from JSON: a list of
--   {"acao": "somar", "codigo": text, "data": date, "entrada": number} (or "saida")
--   {"acao": "ignorar", filter}
--   {"acao": "adiar", "dias": whole number, filter} (negative: earlier), or "para": date, not before today
--   {"acao": "escalar", "fator": number >= 0, filter}
-- where a filter is one or more of "origem" (text), "ids" (texts or whole numbers, with "origem"),
-- "pedidos", "lotes", "linhas", "codigos" (lists of texts), "de", "ate" (dates, YYYY-MM-DD).
-- NULL and the empty list are no change. Raises 22023, naming the item, counted from 1, and the key.
CREATE FUNCTION _estoque_mudancas(p_mudancas jsonb) RETURNS SETOF _estoque_mudanca
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
SET enable_seqscan = off
AS $body$
DECLARE
    v_filtro text[] := '{origem,ids,pedidos,lotes,linhas,codigos,de,ate}'::text[];
    v_chaves jsonb := jsonb '{"somar": ["acao", "codigo", "data", "entrada", "saida"],'
        '"ignorar": ["acao"], "adiar": ["acao", "dias", "para"], "escalar": ["acao", "fator"]}';
    v_n integer;
    v_item jsonb;
    v_valor jsonb;
    v_chave text;
    v_numero numeric;
    m _estoque_mudanca;
BEGIN
    IF p_mudancas IS NULL OR p_mudancas = 'null' THEN
        RETURN;
    ELSIF jsonb_typeof(p_mudancas) <> 'array' THEN
        PERFORM _estoque_acusar('22023', 'mudancas', 'mudancas must be a list of changes, not %s',
            'Write [{"acao": ...}].', jsonb_typeof(p_mudancas));
    ELSIF jsonb_array_length(p_mudancas) > 1000 THEN
        PERFORM _estoque_acusar('22023', 'mudancas', 'mudancas has %s items; 1000 are the most',
            'One item reaches many documents by a filter.', jsonb_array_length(p_mudancas)::text);
    END IF;

    FOR v_n, v_item IN SELECT i.n::integer, i.item FROM jsonb_array_elements(p_mudancas)
                       WITH ORDINALITY AS i (item, n) ORDER BY i.n
    LOOP
        m := NULL;
        m.ordem := v_n;
        IF jsonb_typeof(v_item) <> 'object' THEN
            PERFORM _estoque_acusar('22023', 'mudancas', 'item %s of mudancas must be an object, not %s',
                'Write {"acao": ...}.', v_n::text, jsonb_typeof(v_item));
        END IF;
        m.acao := CASE WHEN jsonb_typeof(v_item -> 'acao') = 'string' THEN v_item ->> 'acao' END;
        IF m.acao IS NULL OR NOT v_chaves ? m.acao THEN
            PERFORM _estoque_acusar('22023', 'acao', 'item %s of mudancas: acao must be somar, ignorar,'
                ' adiar or escalar, not %s', 'Say with acao what is to be done.', v_n::text,
                coalesce((v_item -> 'acao')::text, 'missing'));
        END IF;
        SELECT k INTO v_chave FROM jsonb_object_keys(v_item) AS k
        WHERE NOT (v_chaves -> m.acao ? k OR m.acao <> 'somar' AND k = ANY (v_filtro))
        ORDER BY k LIMIT 1;
        IF FOUND THEN
            PERFORM _estoque_acusar('22023', v_chave, 'item %s of mudancas: %s knows no key %s',
                'Look for a slip in the spelling: an unknown key would change nothing.',
                v_n::text, m.acao, quote_literal(v_chave));
        END IF;

        IF m.acao = 'somar' THEN
            IF jsonb_typeof(v_item -> 'codigo') IS DISTINCT FROM 'string' THEN
                PERFORM _estoque_acusar('22023', 'codigo', 'item %s of mudancas: codigo must be a text,'
                    ' not %s', 'Name the product.', v_n::text,
                    coalesce((v_item -> 'codigo')::text, 'missing'));
            END IF;
            SELECT c.cod_produto INTO m.produto FROM estoque_codigo_conhecido AS c
            WHERE c.codigo = v_item ->> 'codigo';
            IF NOT FOUND THEN
                PERFORM _estoque_acusar('22023', 'codigo', 'item %s of mudancas: no source knows the'
                    ' codigo %s', 'Codes are text: ''0123'' and ''123'' are two products.', v_n::text,
                    quote_literal(v_item ->> 'codigo'));
            END IF;
            m.data := _estoque_data_da_mudanca(v_n, v_item, 'data');
            IF (v_item ? 'entrada') = (v_item ? 'saida') THEN
                PERFORM _estoque_acusar('22023', 'entrada', 'item %s of mudancas: somar takes either'
                    ' entrada or saida', 'Give one quantity, coming in or going out.', v_n::text);
            END IF;
            m.entrada := _estoque_numero_da_mudanca(v_n, v_item, 'entrada', true);
            m.saida := _estoque_numero_da_mudanca(v_n, v_item, 'saida', true);
            IF m.data IS NULL OR m.entrada IS NOT NULL AND m.data < estoque_hoje() THEN
                PERFORM _estoque_acusar('22023', 'data', 'item %s of mudancas: data must be a date, and'
                    ' that of an entry not before %s, not %s', 'An entry that is overdue does not count.',
                    v_n::text, estoque_hoje()::text, coalesce((v_item -> 'data')::text, 'missing'));
            END IF;
            RETURN NEXT m;
            CONTINUE;
        ELSIF NOT v_item ?| v_filtro THEN
            PERFORM _estoque_acusar('22023', 'mudancas', 'item %s of mudancas: %s has no filter',
                'Say which documents are meant: by origem, ids, pedidos, lotes, linhas, codigos, de'
                ' or ate.', v_n::text, m.acao);
        END IF;

        IF m.acao = 'adiar' THEN
            IF (v_item ? 'dias') = (v_item ? 'para') THEN
                PERFORM _estoque_acusar('22023', 'dias', 'item %s of mudancas: adiar takes either dias'
                    ' or para', 'Give the days to move by, or the date to move to.', v_n::text);
            END IF;
            v_numero := CASE WHEN jsonb_typeof(v_item -> 'dias') = 'number'
                THEN (v_item ->> 'dias')::numeric END;
            IF v_item ? 'dias' AND coalesce(v_numero <> trunc(v_numero) OR abs(v_numero) > 3650, true)
            THEN
                PERFORM _estoque_acusar('22023', 'dias', 'item %s of mudancas: dias must be a whole'
                    ' number of days, 3650 at most, not %s', 'Negative days lead to an earlier date.',
                    v_n::text, (v_item -> 'dias')::text);
            END IF;
            m.dias := v_numero::integer;
            m.para := _estoque_data_da_mudanca(v_n, v_item, 'para');
            IF m.para < estoque_hoje() THEN
                PERFORM _estoque_acusar('22023', 'para', 'item %s of mudancas: para may not lie before'
                    ' %s, as %s does', 'Nothing can be moved into the past.', v_n::text,
                    estoque_hoje()::text, m.para::text);
            END IF;
        ELSIF m.acao = 'escalar' THEN
            m.fator := _estoque_numero_da_mudanca(v_n, v_item, 'fator', false);
            IF m.fator IS NULL THEN
                PERFORM _estoque_acusar('22023', 'fator', 'item %s of mudancas: escalar takes a fator',
                    'Give what to multiply the quantities by: 0.5 halves them.', v_n::text);
            END IF;
        END IF;

        IF v_item ? 'origem' THEN
            m.origem := v_item ->> 'origem';
            IF NOT coalesce(m.origem IN (SELECT f.tabela FROM _estoque_filtros_das_fontes() AS f), false)
                OR jsonb_typeof(v_item -> 'origem') <> 'string'
            THEN
                PERFORM _estoque_acusar('22023', 'origem', 'item %s of mudancas: origem must be one of'
                    ' %s, not %s', 'Name the table that the documents stand in.', v_n::text,
                    (SELECT string_agg(f.tabela, ', ' ORDER BY f.tabela)
                     FROM _estoque_filtros_das_fontes() AS f), (v_item -> 'origem')::text);
            END IF;
        ELSIF v_item ? 'ids' THEN
            PERFORM _estoque_acusar('22023', 'ids', 'item %s of mudancas: ids need origem',
                'Name the table that the ids are of.', v_n::text);
        END IF;
        FOREACH v_chave IN ARRAY '{ids,pedidos,lotes,linhas,codigos}'::text[] LOOP
            v_valor := v_item -> v_chave;
            CONTINUE WHEN v_valor IS NULL;
            IF jsonb_typeof(v_valor) <> 'array' OR v_valor = '[]' OR EXISTS (
                SELECT FROM jsonb_array_elements(
                    CASE jsonb_typeof(v_valor) WHEN 'array' THEN v_valor ELSE '[]' END) AS e
                WHERE jsonb_typeof(e) <> 'string' AND NOT (v_chave = 'ids'
                    AND jsonb_typeof(e) = 'number' AND e::text ~ '^-?[0-9]+$'))
            THEN
                PERFORM _estoque_acusar('22023', v_chave, 'item %s of mudancas: %s must be a list of'
                    ' texts, not %s', 'Write ["..."], also for one; whole numbers are fine as ids.',
                    v_n::text, v_chave, left(v_valor::text, 200));
            END IF;
        END LOOP;
        m.ids := ARRAY(SELECT jsonb_array_elements_text(v_item -> 'ids'));
        m.pedidos := ARRAY(SELECT jsonb_array_elements_text(v_item -> 'pedidos'));
        m.lotes := ARRAY(SELECT jsonb_array_elements_text(v_item -> 'lotes'));
        m.linhas := ARRAY(SELECT jsonb_array_elements_text(v_item -> 'linhas'));
        m.produtos := ARRAY(
            SELECT DISTINCT c.cod_produto FROM estoque_codigo_conhecido AS c
            WHERE c.codigo = ANY (ARRAY(SELECT jsonb_array_elements_text(v_item -> 'codigos'))));
        -- No list is no condition; a list that no document meets is one.
        m.ids := CASE WHEN v_item ? 'ids' THEN m.ids END;
        m.pedidos := CASE WHEN v_item ? 'pedidos' THEN m.pedidos END;
        m.lotes := CASE WHEN v_item ? 'lotes' THEN m.lotes END;
        m.linhas := CASE WHEN v_item ? 'linhas' THEN m.linhas END;
        m.produtos := CASE WHEN v_item ? 'codigos' THEN m.produtos END;
        m.de := _estoque_data_da_mudanca(v_n, v_item, 'de');
        m.ate := _estoque_data_da_mudanca(v_n, v_item, 'ate');
        RETURN NEXT m;
    END LOOP;
END
$body$;

GRANT EXECUTE ON FUNCTION _estoque_mudancas(jsonb) TO PUBLIC;
COMMENT ON FUNCTION _estoque_mudancas(jsonb) IS
    'The changes of a simulation, read from JSON and checked; inner use.';
