-- estoque_simular as data: besides the products a row without one for each item whose filter met no
-- document, by its number (aviso), which estoque_simular tells in a notice; and of each product the last
-- day below zero, as estoque_rupturas tells it: NULL where that is today + dias.
-- Reads the sources with its owner's rights: who may run it need not have any on them.
CREATE FUNCTION _estoque_simulados(p_mudancas jsonb, p_dias integer)
RETURNS TABLE (
    aviso integer, cod_produto text, nome_produto text, dia_ruptura_antes date,
    dia_ruptura_depois date, menor_antes numeric, menor_depois numeric, fim_ruptura_antes date,
    fim_ruptura_depois date
)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path FROM CURRENT
SET row_security = off
AS $body$
#variable_conflict use_column
DECLARE
    v_fim date;
BEGIN
    PERFORM _estoque_exigir_dias(p_dias, 3650);
    v_fim := estoque_hoje() + p_dias;

    RETURN QUERY
    SELECT r.aviso, r.cod_produto, t.nome_produto, r.ruptura_antes, r.ruptura_depois,
        least(t.saldo_atual, r.menor_antes), least(t.saldo_atual, r.menor_depois),
        nullif(r.fim_antes, v_fim), nullif(r.fim_depois, v_fim)
    FROM (
        SELECT s.aviso, s.cod_produto,
            min(s.data) FILTER (WHERE s.saldo_antes < 0) AS ruptura_antes,
            min(s.data) FILTER (WHERE s.saldo_depois < 0) AS ruptura_depois,
            min(s.saldo_antes) AS menor_antes, min(s.saldo_depois) AS menor_depois,
            max(s.ate) FILTER (WHERE s.saldo_antes < 0) AS fim_antes,
            max(s.ate) FILTER (WHERE s.saldo_depois < 0) AS fim_depois
        FROM (
            -- Between two days on which it moves, the balance stays.
            SELECT x.*, coalesce(lead(x.data) OVER (PARTITION BY x.cod_produto ORDER BY x.data) - 1,
                v_fim) AS ate
            FROM _estoque_simular(p_mudancas, p_dias) AS x
        ) AS s
        GROUP BY s.aviso, s.cod_produto
    ) AS r
    LEFT JOIN estoque_tempo_real AS t ON t.cod_produto = ANY (ARRAY[r.cod_produto])
    ORDER BY r.aviso, r.cod_produto;
END
$body$;

REVOKE ALL ON FUNCTION _estoque_simulados(jsonb, integer) FROM PUBLIC;
COMMENT ON FUNCTION _estoque_simulados(jsonb, integer) IS
    'estoque_simular with its notices as rows; inner use.';
