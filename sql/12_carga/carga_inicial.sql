-- Fills the result tables from what the sources already hold. Creating the triggers has locked the
-- sources against writers until commit, so what is filled is exact when they go on.
DO $body$
BEGIN
    PERFORM _estoque_reconstruir_tudo();
END
$body$;
