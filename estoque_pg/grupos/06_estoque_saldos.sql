-- What each company has of the codes given (NULL: of every code it knows), by code, then company.
-- Codes that a company does not know have no row of it. In front a row for each company that did
-- not answer.
CREATE OR REPLACE FUNCTION estoque_saldos(codigos text[])
RETURNS TABLE (
    empresa text, codigo_consultado text, cod_produto text, nome_produto text,
    estoque_atual numeric, menor_estoque_d7 numeric, dia_ruptura date, fora text, erro text
)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path FROM CURRENT
AS $body$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    WITH r AS MATERIALIZED (
        SELECT p.* FROM _estoque_perguntar(
            CASE WHEN codigos IS NULL
                THEN 'SELECT codigo, cod_produto, nome_produto, saldo_atual, menor_estoque_d7,'
                    ' dia_ruptura FROM '
                ELSE 'SELECT codigo_consultado, cod_produto, nome_produto, estoque_atual,'
                    ' menor_estoque_d7, dia_ruptura FROM ' END,
            CASE WHEN codigos IS NULL THEN '.estoque_por_codigo'
                ELSE format('.estoque_consultar(%L::text[])', codigos) END,
            'codigo_consultado text, cod_produto text, nome_produto text, estoque_atual numeric,'
            ' menor_estoque_d7 numeric, dia_ruptura date'
        ) AS p (
            empresa text, codigo_consultado text, cod_produto text, nome_produto text,
            estoque_atual numeric, menor_estoque_d7 numeric, dia_ruptura date, fora text, erro text)
    )
    SELECT r.* FROM r
    WHERE r.fora IS NOT NULL
        OR r.empresa <> ALL (ARRAY(SELECT f.empresa FROM r AS f WHERE f.fora IS NOT NULL))
    ORDER BY r.fora IS NULL, r.codigo_consultado, r.empresa;
END
$body$;

REVOKE ALL ON FUNCTION estoque_saldos(text[]) FROM PUBLIC;
COMMENT ON FUNCTION estoque_saldos(text[]) IS
    'What each company of the group has of the codes; a row with fora for each that is away.';

CREATE OR REPLACE VIEW estoque_por_codigo AS SELECT * FROM estoque_saldos(NULL);
REVOKE ALL ON estoque_por_codigo FROM PUBLIC;
COMMENT ON VIEW estoque_por_codigo IS 'What each company of the group has, by every code it knows.';
