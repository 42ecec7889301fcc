-- The triggers on the sources, and on the partitions they have.
DO $body$
BEGIN
    PERFORM _estoque_vigiar();
END
$body$;
