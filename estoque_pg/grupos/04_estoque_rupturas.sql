-- What runs out in any company within today and so many days, soonest first. In front of all a row
-- for each company that did not answer, with fora and erro and nothing else.
CREATE OR REPLACE FUNCTION estoque_rupturas(dias integer DEFAULT 7)
RETURNS TABLE (
    empresa text, cod_produto text, nome_produto text, estoque_atual numeric,
    menor_estoque_d7 numeric, dia_ruptura date, dias_ate_ruptura integer, falta numeric,
    fim_ruptura date, fora text, erro text
)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path FROM CURRENT
AS $body$
#variable_conflict use_column
BEGIN
    IF dias IS NULL OR dias < 0 THEN
        RAISE EXCEPTION USING ERRCODE = '22023',
            MESSAGE = format('dias must be zero or more, not %s', coalesce(dias::text, 'NULL')),
            HINT = 'Give the number of days from today.', COLUMN = 'dias',
            CONSTRAINT = 'dias must be zero or more, not %s',
            DATATYPE = to_json(ARRAY[coalesce(dias::text, 'NULL')])::text;
    END IF;
    RETURN QUERY
    WITH r AS MATERIALIZED (
        SELECT p.* FROM _estoque_perguntar(
            'SELECT cod_produto, nome_produto, estoque_atual, menor_estoque_d7, dia_ruptura,'
            ' dias_ate_ruptura, falta, fim_ruptura FROM ',
            format('.estoque_rupturas(%s)', dias),
            'cod_produto text, nome_produto text, estoque_atual numeric, menor_estoque_d7 numeric,'
            ' dia_ruptura date, dias_ate_ruptura integer, falta numeric, fim_ruptura date'
        ) AS p (
            empresa text, cod_produto text, nome_produto text, estoque_atual numeric,
            menor_estoque_d7 numeric, dia_ruptura date, dias_ate_ruptura integer, falta numeric,
            fim_ruptura date, fora text, erro text)
    )
    SELECT r.* FROM r
    WHERE r.fora IS NOT NULL
        OR r.empresa <> ALL (ARRAY(SELECT f.empresa FROM r AS f WHERE f.fora IS NOT NULL))
    ORDER BY r.fora IS NULL, r.dia_ruptura, r.empresa, r.cod_produto;
END
$body$;

REVOKE ALL ON FUNCTION estoque_rupturas(integer) FROM PUBLIC;
COMMENT ON FUNCTION estoque_rupturas(integer) IS
    'Products that run out in any company of the group; a row with fora for each that is away.';

CREATE OR REPLACE VIEW rupturas AS SELECT * FROM estoque_rupturas(7);
REVOKE ALL ON rupturas FROM PUBLIC;
COMMENT ON VIEW rupturas IS 'What runs out within seven days in any company of the group.';
