-- The last acts: no rights but those written beside each object, and our functions remembered as they
-- are now.
SELECT _estoque_limitar_direitos(%(antes)s::jsonb);
SELECT _estoque_assinar();
