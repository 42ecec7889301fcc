-- Trigger function of unificacao_codigos: regroups the codes whose active unification changed.
-- Changes take turns on estoque_controle, so that two sessions cannot contradict each other unseen.
-- Raises EP002 for a code unified with itself, a cycle, or two destinations.
CREATE FUNCTION _estoque_gatilho_unificacao() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path FROM CURRENT
SET row_security = off
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off
AS $body$
DECLARE
    v_novos text[] := ARRAY[]::text[];
    v_antigos text[] := ARRAY[]::text[];
    v_codigos text[];
    v_origens text[];
    v_motivo text[];
    v_modelo CONSTANT text := 'code unification is contradictory: %s';
BEGIN
    IF TG_TABLE_NAME <> 'unificacao_codigos' OR TG_TABLE_SCHEMA IS DISTINCT FROM current_schema() THEN
        PERFORM _estoque_exigir_propria(TG_RELID, 'unificacao_codigos');
    END IF;
    -- Pairs of codes, flattened in the order origin, destination.
    IF TG_OP <> 'DELETE' THEN
        SELECT coalesce(array_agg(ARRAY[f.codigo_origem::text, f.codigo_destino::text]), '{}')
        INTO v_novos
        FROM novos AS f
        WHERE f.ativo AND f.codigo_origem IS NOT NULL AND f.codigo_destino IS NOT NULL;
    END IF;
    IF TG_OP <> 'INSERT' THEN
        SELECT coalesce(array_agg(ARRAY[f.codigo_origem::text, f.codigo_destino::text]), '{}')
        INTO v_antigos
        FROM antigos AS f
        WHERE f.ativo AND f.codigo_origem IS NOT NULL AND f.codigo_destino IS NOT NULL;
    END IF;

    WITH novo AS (
        SELECT v_novos[i][1] AS origem, v_novos[i][2] AS destino
        FROM generate_subscripts(v_novos, 1) AS i
    ),
    antigo AS (
        SELECT v_antigos[i][1] AS origem, v_antigos[i][2] AS destino
        FROM generate_subscripts(v_antigos, 1) AS i
    ),
    mudanca AS (
        SELECT n.*, true AS entrou FROM (TABLE novo EXCEPT ALL TABLE antigo) AS n
        UNION ALL
        SELECT a.*, false FROM (TABLE antigo EXCEPT ALL TABLE novo) AS a
    )
    SELECT array_agg(DISTINCT c.codigo), array_agg(DISTINCT m.origem) FILTER (WHERE m.entrou)
    INTO v_codigos, v_origens
    FROM mudanca AS m, LATERAL (VALUES (m.origem), (m.destino)) AS c (codigo);
    IF v_codigos IS NULL THEN
        RETURN NULL;
    END IF;

    PERFORM _estoque_tomar_vez();
    -- Only what this statement brings is refused: contradictions that were there may stay.
    SELECT c.motivo INTO v_motivo FROM _estoque_contradicoes(coalesce(v_origens, '{}')) AS c LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION USING ERRCODE = 'EP002',
            MESSAGE = format(v_modelo, format(v_motivo[1], VARIADIC v_motivo[2:])),
            HINT = 'Leave one active row per codigo_origem in unificacao_codigos, and no circle.',
            SCHEMA = TG_TABLE_SCHEMA, TABLE = 'unificacao_codigos', COLUMN = 'codigo_origem',
            CONSTRAINT = v_modelo, DATATYPE = json_build_array(v_motivo)::text;
    END IF;
    PERFORM _estoque_reagrupar(v_codigos);
    RETURN NULL;
END
$body$;

REVOKE ALL ON FUNCTION _estoque_gatilho_unificacao() FROM PUBLIC;
COMMENT ON FUNCTION _estoque_gatilho_unificacao() IS
    'Regroups the codes whose active unification a statement changed; inner use.';
