-- The business date: the only place that knows the time zone. Replace it to move the whole system's day.
CREATE FUNCTION estoque_hoje() RETURNS date
LANGUAGE sql STABLE PARALLEL SAFE
RETURN (now() AT TIME ZONE 'America/Sao_Paulo')::date;

GRANT EXECUTE ON FUNCTION estoque_hoje() TO PUBLIC;
COMMENT ON FUNCTION estoque_hoje() IS
    'Business date at the start of the transaction, in America/Sao_Paulo whatever the session says.';
