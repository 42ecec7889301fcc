-- The questions that are measured, and what they are compared with. Run with the search_path on
-- our schema.

-- nome: consultar
SELECT * FROM estoque_consultar(%(codigos)s::text[]);

-- nome: projecao
SELECT * FROM estoque_projecao(%(codigo)s::text, %(dias)s::integer);

-- nome: rupturas
SELECT * FROM estoque_rupturas(%(dias)s::integer);

-- nome: estatisticas
SELECT * FROM estoque_estatisticas();

-- nome: incoerencias
SELECT * FROM estoque_incoerencias();

-- nome: cobertura
SELECT * FROM estoque_cobertura(%(codigos)s::text[]);

-- nome: buscar
-- The first of the words stands in every name.
SELECT * FROM estoque_buscar('produto ' || %(codigo)s::text);

-- nome: buscar_parte
SELECT * FROM estoque_buscar(right(%(codigo)s::text, 4));

-- nome: criar_trigramas
CREATE EXTENSION pg_trgm;
CREATE INDEX ON estoque_tempo_real USING gin (busca gin_trgm_ops);
CREATE INDEX ON estoque_codigo_conhecido USING gin (busca gin_trgm_ops);
ANALYZE estoque_tempo_real, estoque_codigo_conhecido;

-- nome: remover_trigramas
DROP EXTENSION pg_trgm CASCADE;

-- nome: documentos
SELECT * FROM estoque_documentos(%(codigo)s::text, %(dias)s::integer);

-- nome: explicar
SELECT * FROM estoque_explicar(%(codigo)s::text, %(dias)s::integer);

-- nome: prometer
-- Ten pieces of each.
SELECT * FROM estoque_prometer(%(codigos)s::text[],
                               array_fill(10::numeric, ARRAY[cardinality(%(codigos)s::text[])]),
                               %(dias)s::integer);

-- nome: simular
SELECT * FROM estoque_simular(
    jsonb_build_array(jsonb_build_object('acao', 'adiar', 'dias', 3, 'origem', 'separacao',
                                         'ids', to_jsonb(%(separacoes)s::bigint[]))),
    %(dias)s::integer);

-- nome: projecao_simulada
SELECT * FROM estoque_projecao_simulada(
    %(codigo)s::text,
    jsonb_build_array(jsonb_build_object('acao', 'adiar', 'dias', 3,
                                         'codigos', jsonb_build_array(%(codigo)s::text))),
    %(dias)s::integer);

-- nome: em_risco
SELECT * FROM estoque_em_risco(%(dias)s::integer);

-- nome: abaixo_do_minimo
SELECT * FROM estoque_abaixo_do_minimo(%(dias)s::integer);

-- nome: regra_vigente
SELECT * FROM estoque_regra_vigente(%(codigo)s::text);

-- nome: processos_do_servico
-- The server processes of a running `estoque servir`.
SELECT pid FROM pg_stat_activity
 WHERE application_name = 'estoque servir' AND datname = current_database();

-- nome: saldo
SELECT saldo_atual FROM estoque_por_codigo WHERE codigo = %(codigo)s::text;

-- nome: visao
-- Every column that the view works out, so that none can be left out, in one row of answer.
SELECT count(codigo), max(nome_produto), sum(saldo_atual), sum(menor_estoque_d7), max(dia_ruptura),
       max(valido_ate)
  FROM estoque_por_codigo;

-- nome: juncao
-- The same columns of the view's two tables, as they are stored.
SELECT count(c.codigo), max(t.nome_produto), sum(t.saldo_atual), sum(t.menor_estoque_d7),
       max(t.dia_ruptura), max(t.valido_ate)
  FROM estoque_codigo_conhecido AS c
  JOIN estoque_tempo_real AS t ON t.cod_produto = c.cod_produto;

-- nome: verificar
SELECT count(*) FROM estoque_verificar();

-- nome: grupo
-- One GROUP BY over the movements: what any way of counting them from scratch has to do.
SELECT sum(g.soma)
  FROM (SELECT cod_produto, sum(qtd_movimentacao) AS soma
          FROM movimentacao_estoque GROUP BY cod_produto) AS g;

-- nome: amanha
-- The business day of tomorrow, for this transaction only.
DO $do$
BEGIN
    EXECUTE format(
        'CREATE OR REPLACE FUNCTION estoque_hoje() RETURNS date LANGUAGE sql STABLE PARALLEL SAFE'
        ' AS %%L', format('SELECT date %%L', estoque_hoje() + 1));
END
$do$;

-- nome: grupo_rupturas
SELECT * FROM estoque_rupturas(%(dias)s::integer);

-- nome: grupo_estatisticas
SELECT * FROM estoque_estatisticas();

-- nome: grupo_saldos
SELECT * FROM estoque_saldos(%(codigos)s::text[]);

-- nome: grupo_fora
SELECT count(fora) FROM estoque_estatisticas();
