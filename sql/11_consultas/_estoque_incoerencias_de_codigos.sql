-- Codes that are equal but for blanks, leading zeros or capitals, and belong to different products: a
-- row for each set of such codes, under the first of its products.
CREATE FUNCTION _estoque_incoerencias_de_codigos() RETURNS SETOF _estoque_incoerencia
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
SET enable_nestloop = off
AS $body$
BEGIN
    RETURN QUERY
    WITH codigo AS MATERIALIZED (
        SELECT c.codigo, c.cod_produto, ltrim(translate(lower(c.codigo), E' \t\n\r', ''), '0') AS chave
        FROM estoque_codigo_conhecido AS c
    )
    SELECT 'codigos parecidos', min(c.cod_produto),
        _estoque_citados('estoque_codigo_conhecido', array_agg(c.codigo ORDER BY c.codigo)),
        NULL::date, NULL::numeric, 'unificar_codigos'
    FROM codigo AS c
    JOIN (
        SELECT p.chave FROM codigo AS p
        GROUP BY p.chave HAVING min(p.cod_produto) <> max(p.cod_produto)
    ) AS p ON p.chave = c.chave
    GROUP BY c.chave;
END
$body$;

REVOKE ALL ON FUNCTION _estoque_incoerencias_de_codigos() FROM PUBLIC;
COMMENT ON FUNCTION _estoque_incoerencias_de_codigos() IS
    'Codes that look alike and are not unified; inner use.';
