-- Raises an error whose parts can be read one by one: the message is p_modelo with the values put in for
-- each %s, and both stand in fields of their own, from which a program can say it in another language:
-- CONSTRAINT has the model, DATATYPE the values as a JSON array of texts, COLUMN the argument meant.
CREATE FUNCTION _estoque_acusar(
    p_estado text, p_campo text, p_modelo text, p_dica text, VARIADIC p_valores text[] DEFAULT '{}'
) RETURNS void
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
AS $body$
BEGIN
    RAISE EXCEPTION USING ERRCODE = p_estado,
        MESSAGE = format(p_modelo, VARIADIC p_valores),
        HINT = p_dica,
        COLUMN = p_campo, CONSTRAINT = p_modelo, DATATYPE = to_json(p_valores)::text;
END
$body$;

GRANT EXECUTE ON FUNCTION _estoque_acusar(text, text, text, text, text[]) TO PUBLIC;
COMMENT ON FUNCTION _estoque_acusar(text, text, text, text, text[]) IS
    'Raises an error, its message''s model and values in fields of their own; inner use.';
