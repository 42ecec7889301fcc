-- As soon as the objects are there: where Citus has distributed the schema, its functions need more.
SELECT _estoque_ajustar_ao_citus();
