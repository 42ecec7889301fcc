-- estoque_disponibilidade for a double precision, which PostgreSQL turns into a numeric only where it
-- is told to. The quantity is read to 15 significant digits, so that 0.1 is 0.1. Literals without a
-- type and integers come here too: of two types that would do, PostgreSQL prefers this one.
-- Raises as that one does.
CREATE FUNCTION estoque_disponibilidade(
    codigo text, quantidade double precision, dias integer DEFAULT 28
)
RETURNS TABLE (data_disponivel date, quantidade_disponivel numeric)
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $body$
BEGIN
    RETURN QUERY SELECT d.* FROM estoque_disponibilidade(codigo, quantidade::numeric, dias) AS d;
END
$body$;

GRANT EXECUTE ON FUNCTION estoque_disponibilidade(text, double precision, integer) TO PUBLIC;
COMMENT ON FUNCTION estoque_disponibilidade(text, double precision, integer) IS
    'Earliest safe day for a quantity and how much can be promised on it; NULLs when there is none.';
