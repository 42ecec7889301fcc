-- The last act: remembers the functions as they are now. Later migrations do it again at their end.
DO $body$
BEGIN
    PERFORM _estoque_assinar();
END
$body$;
