-- Indexes and triggers where they are missing, and exact numbers.
SELECT _estoque_indexar_fontes();
SELECT _estoque_vigiar();
SELECT _estoque_carregar();
