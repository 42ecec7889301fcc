-- The number under a key of a change of a simulation: a quantity, above zero when rounded to 3 decimals
-- as it is counted, or a factor, zero or more; NULL where the key is missing. Raises 22023, naming item
-- and key.
CREATE FUNCTION _estoque_numero_da_mudanca(
    p_ordem integer, p_item jsonb, p_chave text, p_quantidade boolean
) RETURNS numeric
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path FROM CURRENT
AS $body$
DECLARE
    v_numero numeric;
BEGIN
    IF NOT p_item ? p_chave THEN
        RETURN NULL;
    END IF;
    v_numero := CASE WHEN jsonb_typeof(p_item -> p_chave) = 'number'
        THEN (p_item ->> p_chave)::numeric END;
    IF v_numero IS NULL OR NOT _estoque_cabe(v_numero)
        OR (CASE WHEN p_quantidade THEN round(v_numero, 3) <= 0 ELSE v_numero < 0 END)
    THEN
        PERFORM _estoque_acusar('22023', p_chave, CASE WHEN p_quantidade
            THEN 'item %s of mudancas: %s must be a number above zero, not %s'
            ELSE 'item %s of mudancas: %s must be a number, zero or more, not %s' END,
            'Write it without quotes, with a decimal point.', p_ordem::text, p_chave,
            left((p_item -> p_chave)::text, 200));
    END IF;
    RETURN CASE WHEN p_quantidade THEN round(v_numero, 3) ELSE v_numero END;
END
$body$;

GRANT EXECUTE ON FUNCTION _estoque_numero_da_mudanca(integer, jsonb, text, boolean) TO PUBLIC;
COMMENT ON FUNCTION _estoque_numero_da_mudanca(integer, jsonb, text, boolean) IS
    'The number under a key of a change of a simulation; inner use.';
