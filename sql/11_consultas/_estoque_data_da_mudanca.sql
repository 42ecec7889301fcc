-- The date under a key of a change of a simulation, written YYYY-MM-DD whatever the DateStyle; NULL where
-- the key is missing. Raises 22023, naming item and key.
CREATE FUNCTION _estoque_data_da_mudanca(p_ordem integer, p_item jsonb, p_chave text) RETURNS date
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
AS $body$
DECLARE
    v_texto text := p_item ->> p_chave;
    v_partes text[];
BEGIN
    IF NOT p_item ? p_chave THEN
        RETURN NULL;
    END IF;
    v_partes := CASE WHEN jsonb_typeof(p_item -> p_chave) = 'string'
        THEN regexp_match(v_texto, '^([0-9]{4})-(0[1-9]|1[0-2])-([0-2][0-9]|3[01])$') END;
    IF v_partes IS NOT NULL AND v_partes[1] > '0000' AND v_partes[3]::integer BETWEEN 1 AND extract(
        day FROM make_date(v_partes[1]::integer, v_partes[2]::integer, 1) + interval '1 month -1 day')
    THEN
        RETURN make_date(v_partes[1]::integer, v_partes[2]::integer, v_partes[3]::integer);
    END IF;
    PERFORM _estoque_acusar('22023', p_chave,
        'item %s of mudancas: %s must be a date written YYYY-MM-DD, not %s',
        'Write "2026-12-01" for the first of December 2026.', p_ordem::text, p_chave,
        (p_item -> p_chave)::text);
    RETURN NULL;
END
$body$;

GRANT EXECUTE ON FUNCTION _estoque_data_da_mudanca(integer, jsonb, text) TO PUBLIC;
COMMENT ON FUNCTION _estoque_data_da_mudanca(integer, jsonb, text) IS
    'The date under a key of a change of a simulation; inner use.';
