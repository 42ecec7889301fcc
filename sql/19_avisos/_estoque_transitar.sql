-- Writes transitions, with the cause of each, and returns the id of the first. Of many at once, such as
-- orders loaded in the night, no cause is looked for: it would take milliseconds of each.
CREATE FUNCTION _estoque_transitar(p_transicoes estoque_transicao[]) RETURNS bigint
LANGUAGE plpgsql VOLATILE
AS $body$
DECLARE
    v_primeira bigint;
BEGIN
    WITH escrita AS (
        INSERT INTO estoque_transicao (cod_produto, sequencia, tipo, em, dia, nome_produto, dia_antes,
            dia_depois, falta_antes, falta_depois, causa)
        SELECT t.cod_produto, t.sequencia, t.tipo, t.em, t.dia, t.nome_produto, t.dia_antes,
            t.dia_depois, t.falta_antes, t.falta_depois,
            CASE WHEN cardinality(p_transicoes) <= 500 THEN _estoque_causa(t) END
        FROM unnest(p_transicoes) AS t
        ORDER BY t.cod_produto, t.sequencia
        RETURNING id
    )
    SELECT min(e.id) INTO v_primeira FROM escrita AS e;
    RETURN v_primeira;
END
$body$;

REVOKE ALL ON FUNCTION _estoque_transitar(estoque_transicao[]) FROM PUBLIC;
COMMENT ON FUNCTION _estoque_transitar(estoque_transicao[]) IS
    'Writes transitions with their causes; the first id; inner use.';
