-- The last acts: no rights but those written beside each object, and what is ours remembered as it is
-- now.
SELECT _estoque_limitar_direitos(%(antes)s::jsonb);
SELECT _estoque_assinar();
