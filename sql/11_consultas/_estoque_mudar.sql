-- Makes the changes of a simulation, one after the other, to the open documents they may meet, and writes
-- nothing: the documents before and after, and the items whose filter met none (avisos, from 1).
-- What does not count is no document here: what is invoiced or has no quantity, and unless an item moves
-- to a date (para), which makes it count, an entry that is overdue or a document without a date.
-- A document added has no source; so only codigos, de and ate meet it.
CREATE FUNCTION _estoque_mudar(
    p_mudancas jsonb, OUT antes _estoque_aberto[], OUT depois _estoque_aberto[], OUT avisos integer[]
)
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $body$
DECLARE
    v_hoje date := estoque_hoje();
    v_mudancas _estoque_mudanca[] := ARRAY(
        SELECT x FROM _estoque_mudancas(p_mudancas) AS x ORDER BY x.ordem);
    v_para boolean := EXISTS (SELECT FROM unnest(v_mudancas) AS x WHERE x.para IS NOT NULL);
    v_por_pedido text[] := ARRAY(
        SELECT f.tabela FROM _estoque_filtros_das_fontes() AS f WHERE f.pedidos IS NOT NULL);
    v_por_linha text[] := ARRAY(
        SELECT f.tabela FROM _estoque_filtros_das_fontes() AS f WHERE f.linhas IS NOT NULL);
    v_quantos bigint;
    m _estoque_mudanca;
BEGIN
    avisos := '{}';
    antes := ARRAY(
        SELECT a FROM _estoque_abertos(_estoque_tocados(v_mudancas), v_para) AS a
        WHERE NOT a.faturado AND a.quantidade > 0
            AND (v_para OR _estoque_dia_que_conta(a.data, a.entra, v_hoje) IS NOT NULL));
    depois := antes;
    FOREACH m IN ARRAY v_mudancas LOOP
        IF m.acao = 'somar' THEN
            depois := depois || ROW(m.produto, m.produto, NULL, NULL, NULL, NULL, NULL, m.data,
                m.entrada IS NOT NULL, coalesce(m.entrada, m.saida), false)::_estoque_aberto;
            CONTINUE;
        END IF;
        SELECT
            coalesce(array_agg(CASE WHEN NOT x.achado THEN x.d ELSE
                ROW((x.d).cod_produto, (x.d).codigo, (x.d).origem, (x.d).id, (x.d).numero,
                    (x.d).documento, (x.d).lote,
                    CASE
                        WHEN m.para IS NOT NULL THEN m.para
                        WHEN m.dias IS NULL OR (x.d).data IS NULL OR (x.d).data > '9999-12-31' THEN (x.d).data
                        WHEN (x.d).entra AND (x.d).data < v_hoje THEN (x.d).data
                        ELSE greatest(greatest((x.d).data, v_hoje) + m.dias, v_hoje) END,
                    (x.d).entra, round((x.d).quantidade * coalesce(m.fator, 1), 3), false
                    )::_estoque_aberto END)
                FILTER (WHERE NOT (x.achado AND m.acao = 'ignorar')), '{}'),
            count(*) FILTER (WHERE x.achado)
        INTO depois, v_quantos
        FROM (
            SELECT d, coalesce(
                (m.origem IS NULL OR d.origem = m.origem)
                AND (m.ids IS NULL OR d.id = ANY (m.ids))
                AND (m.pedidos IS NULL
                    OR d.documento = ANY (m.pedidos) AND d.origem = ANY (v_por_pedido))
                AND (m.lotes IS NULL OR d.lote = ANY (m.lotes))
                AND (m.linhas IS NULL
                    OR d.documento = ANY (m.linhas) AND d.origem = ANY (v_por_linha))
                AND (m.produtos IS NULL OR d.cod_produto = ANY (m.produtos))
                AND (m.de IS NULL OR d.data >= m.de)
                AND (m.ate IS NULL OR d.data <= m.ate), false) AS achado
            FROM unnest(depois) AS d
        ) AS x;
        IF v_quantos = 0 THEN
            avisos := avisos || m.ordem;
        END IF;
    END LOOP;
END
$body$;

REVOKE ALL ON FUNCTION _estoque_mudar(jsonb) FROM PUBLIC;
COMMENT ON FUNCTION _estoque_mudar(jsonb) IS
    'The open documents before and after the changes of a simulation; inner use.';
