-- Codes that are equal but for blanks, leading zeros or capitals, and belong to different products: a
-- row for each set of such codes, under the first of its products.
CREATE FUNCTION _estoque_incoerencias_de_codigos() RETURNS SETOF _estoque_incoerencia
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
SET enable_nestloop = off
AS $body$
BEGIN
    RETURN QUERY
    SELECT 'codigos parecidos', min(c.cod_produto),
        _estoque_citados('estoque_codigo_conhecido', array_agg(c.codigo ORDER BY c.codigo)),
        NULL::date, NULL::numeric, 'unificar_codigos'
    FROM estoque_codigo_conhecido AS c
    GROUP BY ltrim(translate(lower(c.codigo), E' \t\n\r', ''), '0')
    HAVING count(*) > 1 AND min(c.cod_produto) <> max(c.cod_produto);
END
$body$;

REVOKE ALL ON FUNCTION _estoque_incoerencias_de_codigos() FROM PUBLIC;
COMMENT ON FUNCTION _estoque_incoerencias_de_codigos() IS
    'Codes that look alike and are not unified; inner use.';
