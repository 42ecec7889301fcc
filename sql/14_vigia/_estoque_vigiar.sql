-- Puts our four triggers on every source and on every partition or child of one that lacks them, and
-- turns on those that were disabled. A statement fires the triggers of the table it names, not those
-- of the partitions behind it, so nothing counts twice; without triggers of its own, a partition
-- written to directly would not count at all. An INSERT ... ON CONFLICT DO UPDATE or a MERGE fires
-- several, each with its own rows. A name that is taken on the table, by the ERP or by another install
-- that shares a child, is passed over for one of this schema's own. Takes ours off tables that are no
-- sources (any more), where the role may. Those that note while an installation counts (see
-- estoque_pg/instalacao) are replaced, which lets readers go on.
-- Returns the tables that lacked a trigger and the number mended.
-- p_so_particoes: only partitions that have none of the four; the minute job asks for these, and
-- leaves alone what somebody disabled on purpose.
CREATE FUNCTION _estoque_vigiar(
    p_so_particoes boolean DEFAULT false, OUT tabelas regclass[], OUT gatilhos bigint
)
LANGUAGE plpgsql VOLATILE
SET search_path FROM CURRENT
AS $body$
DECLARE
    v_falta record;
BEGIN
    gatilhos := 0;
    FOR v_falta IN
        SELECT g.* FROM (
            SELECT x.*, count(*) FILTER (WHERE x.estado = 'missing') OVER (PARTITION BY x.relacao) AS n
            FROM estoque_gatilhos() AS x WHERE x.relacao IS NOT NULL
        ) AS g
        WHERE g.estado IN ('missing', 'disabled', 'replica only', 'stray') AND (NOT p_so_particoes OR (
            g.n = 4 AND EXISTS (SELECT FROM pg_inherits AS i WHERE i.inhrelid = g.relacao)))
    LOOP
        IF v_falta.estado = 'stray' THEN
            BEGIN
                EXECUTE format('DROP TRIGGER %I ON %s', v_falta.existente, v_falta.relacao);
                gatilhos := gatilhos + 1;
            EXCEPTION WHEN insufficient_privilege THEN
                NULL;  -- somebody else's table: the status goes on telling
            END;
            CONTINUE;
        ELSIF v_falta.estado <> 'missing' THEN
            EXECUTE format('ALTER TABLE %s ENABLE TRIGGER %I', v_falta.relacao, v_falta.existente);
        ELSE
            EXECUTE format('CREATE OR REPLACE TRIGGER %I AFTER %s ON %s %s FOR EACH STATEMENT'
                ' EXECUTE FUNCTION %I()',
                coalesce(
                    (SELECT t.tgname::text FROM pg_trigger AS t
                     WHERE t.tgrelid = v_falta.relacao AND t.tgfoid = to_regproc('_estoque_anotar')
                         AND starts_with(t.tgname, v_falta.gatilho)),
                    CASE WHEN EXISTS (SELECT FROM pg_trigger AS t WHERE t.tgrelid = v_falta.relacao
                                      AND t.tgname = v_falta.gatilho)
                        THEN v_falta.gatilho || '_'
                            || left(md5(format('%s.%s', current_schema(), v_falta.funcao)), 8)
                        -- The rows of a table that Citus has distributed go by a trigger of its own, and
                        -- triggers fire in the order of their names.
                        WHEN v_falta.gatilho = 'estoque_truncar' AND EXISTS (
                            SELECT FROM pg_trigger AS t WHERE t.tgrelid = v_falta.relacao
                                AND t.tgisinternal AND starts_with(t.tgname, 'truncate_trigger_'))
                        THEN 'zerar_estoque'
                        ELSE v_falta.gatilho END),
                CASE v_falta.gatilho WHEN 'estoque_inserir' THEN 'INSERT'
                    WHEN 'estoque_alterar' THEN 'UPDATE' WHEN 'estoque_excluir' THEN 'DELETE'
                    ELSE 'TRUNCATE' END,
                v_falta.relacao,
                CASE v_falta.gatilho WHEN 'estoque_inserir' THEN 'REFERENCING NEW TABLE AS novos'
                    WHEN 'estoque_alterar'
                    THEN 'REFERENCING OLD TABLE AS antigos NEW TABLE AS novos'
                    WHEN 'estoque_excluir' THEN 'REFERENCING OLD TABLE AS antigos' ELSE '' END,
                v_falta.funcao);
        END IF;
        gatilhos := gatilhos + 1;
        IF v_falta.relacao <> ALL (coalesce(tabelas, '{}')) THEN
            tabelas := tabelas || v_falta.relacao;
        END IF;
    END LOOP;
END
$body$;

REVOKE ALL ON FUNCTION _estoque_vigiar(boolean) FROM PUBLIC;
COMMENT ON FUNCTION _estoque_vigiar(boolean) IS 'Puts missing triggers on the sources; inner use.';
