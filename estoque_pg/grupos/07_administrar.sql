-- Returns the foreign server that the options of libpq lead to, made where the group has none yet,
-- and gives its owner the user and password that they name. The password comes as a value of a
-- statement: in the text of one it would be logged. Called by estoque_pg.grupos with the rights of
-- whoever includes a company: the group's owner, who has to have USAGE on postgres_fdw, or a
-- superuser.
CREATE OR REPLACE FUNCTION _estoque_servidor(p_opcoes jsonb, p_senha text) RETURNS text
LANGUAGE plpgsql VOLATILE
SET search_path FROM CURRENT
AS $body$
DECLARE
    v_dono name := (SELECT pg_get_userbyid(c.relowner) FROM pg_class AS c
        WHERE c.oid = 'estoque_grupo'::regclass);
    v_servidor text := 'estoque_' || md5(current_schema() || ' ' || p_opcoes);
    -- For how long one that is away is waited for, where the options say nothing of it.
    v_opcoes jsonb := '{"connect_timeout": "3", "keepalives_idle": "10",
        "keepalives_interval": "5", "keepalives_count": "3", "tcp_user_timeout": "10000"}'::jsonb
        || (p_opcoes - 'user');
BEGIN
    IF NOT EXISTS (SELECT FROM estoque_grupo_empresa AS e WHERE e.servidor = v_servidor) THEN
        EXECUTE format('CREATE SERVER %I FOREIGN DATA WRAPPER postgres_fdw OPTIONS (%s)',
            v_servidor, (SELECT string_agg(format('%I %L', o.key, o.value), ', ' ORDER BY o.key)
             FROM jsonb_each_text(v_opcoes) AS o));
        EXECUTE format('ALTER SERVER %I OWNER TO %I', v_servidor, v_dono);
    END IF;
    EXECUTE format('DROP USER MAPPING IF EXISTS FOR %I SERVER %I', v_dono, v_servidor);
    EXECUTE format('CREATE USER MAPPING FOR %I SERVER %I OPTIONS (%s)', v_dono, v_servidor,
        concat_ws(', ', format('"user" %L', p_opcoes ->> 'user'),
            'password ' || quote_literal(p_senha)));
    RETURN v_servidor;
END
$body$;

REVOKE ALL ON FUNCTION _estoque_servidor(jsonb, text) FROM PUBLIC;
COMMENT ON FUNCTION _estoque_servidor(jsonb, text) IS
    'Makes the foreign server of a company elsewhere; inner use.';

-- Takes a company out again, and its server where no other company is on it. Whether there was one.
CREATE OR REPLACE FUNCTION estoque_retirar(empresa text) RETURNS boolean
LANGUAGE plpgsql VOLATILE
SET search_path FROM CURRENT
AS $body$
#variable_conflict use_column
DECLARE
    v_servidor text;
BEGIN
    DELETE FROM estoque_grupo_empresa AS e WHERE e.empresa = $1
    RETURNING e.servidor INTO v_servidor;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    IF v_servidor IS NOT NULL
        AND NOT EXISTS (SELECT FROM estoque_grupo_empresa AS e WHERE e.servidor = v_servidor)
    THEN
        EXECUTE format('DROP SERVER IF EXISTS %I CASCADE', v_servidor);
    END IF;
    RETURN true;
END
$body$;

REVOKE ALL ON FUNCTION estoque_retirar(text) FROM PUBLIC;
COMMENT ON FUNCTION estoque_retirar(text) IS
    'Takes a company out of the group that was named; false where there is none of that name.';

-- Lets a role read the whole group, which needs no right of its own in any company. Returns what it
-- ran.
CREATE OR REPLACE FUNCTION estoque_conceder(papel text) RETURNS SETOF text
LANGUAGE plpgsql VOLATILE
SET search_path FROM CURRENT
AS $body$
DECLARE
    v_comando text;
BEGIN
    FOREACH v_comando IN ARRAY ARRAY[
        'USAGE ON SCHEMA %1$I', 'EXECUTE ON FUNCTION %1$I.estoque_empresas()',
        'EXECUTE ON FUNCTION %1$I.estoque_rupturas(integer)',
        'EXECUTE ON FUNCTION %1$I.estoque_estatisticas()',
        'EXECUTE ON FUNCTION %1$I.estoque_saldos(text[])', 'SELECT ON %1$I.rupturas',
        'SELECT ON %1$I.estatisticas', 'SELECT ON %1$I.estoque_por_codigo']
    LOOP
        v_comando := format('GRANT ' || v_comando || ' TO %2$I', current_schema(), papel);
        EXECUTE v_comando;
        RETURN NEXT v_comando;
    END LOOP;
END
$body$;

REVOKE ALL ON FUNCTION estoque_conceder(text) FROM PUBLIC;
COMMENT ON FUNCTION estoque_conceder(text) IS
    'Lets a role ask the group; returns the statements run.';
