-- What became of a question, as a key, by the error that it ended with.
CREATE OR REPLACE FUNCTION _estoque_motivo(p_estado text) RETURNS text
LANGUAGE sql IMMUTABLE
RETURN CASE
    WHEN p_estado = '3F000' THEN 'ausente'
    WHEN p_estado IN ('42883', '42703', '42P01', '42804') THEN 'versao'
    WHEN p_estado = '42501' THEN 'sem_direito'
    WHEN p_estado IN ('57014', '55P03') THEN 'demorou'
    WHEN left(p_estado, 2) IN ('08', '28') OR p_estado IN ('57P01', '57P02', '57P03', '57P04')
        THEN 'inacessivel'
    ELSE 'falhou' END;

REVOKE ALL ON FUNCTION _estoque_motivo(text) FROM PUBLIC;
COMMENT ON FUNCTION _estoque_motivo(text) IS
    'The key of why a company did not answer, by SQLSTATE; inner use.';

-- Asks every company the same, each by a statement of its own: p_antes, its schema, p_depois. The
-- rows have the company in front of the columns p_colunas, and fora and erro behind. A company that
-- cannot be asked, or fails, has a row with these alone, whatever rows of it came before. Other
-- servers are asked first, and answer while the companies of this database do. They are asked
-- through dblink, which does not wait: one that is down costs the connect_timeout of its server,
-- one that hangs later the group's limit, and neither is tried again for some seconds in this
-- session. Connections end with the question: the session's user could otherwise use them. Runs
-- with its caller's rights. Called by the questions below, which are the owner's.
CREATE OR REPLACE FUNCTION _estoque_perguntar(p_antes text, p_depois text, p_colunas text)
RETURNS SETOF record
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
SET lock_timeout = '2s'
AS $body$
DECLARE
    v_ausente constant text := format(
        'SELECT $1, x.*, $2, trim(regexp_replace($3, ''\s+'', '' '', ''g''))'
        ' FROM jsonb_to_record(''{}'') AS x (%s)', p_colunas);
    -- Seconds for which a server that let us wait is not asked again.
    v_descanso constant numeric := 15;
    v_limite numeric := (SELECT g.limite FROM estoque_grupo AS g);
    v_dblink name := (SELECT n.nspname FROM pg_extension AS x
        JOIN pg_namespace AS n ON n.oid = x.extnamespace WHERE x.extname = 'dblink');
    v_lembrados jsonb := coalesce(nullif(current_setting('estoque_grupo.fora', true), ''), '{}');
    v_empresas jsonb;
    v_fila jsonb;
    v_servidores text[] := '{}';
    v_servidor text;
    v_fora jsonb := '{}';
    v_fases integer[] := '{}';
    v_desde timestamptz[] := '{}';
    v_inicio timestamptz;
    v_parado boolean;
    v_ocupado integer;
    v_fim text;
    v_uma record;
    v_erro text;
    v_detalhe text;
BEGIN
    SELECT coalesce(jsonb_agg(to_jsonb(e) ORDER BY e.empresa), '[]') INTO v_empresas
    FROM estoque_empresas() AS e;

    -- What each server is to be asked, one company after another.
    SELECT jsonb_object_agg(f.servidor, f.fila) INTO v_fila
    FROM (SELECT e ->> 'servidor' AS servidor, jsonb_agg(e) AS fila
          FROM jsonb_array_elements(v_empresas) AS e
          WHERE e ->> 'servidor' IS NOT NULL AND e ->> 'fora' IS NULL GROUP BY 1) AS f;
    v_fila := coalesce(v_fila, '{}');
    v_servidores := ARRAY(SELECT jsonb_object_keys(v_fila));

    FOR i IN 1 .. cardinality(v_servidores) LOOP
        v_servidor := v_servidores[i];
        v_inicio := clock_timestamp();
        v_fases[i] := 0;
        v_desde[i] := v_inicio;
        IF (v_lembrados #>> ARRAY[v_servidor, '0'])::numeric > extract(epoch FROM v_inicio) THEN
            v_fora := v_fora || jsonb_build_object(v_servidor, v_lembrados -> v_servidor);
            CONTINUE;
        END IF;
        BEGIN
            IF v_dblink IS NULL THEN
                RAISE EXCEPTION USING MESSAGE = 'the extension dblink is not in this database';
            END IF;
            EXECUTE format('SELECT %I.dblink_connect($1, $1)', v_dblink) USING v_servidor;
        EXCEPTION WHEN OTHERS THEN
            GET STACKED DIAGNOSTICS v_erro = MESSAGE_TEXT, v_detalhe = PG_EXCEPTION_DETAIL;
            v_fora := v_fora || jsonb_build_object(v_servidor, jsonb_build_array(
                extract(epoch FROM clock_timestamp()) + v_descanso, 'inacessivel',
                concat_ws(': ', v_erro, nullif(v_detalhe, ''))));
            -- One that refuses at once costs nothing the next time.
            IF clock_timestamp() > v_inicio + interval '1 s' THEN
                v_lembrados := v_lembrados || jsonb_build_object(v_servidor, v_fora -> v_servidor);
            END IF;
            CONTINUE;
        END;
        v_fora := _estoque_enviar(v_dblink, v_servidor,
            v_fila #>> ARRAY[v_servidor, '0', 'esquema'], p_antes, p_depois, v_limite, v_fora);
        v_desde[i] := clock_timestamp();
    END LOOP;

    FOR v_uma IN
        SELECT e.* FROM jsonb_to_recordset(v_empresas)
            AS e (empresa text, esquema text, servidor text, fora text, erro text)
        WHERE e.servidor IS NULL OR e.fora IS NOT NULL
    LOOP
        IF v_uma.fora IS NULL THEN
            BEGIN
                RETURN QUERY EXECUTE format('SELECT $1, x.*, NULL::text, NULL::text FROM (%s) AS x',
                    p_antes || quote_ident(v_uma.esquema) || p_depois) USING v_uma.empresa;
                CONTINUE;
            EXCEPTION WHEN OTHERS THEN
                v_uma.fora := _estoque_motivo(SQLSTATE);
                v_uma.erro := SQLERRM;
            END;
        END IF;
        RETURN QUERY EXECUTE v_ausente USING v_uma.empresa, v_uma.fora, v_uma.erro;
    END LOOP;

    WHILE v_fila <> '{}' LOOP
        v_parado := true;
        FOR i IN 1 .. cardinality(v_servidores) LOOP
            v_servidor := v_servidores[i];
            CONTINUE WHEN NOT v_fila ? v_servidor;
            IF NOT v_fora ? v_servidor THEN
                EXECUTE format('SELECT %I.dblink_is_busy($1)', v_dblink)
                INTO v_ocupado USING v_servidor;
                IF v_ocupado = 1 THEN
                    -- It ends its statements itself at the limit: one that does not hangs.
                    CONTINUE WHEN clock_timestamp() < v_desde[i] + (v_limite + 1) * interval '1 s';
                    v_fora := v_fora || jsonb_build_object(v_servidor, jsonb_build_array(
                        extract(epoch FROM clock_timestamp()) + v_descanso, 'demorou',
                        format('no answer within %s s', v_limite)));
                    v_lembrados := v_lembrados
                        || jsonb_build_object(v_servidor, v_fora -> v_servidor);
                END IF;
            END IF;
            v_parado := false;
            IF v_fora ? v_servidor THEN
                FOR v_uma IN SELECT e ->> 'empresa' AS empresa
                    FROM jsonb_array_elements(v_fila -> v_servidor) AS e
                LOOP
                    RETURN QUERY EXECUTE v_ausente USING v_uma.empresa,
                        v_fora #>> ARRAY[v_servidor, '1'],
                        v_fora #>> ARRAY[v_servidor, '2'];
                END LOOP;
                v_fila := v_fila - v_servidor;
                CONTINUE;
            END IF;
            -- The settings, the answer, the word that it was all of it, and nothing more.
            v_uma := jsonb_populate_record(NULL::estoque_grupo_empresa,
                v_fila #> ARRAY[v_servidor, '0']);
            BEGIN
                IF v_fases[i] = 1 THEN
                    RETURN QUERY EXECUTE format(
                        'SELECT $1, x.*, NULL::text, NULL::text'
                        ' FROM %I.dblink_get_result($2) AS x (%s)',
                        v_dblink, p_colunas) USING v_uma.empresa, v_servidor;
                ELSE
                    EXECUTE format('SELECT x.fim FROM %I.dblink_get_result($1) AS x (fim text)',
                        v_dblink) INTO v_fim USING v_servidor;
                    IF v_fases[i] = 2 AND v_fim IS DISTINCT FROM 'fim' THEN
                        RAISE EXCEPTION USING ERRCODE = '08006', MESSAGE = 'the answer broke off';
                    END IF;
                END IF;
                v_fases[i] := v_fases[i] + 1;
            EXCEPTION WHEN OTHERS THEN
                RETURN QUERY EXECUTE v_ausente
                USING v_uma.empresa, _estoque_motivo(SQLSTATE), SQLERRM;
                v_fases[i] := 3;
            END;
            IF v_fases[i] > 3 THEN
                v_fila := v_fila #- ARRAY[v_servidor, '0'];
                IF v_fila -> v_servidor = '[]' THEN
                    v_fila := v_fila - v_servidor;
                    CONTINUE;
                END IF;
                v_fora := _estoque_enviar(v_dblink, v_servidor,
                    v_fila #>> ARRAY[v_servidor, '0', 'esquema'],
                    p_antes, p_depois, v_limite, v_fora);
                v_fases[i] := 0;
                v_desde[i] := clock_timestamp();
            END IF;
        END LOOP;
        IF v_parado THEN
            PERFORM pg_sleep(0.001);
        END IF;
    END LOOP;
    PERFORM _estoque_desligar(v_dblink, v_servidores);
    PERFORM set_config('estoque_grupo.fora', v_lembrados::text, false);
EXCEPTION WHEN query_canceled OR OTHERS THEN
    PERFORM _estoque_desligar(v_dblink, v_servidores);
    RAISE;
END
$body$;

REVOKE ALL ON FUNCTION _estoque_perguntar(text, text, text) FROM PUBLIC;
COMMENT ON FUNCTION _estoque_perguntar(text, text, text) IS
    'Asks each company the same; one that does not answer has a row that says why; inner use.';

-- Sends a company's question to its server, to end there by itself at the limit. Returns p_fora
-- with the server in it where it could not be sent.
CREATE OR REPLACE FUNCTION _estoque_enviar(
    p_dblink name, p_servidor text, p_esquema text, p_antes text, p_depois text, p_limite numeric,
    p_fora jsonb
) RETURNS jsonb
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $body$
DECLARE
    v_enviada integer;
BEGIN
    EXECUTE format('SELECT %I.dblink_send_query($1, $2)', p_dblink) INTO v_enviada
    USING p_servidor, format('SELECT pg_catalog.set_config(''statement_timeout'', %L, true)'
        ' || pg_catalog.set_config(''lock_timeout'', ''2s'', true)', round(p_limite * 1000))
        || '; ' || p_antes || quote_ident(p_esquema) || p_depois || '; SELECT ''fim''';
    IF v_enviada = 1 THEN
        RETURN p_fora;
    END IF;
    RETURN p_fora || jsonb_build_object(p_servidor,
        jsonb_build_array(0, 'inacessivel', 'the connection was lost'));
END
$body$;

REVOKE ALL ON FUNCTION _estoque_enviar(name, text, text, text, text, numeric, jsonb) FROM PUBLIC;
COMMENT ON FUNCTION _estoque_enviar(name, text, text, text, text, numeric, jsonb) IS
    'Sends a company''s question to its server, without waiting; inner use.';

-- Ends the connections to servers, as far as there are any.
CREATE OR REPLACE FUNCTION _estoque_desligar(p_dblink name, p_servidores text[]) RETURNS void
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $body$
BEGIN
    IF p_dblink IS NOT NULL AND p_servidores <> '{}' THEN
        EXECUTE format('SELECT count(%1$I.dblink_disconnect(c.nome))'
            ' FROM unnest(%1$I.dblink_get_connections()) AS c (nome) WHERE c.nome = ANY ($1)',
            p_dblink)
        USING p_servidores;
    END IF;
END
$body$;

REVOKE ALL ON FUNCTION _estoque_desligar(name, text[]) FROM PUBLIC;
COMMENT ON FUNCTION _estoque_desligar(name, text[]) IS
    'Ends the connections of a question to other servers; inner use.';
