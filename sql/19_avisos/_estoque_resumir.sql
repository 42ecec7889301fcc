-- Makes the digests that are due: of each subscription with an hour, once that has passed on a day of its
-- time zone that had none yet. It holds what runs out now within 28 days and the transitions since the
-- last one, up to 100 of each, and how many there are. What was missed is made up by one. A subscription
-- whose time zone the server does not know (any more: such rules are renewed) ends, and says why.
CREATE FUNCTION _estoque_resumir() RETURNS void
LANGUAGE plpgsql VOLATILE
SET enable_nestloop = on
AS $body$
DECLARE
    i estoque_inscricao;
    v_em date;
    v_ate bigint := (SELECT max(t.id) FROM estoque_transicao AS t);
    v_abertas jsonb;
    v_rupturas jsonb;
    v_transicoes jsonb;
BEGIN
    FOR i IN
        SELECT x.* FROM estoque_inscricao AS x
        WHERE x.ativa AND x.resumo_as IS NOT NULL
        ORDER BY x.id
    LOOP
        BEGIN
            v_em := _estoque_dia_do_resumo(i.resumo_as, i.fuso);
        EXCEPTION WHEN invalid_parameter_value THEN
            UPDATE estoque_inscricao AS x SET ativa = false, motivo = SQLERRM WHERE x.id = i.id;
            CONTINUE;
        END;
        CONTINUE WHEN v_em <= i.resumo_em;
        SELECT x.* INTO i
        FROM estoque_inscricao AS x
        WHERE x.id = i.id AND x.ativa AND x.resumo_em < v_em
        FOR NO KEY UPDATE;
        CONTINUE WHEN NOT FOUND;

        -- Of the whole stock, so once for all digests.
        v_abertas := coalesce(v_abertas, (
            SELECT coalesce(jsonb_agg(to_jsonb(r) - 'menor_estoque_d7' ORDER BY r.dia_ruptura,
                r.cod_produto), '[]')
            FROM estoque_rupturas(28) AS r));
        SELECT coalesce(jsonb_agg(r.ruptura ORDER BY r.ordem), '[]')
        INTO v_rupturas
        FROM jsonb_array_elements(v_abertas) WITH ORDINALITY AS r (ruptura, ordem)
        LEFT JOIN _estoque_responsaveis(ARRAY(
            SELECT x.ruptura ->> 'cod_produto' FROM jsonb_array_elements(v_abertas) AS x (ruptura)
            )) AS p ON p.cod_produto = r.ruptura ->> 'cod_produto'
        WHERE _estoque_interessa(i, r.ruptura ->> 'cod_produto', p.responsavel, NULL);

        SELECT coalesce(jsonb_agg(to_jsonb(t) ORDER BY t.id), '[]')
        INTO v_transicoes
        FROM estoque_transicao AS t
        LEFT JOIN _estoque_responsaveis(ARRAY(
            SELECT x.cod_produto FROM estoque_transicao AS x WHERE x.id > i.resumo_ate)) AS p
            ON p.cod_produto = t.cod_produto
        WHERE t.id > i.resumo_ate AND _estoque_interessa(i, t.cod_produto, p.responsavel, t.tipo);

        INSERT INTO estoque_entrega (chave, inscricao, conteudo, fila)
        VALUES (format('r%s-i%s', to_char(v_em, 'YYYYMMDD'), i.id), i.id, jsonb_build_object(
            'dia', estoque_hoje(), 'em', now(),
            'total_de_rupturas', jsonb_array_length(v_rupturas),
            'rupturas', jsonb_path_query_array(v_rupturas, '$[0 to 99]'),
            'total_de_transicoes', jsonb_array_length(v_transicoes),
            'transicoes', jsonb_path_query_array(v_transicoes, '$[last-99 to last]')),
            hashtextextended(jsonb_build_array(i.canal, i.destino, NULL)::text, 0));
        UPDATE estoque_inscricao AS x SET resumo_em = v_em, resumo_ate = coalesce(v_ate, i.resumo_ate)
        WHERE x.id = i.id;
    END LOOP;
END
$body$;

REVOKE ALL ON FUNCTION _estoque_resumir() FROM PUBLIC;
COMMENT ON FUNCTION _estoque_resumir() IS 'Makes the digests that are due; inner use.';
