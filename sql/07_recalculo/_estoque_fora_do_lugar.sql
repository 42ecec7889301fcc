-- Whether a code is not known as it should be: under another product than the unifications say, not
-- mentioned by any source any more, or with rows left over under another code of its group.
CREATE FUNCTION _estoque_fora_do_lugar(p_codigo text) RETURNS boolean
LANGUAGE plpgsql STABLE
AS $body$
DECLARE
    v_certo text;
    v_produto text;
    v_codigos text[];
BEGIN
    SELECT k.cod_produto INTO v_certo FROM _estoque_canonicos(ARRAY[p_codigo]) AS k;
    SELECT c.cod_produto INTO v_produto
    FROM estoque_codigo_conhecido AS c
    JOIN estoque_tempo_real AS t ON t.cod_produto = c.cod_produto
    WHERE c.codigo = p_codigo;
    v_codigos := _estoque_membros(ARRAY[v_certo]);
    RETURN v_produto IS DISTINCT FROM v_certo
        OR NOT EXISTS (SELECT FROM _estoque_mencionados(ARRAY[p_codigo]))
        OR EXISTS (SELECT FROM estoque_tempo_real AS t
            WHERE t.cod_produto = ANY (v_codigos) AND t.cod_produto <> v_certo)
        OR EXISTS (SELECT FROM movimentacao_prevista AS m
            WHERE m.cod_produto = ANY (v_codigos) AND m.cod_produto <> v_certo);
END
$body$;

REVOKE ALL ON FUNCTION _estoque_fora_do_lugar(text) FROM PUBLIC;
COMMENT ON FUNCTION _estoque_fora_do_lugar(text) IS
    'True for a code that is not in the group, or not known, as the sources say; inner use.';
