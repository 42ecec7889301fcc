-- Before anything is locked or built: what is wrong with the rows is known here, at no one's cost.
-- Up to this point an installation can be rehearsed beside writers and rolled back.
DO $body$
BEGIN
    PERFORM _estoque_conferir_linhas();
END
$body$;

-- end of the rehearsal
