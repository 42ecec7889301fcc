-- Puts one part of the installation back, as it was signed; estado is what estoque_alterados says.
CREATE FUNCTION _estoque_repor(p_tipo text, p_objeto text, p_estado text) RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path FROM CURRENT
SET check_function_bodies = off
AS $body$
DECLARE
    v_peca record;
    v_tabela text;
    v_chave text;
    v_papel record;
    v_nome text := CASE p_tipo WHEN 'function' THEN p_objeto ELSE quote_ident(p_objeto) END;
BEGIN
    SELECT a.* INTO STRICT v_peca FROM estoque_assinatura AS a
    WHERE a.tipo = p_tipo AND a.objeto = p_objeto;

    IF p_tipo = 'constraint' THEN
        v_tabela := substring(v_peca.definicao FROM '^ALTER TABLE (\S+)');
        EXECUTE format('LOCK TABLE %s IN ACCESS EXCLUSIVE MODE', v_tabela);
        EXECUTE format('ALTER TABLE %s DROP CONSTRAINT IF EXISTS %s', v_tabela, v_nome);
        v_chave := substring(v_peca.definicao FROM '(?:PRIMARY KEY|UNIQUE) \((.*)\)$');
        IF v_chave IS NOT NULL THEN
            EXECUTE format('DELETE FROM %1$s AS t USING (SELECT x.ctid AS linha, row_number() OVER'
                ' (PARTITION BY %2$s ORDER BY x.ctid) AS n FROM %1$s AS x) AS r'
                ' WHERE t.ctid = r.linha AND r.n > 1', v_tabela, v_chave);
        END IF;
    ELSIF p_tipo = 'index' THEN
        EXECUTE format('DROP INDEX IF EXISTS %s', v_nome);
    END IF;
    IF p_estado <> 'rights' THEN
        EXECUTE v_peca.definicao;
    END IF;
    -- Another major version of PostgreSQL writes it otherwise: its own way is signed now.
    IF p_estado = 'uncompared' THEN
        UPDATE estoque_assinatura AS a
        SET definicao = p.definicao,
            servidor = current_setting('server_version_num')::integer / 10000
        FROM _estoque_pecas() AS p
        WHERE a.tipo = p_tipo AND a.objeto = p_objeto AND p.tipo = a.tipo AND p.objeto = a.objeto;
    END IF;
    IF p_estado = 'missing' AND v_peca.comentario IS NOT NULL AND p_tipo <> 'constraint' THEN
        EXECUTE format('COMMENT ON %s %s IS %L', upper(p_tipo), v_nome, v_peca.comentario);
    END IF;
    IF p_tipo NOT IN ('table', 'view', 'function') OR p_estado NOT IN ('missing', 'rights') THEN
        RETURN;
    END IF;

    -- Made anew, it may have been given to somebody by default privileges; reading alone stays.
    FOR v_papel IN
        SELECT CASE x.grantee WHEN 0 THEN 'PUBLIC' ELSE x.grantee::regrole::text END AS nome,
            x.grantee <> 0 AND bool_or(x.privilege_type = 'SELECT') AS le
        FROM (
            SELECT c.relowner AS dono, coalesce(c.relacl, acldefault('r', c.relowner)) AS direitos
            FROM pg_class AS c WHERE p_tipo <> 'function' AND c.oid = to_regclass(v_nome)
            UNION ALL
            SELECT f.proowner, coalesce(f.proacl, acldefault('f', f.proowner))
            FROM pg_proc AS f WHERE p_tipo = 'function' AND f.oid = to_regprocedure(v_nome)
        ) AS o
        CROSS JOIN LATERAL aclexplode(o.direitos) AS x
        WHERE x.grantee <> o.dono AND (x.grantee = 0 OR p_estado = 'missing')
        GROUP BY x.grantee
    LOOP
        EXECUTE format('REVOKE ALL ON %s %s FROM %s',
            CASE p_tipo WHEN 'function' THEN 'FUNCTION' ELSE 'TABLE' END, v_nome, v_papel.nome);
        IF v_papel.le THEN
            EXECUTE format('GRANT SELECT ON TABLE %s TO %s', v_nome, v_papel.nome);
        END IF;
    END LOOP;
    IF cardinality(v_peca.direitos) > 0 THEN
        EXECUTE format('GRANT %s ON %s %s TO PUBLIC', array_to_string(v_peca.direitos, ', '),
            CASE p_tipo WHEN 'function' THEN 'FUNCTION' ELSE 'TABLE' END, v_nome);
    END IF;
END
$body$;

REVOKE ALL ON FUNCTION _estoque_repor(text, text, text) FROM PUBLIC;
COMMENT ON FUNCTION _estoque_repor(text, text, text) IS
    'Puts one part of the installation back; inner use.';
