-- The types that a column of a source may have, by what is kept in it: see
-- _estoque_colunas_das_fontes. real is not among the quantities: it holds six digits.
CREATE FUNCTION _estoque_tipos_aceitos() RETURNS TABLE (tipos text, tipo text)
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    VALUES
        ('texto', 'text'), ('texto', 'varchar'), ('texto', 'bpchar'),
        ('codigo', 'text'), ('codigo', 'varchar'), ('codigo', 'bpchar'),
        ('codigo', 'int2'), ('codigo', 'int4'), ('codigo', 'int8'),
        ('quantidade', 'numeric'), ('quantidade', 'float8'),
        ('quantidade', 'int2'), ('quantidade', 'int4'), ('quantidade', 'int8'),
        ('data', 'date'), ('data', 'timestamp'),
        ('momento', 'date'), ('momento', 'timestamp'), ('momento', 'timestamptz'),
        ('logico', 'bool');
END;

GRANT EXECUTE ON FUNCTION _estoque_tipos_aceitos() TO PUBLIC;
COMMENT ON FUNCTION _estoque_tipos_aceitos() IS
    'The types that the columns of a source may have; inner use.';
