-- The figures of each company's stock, a row each; of one that did not answer fora and erro alone.
CREATE OR REPLACE FUNCTION estoque_estatisticas()
RETURNS TABLE (
    empresa text, total_produtos bigint, produtos_com_ruptura bigint,
    produtos_estoque_negativo bigint, produtos_estoque_zerado bigint,
    movimentacoes_previstas_7d bigint, percentual_ruptura numeric, fora text, erro text
)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path FROM CURRENT
AS $body$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    WITH r AS MATERIALIZED (
        SELECT p.* FROM _estoque_perguntar(
            'SELECT total_produtos, produtos_com_ruptura, produtos_estoque_negativo,'
            ' produtos_estoque_zerado, movimentacoes_previstas_7d, percentual_ruptura FROM ',
            '.estoque_estatisticas()',
            'total_produtos bigint, produtos_com_ruptura bigint, produtos_estoque_negativo bigint,'
            ' produtos_estoque_zerado bigint, movimentacoes_previstas_7d bigint,'
            ' percentual_ruptura numeric'
        ) AS p (
            empresa text, total_produtos bigint, produtos_com_ruptura bigint,
            produtos_estoque_negativo bigint, produtos_estoque_zerado bigint,
            movimentacoes_previstas_7d bigint, percentual_ruptura numeric, fora text, erro text)
    )
    SELECT r.* FROM r
    WHERE r.fora IS NOT NULL
        OR r.empresa <> ALL (ARRAY(SELECT f.empresa FROM r AS f WHERE f.fora IS NOT NULL))
    ORDER BY r.empresa;
END
$body$;

REVOKE ALL ON FUNCTION estoque_estatisticas() FROM PUBLIC;
COMMENT ON FUNCTION estoque_estatisticas() IS
    'The figures of each company of the group; fora tells why one is away.';

CREATE OR REPLACE VIEW estatisticas AS SELECT * FROM estoque_estatisticas();
REVOKE ALL ON estatisticas FROM PUBLIC;
COMMENT ON VIEW estatisticas IS 'The figures of each company of the group.';
