-- The same questions without stored fields: plain SQL over the sources, as somebody who knows the
-- ERP writes it, with the same indexes. It gives the same answers here and less elsewhere: chains
-- of unifications, quantities of more than three decimals and NULLs are not minded.

-- nome: saldo_das_fontes
SELECT sum(m.qtd_movimentacao)
  FROM movimentacao_estoque AS m
 WHERE m.ativo
   AND m.cod_produto IN (
       SELECT %(codigo)s::text
        UNION ALL
       SELECT u.codigo_origem FROM unificacao_codigos AS u
        WHERE u.ativo AND u.codigo_destino = %(codigo)s);

-- nome: projecao_das_fontes
WITH codigo AS (
    SELECT %(codigo)s::text AS codigo
     UNION ALL
    SELECT u.codigo_origem FROM unificacao_codigos AS u
     WHERE u.ativo AND u.codigo_destino = %(codigo)s
), saldo AS (
    SELECT sum(m.qtd_movimentacao) AS saldo
      FROM movimentacao_estoque AS m
     WHERE m.ativo AND m.cod_produto IN (SELECT codigo FROM codigo)
), previsto AS (
    SELECT greatest(d.data, CURRENT_DATE) AS data, sum(d.entrada) AS entrada, sum(d.saida) AS saida
      FROM (
           SELECT s.expedicao AS data, 0 AS entrada, s.qtd_saldo::numeric AS saida
             FROM separacao AS s
            WHERE s.cod_produto IN (SELECT codigo FROM codigo)
              AND NOT EXISTS (
                  SELECT FROM embarque_itens AS e
                   WHERE e.separacao_lote_id = s.separacao_lote_id AND e.status = 'ativo'
                     AND e.nota_fiscal <> '' AND e.erro_validacao IS NULL)
            UNION ALL
           SELECT p.data_expedicao_editada, 0, p.qtd_selecionada_usuario
             FROM pre_separacao_item AS p
            WHERE p.cod_produto IN (SELECT codigo FROM codigo)
              AND p.status IN ('CRIADO', 'RECOMPOSTO')
            UNION ALL
           SELECT p.data_programacao, p.qtd_programada::numeric, 0
             FROM programacao_producao AS p
            WHERE p.cod_produto IN (SELECT codigo FROM codigo)
              AND p.data_programacao >= CURRENT_DATE
           ) AS d
     WHERE d.data <= CURRENT_DATE + %(dias)s::integer
     GROUP BY 1
)
SELECT dia.data::date, coalesce(p.entrada, 0) AS entrada, coalesce(p.saida, 0) AS saida,
       s.saldo + sum(coalesce(p.entrada, 0) - coalesce(p.saida, 0)) OVER (ORDER BY dia.data)
  FROM saldo AS s
 CROSS JOIN generate_series(CURRENT_DATE, CURRENT_DATE + %(dias)s::integer, '1 day') AS dia (data)
  LEFT JOIN previsto AS p ON p.data = dia.data
 ORDER BY dia.data;

-- nome: criar
-- The outlook of every product, worked out each time it is read, and stored until it is refreshed.
CREATE INDEX ON unificacao_codigos (codigo_destino);

CREATE VIEW resposta_das_fontes AS
WITH documento AS (
    SELECT s.cod_produto, s.expedicao AS data, -s.qtd_saldo::numeric AS quantidade
      FROM separacao AS s
     WHERE NOT EXISTS (
           SELECT FROM embarque_itens AS e
            WHERE e.separacao_lote_id = s.separacao_lote_id AND e.status = 'ativo'
              AND e.nota_fiscal <> '' AND e.erro_validacao IS NULL)
     UNION ALL
    SELECT p.cod_produto, p.data_expedicao_editada, -p.qtd_selecionada_usuario
      FROM pre_separacao_item AS p
     WHERE p.status IN ('CRIADO', 'RECOMPOSTO')
     UNION ALL
    SELECT p.cod_produto, p.data_programacao, p.qtd_programada::numeric
      FROM programacao_producao AS p
     WHERE p.data_programacao >= CURRENT_DATE
), saldo AS (
    SELECT coalesce(u.codigo_destino, g.cod_produto) AS cod_produto, sum(g.soma) AS saldo
      FROM (SELECT m.cod_produto, sum(m.qtd_movimentacao) AS soma
              FROM movimentacao_estoque AS m WHERE m.ativo GROUP BY m.cod_produto) AS g
      LEFT JOIN unificacao_codigos AS u ON u.codigo_origem = g.cod_produto AND u.ativo
     GROUP BY 1
), previsto AS (
    SELECT coalesce(u.codigo_destino, d.cod_produto) AS cod_produto,
           greatest(d.data, CURRENT_DATE) AS data, sum(d.quantidade) AS quantidade
      FROM documento AS d
      LEFT JOIN unificacao_codigos AS u ON u.codigo_origem = d.cod_produto AND u.ativo
     WHERE d.data <= CURRENT_DATE + 7
     GROUP BY 1, 2
), fim_do_dia AS (
    SELECT s.cod_produto, s.saldo, d.data,
           s.saldo + sum(d.quantidade) OVER (PARTITION BY s.cod_produto ORDER BY d.data) AS final
      FROM saldo AS s
      JOIN (SELECT cod_produto, data, quantidade FROM previsto
             UNION ALL
            SELECT cod_produto, CURRENT_DATE, 0 FROM saldo) AS d USING (cod_produto)
)
SELECT cod_produto, saldo AS estoque_atual, least(saldo, min(final)) AS menor_estoque_d7,
       min(data) FILTER (WHERE final < 0) AS dia_ruptura
  FROM fim_do_dia
 GROUP BY cod_produto, saldo;

CREATE MATERIALIZED VIEW resposta_guardada AS TABLE resposta_das_fontes;

-- nome: rupturas_das_fontes
SELECT * FROM resposta_das_fontes WHERE dia_ruptura IS NOT NULL ORDER BY dia_ruptura, cod_produto;

-- nome: renovar
REFRESH MATERIALIZED VIEW resposta_guardada;

-- nome: rupturas_guardadas
SELECT * FROM resposta_guardada WHERE dia_ruptura IS NOT NULL ORDER BY dia_ruptura, cod_produto;
