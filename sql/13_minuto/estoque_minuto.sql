-- The one job, due every minute whoever drives it: compares a batch of products with the sources,
-- turns the day where it has turned, rebuilds what is wrong, and records the run.
-- Partitions made since the last run get their triggers, and the next runs count what was written
-- to them. So they do with everything in a restored copy, or where much was wrong.
-- What changed of ruptures is announced first, while nothing is locked; what is mended, by the next run.
-- What takes long, the comparison, comes before anything is locked; where very much is wrong, the
-- rest of it is mended by the next runs. Batch and time are settings, see estoque_configurar.
-- row_security = off, here and in all that reads the sources with its owner's rights: rows that a
-- policy hides from the owner raise an error, or they would be taken for gone and their products with
-- them.
-- No row while another run is under way, and on a standby.
CREATE FUNCTION estoque_minuto() RETURNS SETOF estoque_execucao
LANGUAGE plpgsql VOLATILE SECURITY DEFINER ROWS 1
SET search_path FROM CURRENT
SET row_security = off
AS $body$
DECLARE
    v_inicio timestamptz := clock_timestamp();
    -- What Citus sends on to the node of the schema does not say from whom it is.
    v_motor text := coalesce(nullif(regexp_replace(
        current_setting('application_name'), '^citus_internal .*', 'citus'), ''), session_user);
    v_havia boolean := EXISTS (SELECT FROM estoque_recontagem);
    v_ajuste record;
    v_comparados _estoque_comparacao[];
    v_virados bigint;
    v_feito record;
BEGIN
    IF NOT _estoque_tomar_minuto() THEN
        RETURN;
    END IF;
    PERFORM _estoque_anunciar_no_minuto();
    SELECT c.* INTO v_ajuste FROM estoque_configurar() AS c;
    v_comparados := _estoque_comparar(v_ajuste.por_execucao, v_inicio + v_ajuste.orcamento, 1, 1000);
    PERFORM _estoque_vigiar_particoes();
    v_virados := _estoque_virar_cada();
    SELECT c.* INTO v_feito FROM _estoque_corrigir(v_comparados, interval '500 ms') AS c;
    PERFORM _estoque_desconfiar(v_feito.processados, v_feito.corrigidos, v_havia);

    RETURN QUERY
    INSERT INTO estoque_execucao (inicio, fim, processados, corrigidos, falhas, virados, motor)
    VALUES (v_inicio, clock_timestamp(), v_feito.processados, v_feito.corrigidos, v_feito.falhas,
        v_virados, v_motor)
    RETURNING *;
    DELETE FROM estoque_execucao AS e WHERE e.inicio < v_inicio - interval '7 days';
    -- By their time: numbers that nodes of Citus have given are in no order.
    DELETE FROM estoque_correcao AS c
    WHERE (c.corrigido_em, c.id) < (
        SELECT m.corrigido_em, m.id FROM estoque_correcao AS m
        ORDER BY m.corrigido_em DESC, m.id DESC OFFSET 9999 LIMIT 1);
END
$body$;

REVOKE ALL ON FUNCTION estoque_minuto() FROM PUBLIC;
COMMENT ON FUNCTION estoque_minuto() IS
    'The minute job: compares, turns the day, mends; the run it recorded.';
