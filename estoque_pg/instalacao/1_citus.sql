-- As soon as the objects are there: where Citus has distributed the schema, its functions need more.
-- Version 0.1.0 does not know Citus.
DO $$
BEGIN
    IF to_regprocedure('_estoque_ajustar_ao_citus()') IS NOT NULL THEN
        PERFORM _estoque_ajustar_ao_citus();
    END IF;
END
$$;
