-- One pre-separation is sent off, or taken back where it had been.
\set id random(:pre_separacao_de, :pre_separacao_ate)
UPDATE pre_separacao_item
   SET status = CASE status WHEN 'CRIADO' THEN 'ENVIADO_SEPARACAO' ELSE 'CRIADO' END
 WHERE id = :id;
