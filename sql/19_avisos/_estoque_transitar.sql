-- Writes transitions, with the cause of each, and returns the id of the first. Of many at once, such as
-- orders loaded in the night, no cause is looked for: it would take milliseconds of each.
CREATE FUNCTION _estoque_transitar(p_transicoes estoque_transicao[]) RETURNS bigint
LANGUAGE plpgsql VOLATILE
AS $body$
DECLARE
    v_ultima bigint;
    v_escritas estoque_transicao[];
BEGIN
    IF coalesce(cardinality(p_transicoes), 0) = 0 THEN
        RETURN NULL;
    END IF;
    v_ultima := _estoque_numerar('transicoes', cardinality(p_transicoes));
    v_escritas := ARRAY(
        SELECT ROW(v_ultima + row_number() OVER (ORDER BY t.cod_produto, t.sequencia),
            t.cod_produto, t.sequencia, t.tipo, t.em, t.dia, t.nome_produto, t.dia_antes,
            t.dia_depois, t.falta_antes, t.falta_depois,
            CASE WHEN cardinality(p_transicoes) <= 500 THEN _estoque_causa(t) END)::estoque_transicao
        FROM unnest(p_transicoes) AS t
        ORDER BY t.cod_produto, t.sequencia);
    INSERT INTO estoque_transicao SELECT t.* FROM unnest(v_escritas) AS t;
    RETURN v_ultima + 1;
END
$body$;

REVOKE ALL ON FUNCTION _estoque_transitar(estoque_transicao[]) FROM PUBLIC;
COMMENT ON FUNCTION _estoque_transitar(estoque_transicao[]) IS
    'Writes transitions with their causes; the first id; inner use.';
