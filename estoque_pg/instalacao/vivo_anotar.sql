-- From here on, codes and lots that a statement touches in the sources are noted: what was counted
-- beside the writers is then put right. Notes are only ever appended, so that no writer waits for
-- another because of them. The installer gives the settings estoque_pg.fontes (its sources) and
-- estoque_pg.trava (the advisory lock it holds for as long as it lives). What an installation that
-- was cut off has left is taken over.
CREATE UNLOGGED TABLE IF NOT EXISTS _estoque_anotacao (o_que text, valor text);
REVOKE ALL ON _estoque_anotacao FROM PUBLIC;
COMMENT ON TABLE _estoque_anotacao IS
    'estoque_pg: what is written to the sources while an installation counts; goes with it.';

-- What is noted: codes ('codigo') and lots ('lote'), as the arguments say which columns hold; that
-- there are quantities so large that they may not be such as can be counted ('fora'), NaN among them;
-- and of a TRUNCATE, that it may be everything ('tudo'). So it is where a note cannot be taken, since a
-- column was changed or is gone: the installation will say so, the writer is not to fail for it.
-- Left over from an installer that is gone, it does nothing: the lock is free then. It is given back
-- in the same breath, or it would keep the next installer waiting.
CREATE OR REPLACE FUNCTION _estoque_anotar() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path FROM CURRENT
AS $body$
DECLARE
    v_linhas text;
BEGIN
    IF pg_try_advisory_lock_shared(TG_ARGV[0]::bigint)
        AND pg_advisory_unlock_shared(TG_ARGV[0]::bigint)
    THEN
        RETURN NULL;
    END IF;
    IF TG_OP = 'TRUNCATE' THEN
        INSERT INTO _estoque_anotacao VALUES ('tudo', NULL);
        RETURN NULL;
    END IF;
    BEGIN
        FOREACH v_linhas IN ARRAY CASE TG_OP WHEN 'INSERT' THEN '{novos}' WHEN 'DELETE' THEN '{antigos}'
                                             ELSE '{antigos,novos}' END::text[] LOOP
            FOR i IN 1 .. TG_NARGS - 1 BY 2 LOOP
                IF TG_ARGV[i] <> 'fora' THEN
                    EXECUTE format('INSERT INTO _estoque_anotacao SELECT DISTINCT %L, f.%I::text'
                        ' FROM %I AS f WHERE f.%2$I IS NOT NULL', TG_ARGV[i], TG_ARGV[i + 1], v_linhas);
                ELSIF v_linhas = 'novos' THEN
                    EXECUTE format('INSERT INTO _estoque_anotacao SELECT %L FROM novos AS f'
                        ' WHERE abs(f.%I::numeric) > 999999999999 LIMIT 1', TG_ARGV[i], TG_ARGV[i + 1]);
                END IF;
            END LOOP;
        END LOOP;
    EXCEPTION WHEN OTHERS THEN
        INSERT INTO _estoque_anotacao VALUES ('tudo', NULL);
    END;
    RETURN NULL;
END
$body$;
REVOKE ALL ON FUNCTION _estoque_anotar() FROM PUBLIC;

-- The sources are held as _estoque_travar_fontes holds them, for as long as it takes to put the
-- triggers on: everyone who wrote before has committed then, and is seen by what is counted after.
-- The triggers have the names that _estoque_vigiar will want, and fire for replication too: who
-- writes past the others later is found by the audit, but here the numbers are to be exact.
DO $body$
DECLARE
    v_fontes jsonb := current_setting('estoque_pg.fontes');
    v_fonte record;
    v_falta record;
BEGIN
    RAISE NOTICE 'estoque_pg: holding writers off';
    FOR v_fonte IN
        SELECT f.* FROM jsonb_to_recordset(v_fontes) AS f (ordem integer, tabela text)
        WHERE to_regclass(quote_ident(f.tabela)) IS NOT NULL ORDER BY f.ordem
    LOOP
        PERFORM set_config('lock_timeout', CASE v_fonte.ordem WHEN 1 THEN '2s' ELSE '150ms' END, true);
        EXECUTE format('LOCK TABLE %I IN SHARE ROW EXCLUSIVE MODE', v_fonte.tabela);
    END LOOP;
    DELETE FROM _estoque_anotacao;

    FOR v_falta IN
        WITH RECURSIVE arvore AS (
            SELECT f.argumentos, to_regclass(quote_ident(f.tabela))::oid AS relacao
            FROM jsonb_to_recordset(v_fontes) AS f (tabela text, argumentos text[])
            UNION
            SELECT a.argumentos, i.inhrelid
            FROM arvore AS a
            JOIN pg_inherits AS i ON i.inhparent = a.relacao
            JOIN pg_class AS c ON c.oid = i.inhrelid AND c.relpersistence <> 't'
        )
        SELECT a.relacao::regclass AS relacao, e.evento, e.linhas,
            (SELECT string_agg(quote_literal(x.a), ', ' ORDER BY x.n)
             FROM unnest(a.argumentos) WITH ORDINALITY AS x (a, n)) AS argumentos,
            coalesce(
                (SELECT t.tgname::text FROM pg_trigger AS t
                 WHERE t.tgrelid = a.relacao AND t.tgfoid = to_regproc('_estoque_anotar')
                     AND starts_with(t.tgname, e.gatilho)),
                CASE WHEN EXISTS (SELECT FROM pg_trigger AS t
                                  WHERE t.tgrelid = a.relacao AND t.tgname = e.gatilho)
                    THEN e.gatilho || '_'
                        || left(md5(format('%s.%s', current_schema(), '_estoque_anotar')), 8)
                    ELSE e.gatilho END) AS nome
        FROM arvore AS a
        CROSS JOIN (
            VALUES
                ('estoque_inserir', 'INSERT', 'REFERENCING NEW TABLE AS novos'),
                ('estoque_alterar', 'UPDATE', 'REFERENCING OLD TABLE AS antigos NEW TABLE AS novos'),
                ('estoque_excluir', 'DELETE', 'REFERENCING OLD TABLE AS antigos'),
                ('estoque_truncar', 'TRUNCATE', '')
        ) AS e (gatilho, evento, linhas)
        WHERE a.relacao IS NOT NULL
    LOOP
        EXECUTE format('CREATE OR REPLACE TRIGGER %I AFTER %s ON %s %s FOR EACH STATEMENT'
            ' EXECUTE FUNCTION _estoque_anotar(%L, %s)', v_falta.nome, v_falta.evento,
            v_falta.relacao, v_falta.linhas, current_setting('estoque_pg.trava'),
            v_falta.argumentos);
        EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER %I', v_falta.relacao, v_falta.nome);
    END LOOP;
END
$body$;

-- What is below each of these tables, as vivo_conferir compares it: a partition that is detached and
-- attached again has its triggers, but may not have been there while it was to be counted.
INSERT INTO _estoque_anotacao
SELECT 'abaixo', format('%s %s %s', i.inhparent, i.inhrelid, i.xmin)
FROM pg_inherits AS i
WHERE i.inhparent IN (SELECT t.tgrelid FROM pg_trigger AS t
                      WHERE t.tgfoid = to_regproc('_estoque_anotar'));
