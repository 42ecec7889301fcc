-- Writers go on: what they change meanwhile is noted.
SELECT _estoque_carregar();
