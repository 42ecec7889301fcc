-- Puts functions of ours back that were changed or dropped, as they were installed; returns how many.
-- A dropped one gets its comment and the rights of everybody back, not those granted to roles since.
CREATE FUNCTION _estoque_restaurar() RETURNS integer
LANGUAGE plpgsql VOLATILE
SET search_path FROM CURRENT
SET check_function_bodies = off
AS $body$
DECLARE
    v_alterada record;
    v_papel text;
    v_quantas integer := 0;
BEGIN
    FOR v_alterada IN
        SELECT a.*, x.estado FROM estoque_alterados() AS x JOIN estoque_assinatura AS a USING (objeto)
    LOOP
        EXECUTE v_alterada.definicao;
        IF v_alterada.estado = 'missing' THEN
            FOR v_papel IN
                SELECT CASE x.grantee WHEN 0 THEN 'PUBLIC' ELSE x.grantee::regrole::text END
                FROM pg_proc AS p
                CROSS JOIN LATERAL aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) AS x
                WHERE p.oid = v_alterada.objeto::regprocedure AND x.grantee <> p.proowner
            LOOP
                EXECUTE format('REVOKE ALL ON FUNCTION %s FROM %s', v_alterada.objeto, v_papel);
            END LOOP;
            IF v_alterada.publica THEN
                EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO PUBLIC', v_alterada.objeto);
            END IF;
            EXECUTE format('COMMENT ON FUNCTION %s IS %L', v_alterada.objeto, v_alterada.comentario);
        END IF;
        v_quantas := v_quantas + 1;
    END LOOP;
    RETURN v_quantas;
END
$body$;

REVOKE ALL ON FUNCTION _estoque_restaurar() FROM PUBLIC;
COMMENT ON FUNCTION _estoque_restaurar() IS
    'Puts back functions of ours that were changed or dropped; inner use.';
