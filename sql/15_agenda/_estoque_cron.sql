-- What the minute job is called in pg_cron, when it runs and what it does; the database pg_cron sits
-- in (NULL where the server has not loaded it, or the caller may not know); whether that is this one.
-- The name is unique per database and schema, and fits pg_cron's 63 bytes.
CREATE FUNCTION _estoque_cron(
    OUT nome text, OUT horario text, OUT comando text, OUT banco text,
    OUT banco_do_cron text, OUT aqui boolean
)
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $body$
BEGIN
    banco := current_database()::text;
    nome := format('estoque %I.%I', banco, current_schema());
    IF octet_length(nome) > 63 THEN
        nome := 'estoque ' || md5(nome);
    END IF;
    horario := '* * * * *';
    comando := format('SELECT %I.estoque_minuto()', current_schema());
    aqui := EXISTS (SELECT FROM pg_extension AS e WHERE e.extname = 'pg_cron');
    BEGIN
        banco_do_cron := current_setting('cron.database_name', true);
    EXCEPTION WHEN insufficient_privilege THEN
        banco_do_cron := NULL;
    END;
END
$body$;

GRANT EXECUTE ON FUNCTION _estoque_cron() TO PUBLIC;
COMMENT ON FUNCTION _estoque_cron() IS
    'The minute job as pg_cron knows it, and where pg_cron is; inner use.';
