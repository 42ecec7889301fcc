-- What a textbook does: a row trigger that adds each new row to a stored sum, and nothing more.
-- No unification, no invoice gate, no projection, no rupture, no update or delete.
CREATE TABLE saldo (
    cod_produto text PRIMARY KEY,
    saldo_atual numeric(15,3) NOT NULL
) WITH (fillfactor = 70);

CREATE TABLE previsto (
    cod_produto text,
    data date,
    saida numeric(15,3) NOT NULL,
    PRIMARY KEY (cod_produto, data)
) WITH (fillfactor = 70);

CREATE FUNCTION somar_movimento() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
    INSERT INTO saldo VALUES (NEW.cod_produto, NEW.qtd_movimentacao)
    ON CONFLICT (cod_produto)
    DO UPDATE SET saldo_atual = saldo.saldo_atual + EXCLUDED.saldo_atual;
    RETURN NULL;
END
$body$;

CREATE FUNCTION somar_separacao() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
    INSERT INTO previsto VALUES (NEW.cod_produto, NEW.expedicao, NEW.qtd_saldo)
    ON CONFLICT (cod_produto, data)
    DO UPDATE SET saida = previsto.saida + EXCLUDED.saida;
    RETURN NULL;
END
$body$;

INSERT INTO saldo
SELECT cod_produto, sum(qtd_movimentacao) FROM movimentacao_estoque WHERE ativo GROUP BY 1;

INSERT INTO previsto
SELECT cod_produto, expedicao, sum(qtd_saldo) FROM separacao GROUP BY 1, 2;

CREATE TRIGGER somar_movimento AFTER INSERT ON movimentacao_estoque
    FOR EACH ROW EXECUTE FUNCTION somar_movimento();

CREATE TRIGGER somar_separacao AFTER INSERT ON separacao
    FOR EACH ROW EXECUTE FUNCTION somar_separacao();
