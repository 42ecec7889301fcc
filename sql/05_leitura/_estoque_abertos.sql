-- The open documents of canonical products, by the mapping that the rebuild reads. Those older than 30
-- days are left out but for the days on which the forecast still counts one: however long the history of
-- a product is, it is not looked through. p_antigos asks for all of them nevertheless.
CREATE FUNCTION _estoque_abertos(p_produtos text[], p_antigos boolean DEFAULT false)
RETURNS SETOF _estoque_aberto
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off
SET enable_nestloop = on
SET jit = off
AS $body$
DECLARE
    v_desde date := estoque_hoje() - 30;
    v_codigos text[] := _estoque_membros(p_produtos);  -- once, not in each source's condition
    -- Ids are in the order of their own type: 9 before 10, as texts the other way round.
    v_numeradas text[] := ARRAY(
        SELECT f.tabela FROM _estoque_fontes() AS f
        JOIN pg_attribute AS a ON a.attrelid = to_regclass(f.tabela) AND a.attname = 'id'
        WHERE a.atttypid = ANY ('{smallint,integer,bigint,numeric}'::regtype[]));
    v_dias date[] := ARRAY(
        SELECT DISTINCT m.data_prevista FROM movimentacao_prevista AS m
        WHERE m.cod_produto = ANY (p_produtos) AND m.data_prevista < v_desde
            AND m.saida_prevista <> 0);
BEGIN
    RETURN QUERY
    SELECT k.cod_produto, f.codigo, f.origem, f.id,
        CASE WHEN f.origem = ANY (v_numeradas) THEN f.id::numeric END,
        f.documento, f.lote, f.data, f.entra, _estoque_quantidade(f.quantidade), f.faturado
    FROM _estoque_contribuicoes(v_codigos, false, 'previsao') AS f
    CROSS JOIN LATERAL (
        SELECT c.cod_produto FROM estoque_codigo_conhecido AS c WHERE c.codigo = f.codigo OFFSET 0
    ) AS k
    WHERE (f.data >= v_desde OR f.data IS NULL OR p_antigos OR f.data = ANY (v_dias)) AND f.aberto;
END
$body$;

REVOKE ALL ON FUNCTION _estoque_abertos(text[], boolean) FROM PUBLIC;
COMMENT ON FUNCTION _estoque_abertos(text[], boolean) IS
    'The open documents of canonical products; inner use.';
