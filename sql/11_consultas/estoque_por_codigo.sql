-- The product row of every known code, aliases included, with D7 fields right for today.
-- A row that holds is read as it stands; only one that has expired is projected.
CREATE VIEW estoque_por_codigo AS
SELECT c.codigo, t.cod_produto, t.nome_produto, t.saldo_atual,
    CASE WHEN h.vale THEN t.menor_estoque_d7 ELSE d.menor END::numeric(15,3) AS menor_estoque_d7,
    CASE WHEN h.vale THEN t.dia_ruptura ELSE d.dia_ruptura END AS dia_ruptura,
    t.atualizado_em,
    CASE WHEN h.vale THEN t.valido_desde ELSE estoque_hoje() END AS valido_desde,
    CASE WHEN h.vale THEN t.valido_ate ELSE d.valido_ate END AS valido_ate
FROM estoque_codigo_conhecido AS c
JOIN estoque_tempo_real AS t ON t.cod_produto = c.cod_produto
CROSS JOIN LATERAL (
    SELECT estoque_hoje() BETWEEN t.valido_desde AND t.valido_ate AS vale
) AS h
LEFT JOIN LATERAL (
    SELECT p.menor, p.dia_ruptura, p.valido_ate
    FROM _estoque_d7(ARRAY[t.cod_produto], ARRAY[t.saldo_atual]::numeric[]) AS p
    WHERE NOT h.vale
) AS d ON true;

REVOKE ALL ON estoque_por_codigo FROM PUBLIC;
GRANT SELECT ON estoque_por_codigo TO PUBLIC;

COMMENT ON VIEW estoque_por_codigo IS
    'Canonical product row of every known code, D7 fields right for today.';
