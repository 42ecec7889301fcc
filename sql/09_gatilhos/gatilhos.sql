-- The triggers on the sources: after each statement, one per event, and on TRUNCATE.
-- An INSERT ... ON CONFLICT DO UPDATE or a MERGE fires several, each with its own rows.

CREATE TRIGGER estoque_inserir AFTER INSERT ON movimentacao_estoque
    REFERENCING NEW TABLE AS novos
    FOR EACH STATEMENT EXECUTE FUNCTION _estoque_gatilho_movimentacao();

CREATE TRIGGER estoque_alterar AFTER UPDATE ON movimentacao_estoque
    REFERENCING OLD TABLE AS antigos NEW TABLE AS novos
    FOR EACH STATEMENT EXECUTE FUNCTION _estoque_gatilho_movimentacao();

CREATE TRIGGER estoque_excluir AFTER DELETE ON movimentacao_estoque
    REFERENCING OLD TABLE AS antigos
    FOR EACH STATEMENT EXECUTE FUNCTION _estoque_gatilho_movimentacao();

CREATE TRIGGER estoque_truncar AFTER TRUNCATE ON movimentacao_estoque
    FOR EACH STATEMENT EXECUTE FUNCTION _estoque_gatilho_truncar();

CREATE TRIGGER estoque_inserir AFTER INSERT ON pre_separacao_item
    REFERENCING NEW TABLE AS novos
    FOR EACH STATEMENT EXECUTE FUNCTION _estoque_gatilho_pre_separacao();

CREATE TRIGGER estoque_alterar AFTER UPDATE ON pre_separacao_item
    REFERENCING OLD TABLE AS antigos NEW TABLE AS novos
    FOR EACH STATEMENT EXECUTE FUNCTION _estoque_gatilho_pre_separacao();

CREATE TRIGGER estoque_excluir AFTER DELETE ON pre_separacao_item
    REFERENCING OLD TABLE AS antigos
    FOR EACH STATEMENT EXECUTE FUNCTION _estoque_gatilho_pre_separacao();

CREATE TRIGGER estoque_truncar AFTER TRUNCATE ON pre_separacao_item
    FOR EACH STATEMENT EXECUTE FUNCTION _estoque_gatilho_truncar();

CREATE TRIGGER estoque_inserir AFTER INSERT ON separacao
    REFERENCING NEW TABLE AS novos
    FOR EACH STATEMENT EXECUTE FUNCTION _estoque_gatilho_separacao();

CREATE TRIGGER estoque_alterar AFTER UPDATE ON separacao
    REFERENCING OLD TABLE AS antigos NEW TABLE AS novos
    FOR EACH STATEMENT EXECUTE FUNCTION _estoque_gatilho_separacao();

CREATE TRIGGER estoque_excluir AFTER DELETE ON separacao
    REFERENCING OLD TABLE AS antigos
    FOR EACH STATEMENT EXECUTE FUNCTION _estoque_gatilho_separacao();

CREATE TRIGGER estoque_truncar AFTER TRUNCATE ON separacao
    FOR EACH STATEMENT EXECUTE FUNCTION _estoque_gatilho_truncar();

CREATE TRIGGER estoque_inserir AFTER INSERT ON programacao_producao
    REFERENCING NEW TABLE AS novos
    FOR EACH STATEMENT EXECUTE FUNCTION _estoque_gatilho_programacao();

CREATE TRIGGER estoque_alterar AFTER UPDATE ON programacao_producao
    REFERENCING OLD TABLE AS antigos NEW TABLE AS novos
    FOR EACH STATEMENT EXECUTE FUNCTION _estoque_gatilho_programacao();

CREATE TRIGGER estoque_excluir AFTER DELETE ON programacao_producao
    REFERENCING OLD TABLE AS antigos
    FOR EACH STATEMENT EXECUTE FUNCTION _estoque_gatilho_programacao();

CREATE TRIGGER estoque_truncar AFTER TRUNCATE ON programacao_producao
    FOR EACH STATEMENT EXECUTE FUNCTION _estoque_gatilho_truncar();

CREATE TRIGGER estoque_inserir AFTER INSERT ON embarque_itens
    REFERENCING NEW TABLE AS novos
    FOR EACH STATEMENT EXECUTE FUNCTION _estoque_gatilho_embarque();

CREATE TRIGGER estoque_alterar AFTER UPDATE ON embarque_itens
    REFERENCING OLD TABLE AS antigos NEW TABLE AS novos
    FOR EACH STATEMENT EXECUTE FUNCTION _estoque_gatilho_embarque();

CREATE TRIGGER estoque_excluir AFTER DELETE ON embarque_itens
    REFERENCING OLD TABLE AS antigos
    FOR EACH STATEMENT EXECUTE FUNCTION _estoque_gatilho_embarque();

CREATE TRIGGER estoque_truncar AFTER TRUNCATE ON embarque_itens
    FOR EACH STATEMENT EXECUTE FUNCTION _estoque_gatilho_truncar();

CREATE TRIGGER estoque_inserir AFTER INSERT ON unificacao_codigos
    REFERENCING NEW TABLE AS novos
    FOR EACH STATEMENT EXECUTE FUNCTION _estoque_gatilho_unificacao();

CREATE TRIGGER estoque_alterar AFTER UPDATE ON unificacao_codigos
    REFERENCING OLD TABLE AS antigos NEW TABLE AS novos
    FOR EACH STATEMENT EXECUTE FUNCTION _estoque_gatilho_unificacao();

CREATE TRIGGER estoque_excluir AFTER DELETE ON unificacao_codigos
    REFERENCING OLD TABLE AS antigos
    FOR EACH STATEMENT EXECUTE FUNCTION _estoque_gatilho_unificacao();

CREATE TRIGGER estoque_truncar AFTER TRUNCATE ON unificacao_codigos
    FOR EACH STATEMENT EXECUTE FUNCTION _estoque_gatilho_truncar();
