-- Who looks after each of the products given, by the rules of their groups.
CREATE FUNCTION _estoque_responsaveis(p_produtos text[])
RETURNS TABLE (cod_produto text, responsavel text)
LANGUAGE plpgsql STABLE ROWS 100
SET search_path FROM CURRENT
SET plan_cache_mode = force_custom_plan
SET enable_seqscan = on
SET enable_nestloop = off
AS $body$
#variable_conflict use_column
DECLARE
    v_geral text := (SELECT r.responsavel FROM estoque_regra AS r WHERE r.cod_produto IS NULL);
BEGIN
    RETURN QUERY
    SELECT p.cod_produto, CASE WHEN r.cod_produto IS NULL THEN v_geral ELSE r.responsavel END
    FROM (SELECT DISTINCT x.codigo AS cod_produto, estoque_codigo(x.codigo) AS canonico
          FROM unnest(p_produtos) AS x (codigo)) AS p
    LEFT JOIN _estoque_regras() AS r ON r.cod_produto = p.canonico;
END
$body$;

REVOKE ALL ON FUNCTION _estoque_responsaveis(text[]) FROM PUBLIC;
COMMENT ON FUNCTION _estoque_responsaveis(text[]) IS
    'Who looks after each of the products given; inner use.';
