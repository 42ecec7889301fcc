-- Takes everything of a group away, its servers included; the schema goes where nothing else is in
-- it.
SELECT count(estoque_retirar(e.empresa)) FROM estoque_grupo_empresa AS e;
DROP VIEW rupturas, estatisticas, estoque_por_codigo;
DROP FUNCTION estoque_rupturas(integer), estoque_estatisticas(), estoque_saldos(text[]),
    _estoque_perguntar(text, text, text), _estoque_desligar(name, text[]), estoque_empresas(),
    _estoque_enviar(name, text, text, text, text, numeric, jsonb), _estoque_motivo(text),
    _estoque_servidor(jsonb, text), estoque_retirar(text), estoque_conceder(text);
DROP TABLE estoque_grupo_empresa, estoque_grupo;
