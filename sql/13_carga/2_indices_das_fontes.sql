-- Indexes on the ERP's tables, the only thing of ours there besides triggers.
-- By product: the rebuild of one product and the newest name of a code read only its own rows.
-- By lot: the shipment gate finds the rows of one lot without reading history.
CREATE INDEX IF NOT EXISTS estoque_movimentacao_produto ON movimentacao_estoque (cod_produto, id);
CREATE INDEX IF NOT EXISTS estoque_pre_separacao_produto ON pre_separacao_item (cod_produto, id);
CREATE INDEX IF NOT EXISTS estoque_separacao_produto ON separacao (cod_produto, id);
CREATE INDEX IF NOT EXISTS estoque_separacao_lote ON separacao (separacao_lote_id);
CREATE INDEX IF NOT EXISTS estoque_programacao_produto ON programacao_producao (cod_produto, id);
CREATE INDEX IF NOT EXISTS estoque_embarque_lote ON embarque_itens (separacao_lote_id);
