-- Sets what is given of the settings of the minute job, and returns them as they are then.
-- por_execucao: products compared in a run. orcamento: time after which a run takes up no further
-- product.
-- Raises 22023 for what is not positive.
CREATE FUNCTION estoque_configurar(
    INOUT por_execucao integer DEFAULT NULL, INOUT orcamento interval DEFAULT NULL
)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path FROM CURRENT
AS $body$
BEGIN
    IF por_execucao < 1 OR orcamento <= interval '0' THEN
        PERFORM _estoque_acusar('22023',
            CASE WHEN por_execucao < 1 THEN 'por_execucao' ELSE 'orcamento' END,
            'por_execucao must be 1 or more, orcamento longer than nothing',
            'The defaults are 10 products and 20 seconds.');
    END IF;
    IF por_execucao IS NOT NULL OR orcamento IS NOT NULL THEN
        INSERT INTO estoque_controle AS c (unico) VALUES (true)
        ON CONFLICT (unico) DO NOTHING;
        UPDATE estoque_controle AS c
        SET por_execucao = coalesce(estoque_configurar.por_execucao, c.por_execucao),
            orcamento = coalesce(estoque_configurar.orcamento, c.orcamento);
    END IF;
    SELECT c.por_execucao, c.orcamento INTO por_execucao, orcamento FROM estoque_controle AS c;
    -- Without its row the control stands at the defaults, with which it is made again.
    por_execucao := coalesce(por_execucao, 10);
    orcamento := coalesce(orcamento, interval '20 s');
END
$body$;

REVOKE ALL ON FUNCTION estoque_configurar(integer, interval) FROM PUBLIC;
COMMENT ON FUNCTION estoque_configurar(integer, interval) IS
    'Sets and returns the settings of the minute job: batch and time per run.';
