-- The names of our relations: types, tables, the view, and the book of migrations.
CREATE FUNCTION _estoque_relacoes() RETURNS text[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN ARRAY[
    '_estoque_aberto', '_estoque_comparacao', '_estoque_delta', '_estoque_documento',
    '_estoque_explicacao', '_estoque_incoerencia', '_estoque_mudanca', '_yoyo_estoque_log',
    '_yoyo_estoque_migration', '_yoyo_estoque_version', 'estoque_anuncio', 'estoque_assinatura',
    'estoque_avisador', 'estoque_codigo_conhecido', 'estoque_controle', 'estoque_correcao',
    'estoque_entrega', 'estoque_execucao', 'estoque_falha', 'estoque_inscricao', 'estoque_lote',
    'estoque_migracao_soma', 'estoque_percurso', 'estoque_por_codigo', 'estoque_recontagem',
    'estoque_regra', 'estoque_tempo_real', 'estoque_transicao', 'movimentacao_prevista'];

GRANT EXECUTE ON FUNCTION _estoque_relacoes() TO PUBLIC;
COMMENT ON FUNCTION _estoque_relacoes() IS 'The names of our relations; inner use.';
