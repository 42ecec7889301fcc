-- From here to the commit nobody writes to the sources. At an upgrade this runs before the migrations
-- too: who holds a source and waits for a table of ours must not meet who does the opposite.
SELECT _estoque_travar_fontes();
