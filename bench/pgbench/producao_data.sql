-- One production moves to another day of the next four weeks: never the one it had.
\set id random(:producao_de, :producao_ate)
\set passo random(1, 27)
UPDATE programacao_producao
   SET data_programacao = CURRENT_DATE + (data_programacao - CURRENT_DATE + :passo::integer) % 28
 WHERE id = :id;
