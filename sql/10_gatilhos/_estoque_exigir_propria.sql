-- Refuses a statement on a table that bears a trigger of ours and is no source of this schema, nor a
-- partition or child of one: a copy, an archive, a table of another installation. Counting it would
-- move numbers that are not its own, and to pass over it in silence would hide a source that is not
-- counted. NULL in p_fonte stands for any source. Raises EP007.
CREATE FUNCTION _estoque_exigir_propria(p_relacao oid, p_fonte text) RETURNS void
LANGUAGE plpgsql STABLE
AS $body$
DECLARE
    v_gatilhos text;
    v_modelo text;
    v_dica CONSTANT text := 'Nothing of this statement was kept. `estoque vigiar` in the schema of its'
        ' functions takes them off, and so does: %s';
    v_valores text[];
BEGIN
    IF p_fonte IS NOT NULL AND _estoque_pertence(p_relacao, p_fonte) THEN
        RETURN;
    ELSIF p_fonte IS NULL AND EXISTS (
        SELECT FROM _estoque_fontes() AS f WHERE _estoque_pertence(p_relacao, f.tabela))
    THEN
        RETURN;
    END IF;
    SELECT string_agg(format('DROP TRIGGER %I ON %s;', t.tgname, t.tgrelid::regclass), ' '
        ORDER BY t.tgname)
    INTO v_gatilhos
    FROM pg_trigger AS t
    JOIN pg_proc AS p ON p.oid = t.tgfoid
    WHERE t.tgrelid = p_relacao AND p.proname LIKE E'\\_estoque\\_gatilho\\_%';
    v_modelo := CASE WHEN current_schema() IS NULL
        THEN 'table %s of schema %s bears triggers that count for schema that is gone, or was renamed'
        ELSE 'table %s of schema %s bears triggers that count for schema %s' END;
    v_valores := ARRAY[p_relacao::regclass::text,
        (SELECT c.relnamespace::regnamespace::text FROM pg_class AS c WHERE c.oid = p_relacao),
        quote_ident(current_schema())];
    RAISE EXCEPTION USING
        ERRCODE = 'EP007',
        MESSAGE = format(v_modelo, VARIADIC v_valores),
        HINT = format(v_dica, v_gatilhos),
        CONSTRAINT = v_modelo,
        DATATYPE = json_build_object('valores', v_valores,
            'dica', json_build_array(v_dica, v_gatilhos))::text;
END
$body$;

REVOKE ALL ON FUNCTION _estoque_exigir_propria(oid, text) FROM PUBLIC;
COMMENT ON FUNCTION _estoque_exigir_propria(oid, text) IS
    'Raises EP007 for a table that is no source of this schema; inner use.';
