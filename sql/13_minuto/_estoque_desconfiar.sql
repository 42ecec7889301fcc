-- Has everything compared by the next runs where there is reason to doubt all of it: in a restored
-- copy, whose writer may have been counted twice or not at all, and where five products, half of a
-- run or more, were wrong. Not where some were to be compared for such a reason already (p_havia).
-- Codes that are not known are found by _estoque_estranhos.
-- Waits for no change of unifications; the next run looks again.
CREATE FUNCTION _estoque_desconfiar(
    p_processados bigint, p_corrigidos bigint, p_havia boolean
) RETURNS void
LANGUAGE plpgsql VOLATILE
SET lock_timeout = '100ms'
AS $body$
DECLARE
    v_copia boolean := NOT EXISTS (
        SELECT FROM estoque_controle AS c WHERE c.lugar = _estoque_lugar());
BEGIN
    IF NOT v_copia AND (p_havia OR p_corrigidos < 5 OR p_corrigidos * 2 < p_processados) THEN
        RETURN;
    END IF;
    INSERT INTO estoque_recontagem (codigo)
    SELECT c.codigo FROM estoque_codigo_conhecido AS c
    ON CONFLICT (codigo) DO NOTHING;
    INSERT INTO estoque_controle AS c (unico, lugar) VALUES (true, _estoque_lugar())
    ON CONFLICT (unico) DO UPDATE SET lugar = EXCLUDED.lugar
    WHERE c.lugar IS DISTINCT FROM EXCLUDED.lugar;
EXCEPTION WHEN lock_not_available THEN
    RETURN;
END
$body$;

REVOKE ALL ON FUNCTION _estoque_desconfiar(bigint, bigint, boolean) FROM PUBLIC;
COMMENT ON FUNCTION _estoque_desconfiar(bigint, bigint, boolean) IS
    'Has everything compared where there is reason to doubt it; inner use.';
