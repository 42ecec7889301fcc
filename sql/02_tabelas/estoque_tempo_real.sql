-- One row per canonical product. Written only by the package's own functions, under a lock on the row.
-- A row nobody has projected yet holds on no day. Far dates are finite: drivers cannot read infinity.
-- The name as it is searched is worked out when the name is written, never by a movement.
-- fillfactor leaves room for HOT updates: no index covers a column that an ordinary movement changes.
CREATE TABLE estoque_tempo_real (
    cod_produto text PRIMARY KEY,
    nome_produto text,
    saldo_atual numeric(15,3) NOT NULL DEFAULT 0,
    menor_estoque_d7 numeric(15,3) NOT NULL DEFAULT 0,
    dia_ruptura date,
    atualizado_em timestamptz NOT NULL DEFAULT now(),
    valido_desde date NOT NULL DEFAULT '9999-12-31',
    valido_ate date NOT NULL DEFAULT '0001-01-01',
    liquidos numeric[] NOT NULL DEFAULT '{0,0,0,0,0,0,0,0}',
    recalculado_por xid8,
    comparado_em timestamptz NOT NULL DEFAULT now(),
    busca text GENERATED ALWAYS AS (_estoque_simples(nome_produto)) STORED
) WITH (fillfactor = 70);

CREATE INDEX estoque_tempo_real_ruptura ON estoque_tempo_real (dia_ruptura, cod_produto)
    WHERE dia_ruptura IS NOT NULL;
-- Whether any product has expired is seen at the ends of these two (_estoque_vencidos).
CREATE INDEX estoque_tempo_real_valido_desde ON estoque_tempo_real (valido_desde);
CREATE INDEX estoque_tempo_real_valido_ate ON estoque_tempo_real (valido_ate);
CREATE INDEX estoque_tempo_real_comparado ON estoque_tempo_real (comparado_em);

REVOKE ALL ON estoque_tempo_real FROM PUBLIC;
GRANT SELECT ON estoque_tempo_real TO PUBLIC;

COMMENT ON TABLE estoque_tempo_real IS
    'Balance and seven-day outlook of each canonical product, maintained by triggers; read only.';
COMMENT ON COLUMN estoque_tempo_real.cod_produto IS 'Canonical code of the product.';
COMMENT ON COLUMN estoque_tempo_real.nome_produto IS
    'Newest name of the canonical code; an alias'' name only where the canonical code has none.';
COMMENT ON COLUMN estoque_tempo_real.saldo_atual IS 'Sum of the active movements of the group.';
COMMENT ON COLUMN estoque_tempo_real.menor_estoque_d7 IS
    'Lowest of the balance now and the end-of-day balances of today to today + 7.';
COMMENT ON COLUMN estoque_tempo_real.dia_ruptura IS
    'First day of today to today + 7 that ends below zero; NULL when none does.';
COMMENT ON COLUMN estoque_tempo_real.atualizado_em IS 'Start of the transaction that last wrote the row.';
COMMENT ON COLUMN estoque_tempo_real.valido_desde IS
    'Business day for which menor_estoque_d7 and dia_ruptura were projected.';
COMMENT ON COLUMN estoque_tempo_real.valido_ate IS
    'Last business day through which the passing of time is certain to leave both right.';
COMMENT ON COLUMN estoque_tempo_real.liquidos IS
    'Forecast summed up to the end of each of valido_desde to valido_desde + 7, without the balance; inner use.';
COMMENT ON COLUMN estoque_tempo_real.recalculado_por IS
    'Transaction that last rebuilt the row from the sources; inner use.';
COMMENT ON COLUMN estoque_tempo_real.comparado_em IS
    'When the fallback last compared the product with the sources, or the row was made.';
COMMENT ON COLUMN estoque_tempo_real.busca IS
    'The name as estoque_buscar compares it; inner use.';
