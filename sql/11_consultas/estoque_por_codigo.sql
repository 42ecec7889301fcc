-- The product row of every known code, aliases included, with D7 fields right for today.
-- A row that holds is read as it stands; only one that has expired is projected, by itself, so that a
-- reader's condition on the code decides in both halves how much is looked at.
CREATE VIEW estoque_por_codigo AS
SELECT c.codigo, t.cod_produto, t.nome_produto, t.saldo_atual, t.menor_estoque_d7, t.dia_ruptura,
    t.atualizado_em, t.valido_desde, t.valido_ate
FROM estoque_codigo_conhecido AS c
JOIN estoque_tempo_real AS t ON t.cod_produto = c.cod_produto
WHERE (SELECT estoque_hoje()) BETWEEN t.valido_desde AND t.valido_ate
UNION ALL
SELECT c.codigo, t.cod_produto, t.nome_produto, t.saldo_atual, d.menor::numeric(15,3),
    d.dia_ruptura, t.atualizado_em, estoque_hoje(), d.valido_ate
FROM estoque_codigo_conhecido AS c
JOIN estoque_tempo_real AS t ON t.cod_produto = c.cod_produto
CROSS JOIN LATERAL _estoque_d7(ARRAY[t.cod_produto], ARRAY[t.saldo_atual]::numeric[]) AS d
WHERE (SELECT estoque_hoje()) NOT BETWEEN t.valido_desde AND t.valido_ate;

REVOKE ALL ON estoque_por_codigo FROM PUBLIC;
GRANT SELECT ON estoque_por_codigo TO PUBLIC;

COMMENT ON VIEW estoque_por_codigo IS
    'Canonical product row of every known code, D7 fields right for today.';
