-- Tells in a notice that the filter of an item of mudancas met no document; its fields as those of the
-- errors of _estoque_acusar. False, so that a condition leaves the row of the notice out.
CREATE FUNCTION _estoque_avisar(p_item integer) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
AS $body$
BEGIN
    RAISE NOTICE USING
        MESSAGE = format('item %s of mudancas meets no open document', p_item),
        COLUMN = 'mudancas', CONSTRAINT = 'item %s of mudancas meets no open document',
        DATATYPE = to_json(ARRAY[p_item::text])::text;
    RETURN false;
END
$body$;

GRANT EXECUTE ON FUNCTION _estoque_avisar(integer) TO PUBLIC;
COMMENT ON FUNCTION _estoque_avisar(integer) IS
    'Notice that a filter of a simulation met nothing; inner use.';
