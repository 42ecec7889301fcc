-- One separation moves to another day of the next two weeks: never the one it had.
\set id random(:separacao_de, :separacao_ate)
\set passo random(1, 14)
UPDATE separacao
   SET expedicao = CURRENT_DATE + (expedicao - CURRENT_DATE + :passo::integer) % 15
 WHERE id = :id;
