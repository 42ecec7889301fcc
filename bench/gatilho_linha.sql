-- What a textbook does: a row trigger that keeps a sum beside the rows, and nothing more. One sum
-- is the balance of a product, the other what is promised of it on a day.
-- No unification, no invoice gate, no projection, no rupture.
CREATE TABLE saldo (
    cod_produto text PRIMARY KEY,
    saldo_atual numeric(15,3) NOT NULL
) WITH (fillfactor = 70);

CREATE TABLE previsto (
    cod_produto text,
    data date,
    quantidade numeric(15,3) NOT NULL,
    PRIMARY KEY (cod_produto, data)
) WITH (fillfactor = 70);

CREATE FUNCTION somar_movimento() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
    IF TG_OP <> 'INSERT' AND OLD.ativo THEN
        UPDATE saldo SET saldo_atual = saldo_atual - OLD.qtd_movimentacao
        WHERE cod_produto = OLD.cod_produto;
    END IF;
    IF TG_OP <> 'DELETE' AND NEW.ativo THEN
        INSERT INTO saldo VALUES (NEW.cod_produto, NEW.qtd_movimentacao)
        ON CONFLICT (cod_produto)
        DO UPDATE SET saldo_atual = saldo.saldo_atual + EXCLUDED.saldo_atual;
    END IF;
    RETURN NULL;
END
$body$;

CREATE FUNCTION somar_separacao() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
    IF TG_OP <> 'INSERT' THEN
        UPDATE previsto SET quantidade = quantidade + OLD.qtd_saldo
        WHERE cod_produto = OLD.cod_produto AND data = OLD.expedicao;
    END IF;
    IF TG_OP <> 'DELETE' THEN
        INSERT INTO previsto VALUES (NEW.cod_produto, NEW.expedicao, -NEW.qtd_saldo)
        ON CONFLICT (cod_produto, data)
        DO UPDATE SET quantidade = previsto.quantidade + EXCLUDED.quantidade;
    END IF;
    RETURN NULL;
END
$body$;

CREATE FUNCTION somar_pre_separacao() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
    IF TG_OP <> 'INSERT' AND OLD.status = 'CRIADO' THEN
        UPDATE previsto SET quantidade = quantidade + OLD.qtd_selecionada_usuario
        WHERE cod_produto = OLD.cod_produto AND data = OLD.data_expedicao_editada;
    END IF;
    IF TG_OP <> 'DELETE' AND NEW.status = 'CRIADO' THEN
        INSERT INTO previsto
        VALUES (NEW.cod_produto, NEW.data_expedicao_editada, -NEW.qtd_selecionada_usuario)
        ON CONFLICT (cod_produto, data)
        DO UPDATE SET quantidade = previsto.quantidade + EXCLUDED.quantidade;
    END IF;
    RETURN NULL;
END
$body$;

CREATE FUNCTION somar_producao() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
    IF TG_OP <> 'INSERT' THEN
        UPDATE previsto SET quantidade = quantidade - OLD.qtd_programada
        WHERE cod_produto = OLD.cod_produto AND data = OLD.data_programacao;
    END IF;
    IF TG_OP <> 'DELETE' THEN
        INSERT INTO previsto VALUES (NEW.cod_produto, NEW.data_programacao, NEW.qtd_programada)
        ON CONFLICT (cod_produto, data)
        DO UPDATE SET quantidade = previsto.quantidade + EXCLUDED.quantidade;
    END IF;
    RETURN NULL;
END
$body$;

INSERT INTO saldo
SELECT cod_produto, sum(qtd_movimentacao) FROM movimentacao_estoque WHERE ativo GROUP BY 1;

INSERT INTO previsto
SELECT cod_produto, data, sum(quantidade)
FROM (
    SELECT cod_produto, expedicao AS data, -qtd_saldo AS quantidade FROM separacao
    UNION ALL
    SELECT cod_produto, data_expedicao_editada, -qtd_selecionada_usuario
    FROM pre_separacao_item WHERE status = 'CRIADO'
    UNION ALL
    SELECT cod_produto, data_programacao, qtd_programada FROM programacao_producao
) AS d
GROUP BY 1, 2;

CREATE TRIGGER somar_movimento AFTER INSERT OR UPDATE OR DELETE ON movimentacao_estoque
    FOR EACH ROW EXECUTE FUNCTION somar_movimento();

CREATE TRIGGER somar_separacao AFTER INSERT OR UPDATE OR DELETE ON separacao
    FOR EACH ROW EXECUTE FUNCTION somar_separacao();

CREATE TRIGGER somar_pre_separacao AFTER INSERT OR UPDATE OR DELETE ON pre_separacao_item
    FOR EACH ROW EXECUTE FUNCTION somar_pre_separacao();

CREATE TRIGGER somar_producao AFTER INSERT OR UPDATE OR DELETE ON programacao_producao
    FOR EACH ROW EXECUTE FUNCTION somar_producao();
