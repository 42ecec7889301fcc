-- The codes that tables concern, which are sources, partitions or children of one: those they
-- mention, or, for shipment items, those of the separations of their lots.
CREATE FUNCTION _estoque_codigos(p_tabelas regclass[]) RETURNS SETOF text
LANGUAGE plpgsql STABLE
AS $body$
DECLARE
    v_tabela regclass;
BEGIN
    FOREACH v_tabela IN ARRAY coalesce(p_tabelas, '{}') LOOP
        RETURN QUERY EXECUTE format(
            CASE
                WHEN _estoque_pertence(v_tabela, 'embarque_itens') THEN
                    'SELECT s.cod_produto::text FROM separacao AS s WHERE s.cod_produto IS NOT NULL'
                    ' AND s.separacao_lote_id IN (SELECT f.separacao_lote_id FROM %s AS f)'
                    ' GROUP BY s.cod_produto'
                WHEN _estoque_pertence(v_tabela, 'unificacao_codigos') THEN
                    'SELECT f.codigo_origem::text FROM %1$s AS f WHERE f.codigo_origem IS NOT NULL'
                    ' UNION SELECT f.codigo_destino::text FROM %1$s AS f'
                    ' WHERE f.codigo_destino IS NOT NULL'
                ELSE
                    'SELECT f.cod_produto::text FROM %s AS f WHERE f.cod_produto IS NOT NULL'
                    ' GROUP BY f.cod_produto'
            END, v_tabela);
    END LOOP;
END
$body$;

REVOKE ALL ON FUNCTION _estoque_codigos(regclass[]) FROM PUBLIC;
COMMENT ON FUNCTION _estoque_codigos(regclass[]) IS
    'Codes that source tables or their partitions concern; inner use.';
