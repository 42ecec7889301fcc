-- The sums of the textbook trigger, kept by pg_ivm. Projection and rupture need window functions,
-- which its views may not have. Early versions keep create_immv in pg_catalog, later ones in pgivm.
SELECT create_immv('saldo',
    'SELECT cod_produto, sum(qtd_movimentacao) AS saldo_atual'
    ' FROM movimentacao_estoque WHERE ativo GROUP BY cod_produto');

SELECT create_immv('separado',
    'SELECT cod_produto, expedicao, sum(qtd_saldo) AS saida'
    ' FROM separacao GROUP BY cod_produto, expedicao');

SELECT create_immv('pre_separado',
    'SELECT cod_produto, data_expedicao_editada, sum(qtd_selecionada_usuario) AS saida'
    ' FROM pre_separacao_item WHERE status = ''CRIADO'''
    ' GROUP BY cod_produto, data_expedicao_editada');

SELECT create_immv('programado',
    'SELECT cod_produto, data_programacao, sum(qtd_programada) AS entrada'
    ' FROM programacao_producao GROUP BY cod_produto, data_programacao');
