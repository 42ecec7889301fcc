-- Sets what is given of the settings of the minute job, and returns them as they are then.
-- lote: products compared in a run. orcamento: time after which a run takes up no further product.
-- Raises 22023 for what is not positive.
CREATE FUNCTION estoque_configurar(
    INOUT lote integer DEFAULT NULL, INOUT orcamento interval DEFAULT NULL
)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path FROM CURRENT
AS $body$
BEGIN
    IF lote < 1 OR orcamento <= interval '0' THEN
        RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value',
            MESSAGE = 'lote must be 1 or more, orcamento longer than nothing',
            HINT = 'The defaults are 10 products and 20 seconds.';
    END IF;
    IF lote IS NOT NULL OR orcamento IS NOT NULL THEN
        INSERT INTO estoque_controle AS c (unico) VALUES (true)
        ON CONFLICT (unico) DO NOTHING;
        UPDATE estoque_controle AS c
        SET lote = coalesce(estoque_configurar.lote, c.lote),
            orcamento = coalesce(estoque_configurar.orcamento, c.orcamento);
    END IF;
    SELECT c.lote, c.orcamento INTO lote, orcamento FROM estoque_controle AS c;
    -- Without its row the control stands at the defaults, with which it is made again.
    lote := coalesce(lote, 10);
    orcamento := coalesce(orcamento, interval '20 s');
END
$body$;

REVOKE ALL ON FUNCTION estoque_configurar(integer, interval) FROM PUBLIC;
COMMENT ON FUNCTION estoque_configurar(integer, interval) IS
    'Sets and returns the settings of the minute job: batch and time per run.';
