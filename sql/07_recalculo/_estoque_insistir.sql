-- Holds the writers of the sources off and calls one of ours that needs that: exact, and no writer is
-- ever a deadlock's victim for it. Where somebody would have to be waited for, all is undone, which
-- gives back what was locked, and tried again, for about a minute. Who is in the way is told, once.
-- What the caller's transaction has locked itself stays locked meanwhile: best called in one of its
-- own. Raises 55P03.
CREATE FUNCTION _estoque_insistir(p_funcao text) RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET lock_timeout = 0
AS $body$
DECLARE
    v_prazo timestamptz := clock_timestamp() + interval '60 s';
    v_feito bigint;
    v_quem text;
    v_partes jsonb;
    v_ditos text;
    v_aviso CONSTANT text := 'estoque_pg: the source tables are in use: trying again; held by %s';
    v_modelo CONSTANT text := 'the source tables stayed in use: nothing was changed';
    v_dica_so CONSTANT text := 'try at a quieter time';
    v_dica CONSTANT text := 'try at a quieter time, or end what is open: %s';
BEGIN
    WHILE clock_timestamp() < v_prazo LOOP
        BEGIN
            PERFORM _estoque_travar_fontes();
            EXECUTE format('SELECT %I()', p_funcao) INTO v_feito;
            RETURN v_feito;
        EXCEPTION WHEN lock_not_available OR deadlock_detected THEN
            SELECT q.quem, q.partes INTO v_quem, v_partes FROM _estoque_quem_usa() AS q;
        END;
        IF v_quem <> coalesce(v_ditos, '') THEN
            RAISE NOTICE USING MESSAGE = format(v_aviso, v_quem),
                CONSTRAINT = v_aviso, DATATYPE = json_build_array(v_partes)::text;
            v_ditos := v_quem;
        END IF;
        PERFORM pg_sleep(0.02 + 0.1 * random());
    END LOOP;
    RAISE EXCEPTION USING ERRCODE = 'lock_not_available',
        MESSAGE = v_modelo, CONSTRAINT = v_modelo,
        HINT = CASE WHEN v_quem IS NULL THEN v_dica_so ELSE format(v_dica, v_quem) END,
        DATATYPE = CASE WHEN v_quem IS NULL THEN '[]' ELSE json_build_object(
            'dica', json_build_array(v_dica, v_partes))::text END;
END
$body$;

REVOKE ALL ON FUNCTION _estoque_insistir(text) FROM PUBLIC;
COMMENT ON FUNCTION _estoque_insistir(text) IS
    'Holds the writers off, or gives way and tries again; inner use.';
