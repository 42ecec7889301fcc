-- Holds the writers of the sources off until commit; readers go on. What is filled below is exact
-- then. The busiest table comes first, waited for while nothing else is held. The others may only
-- be waited for briefly: less in all than a writer's deadlock_timeout, so that where a writer holds
-- one of them and wants another, we give way and not the writer. The installer tries again.
-- Raises 55P03.
DO $body$
DECLARE
    v_tabela text;
BEGIN
    RAISE NOTICE 'estoque_pg: holding writers off';
    PERFORM set_config('lock_timeout', '2s', true);
    LOCK TABLE movimentacao_estoque IN SHARE ROW EXCLUSIVE MODE;
    PERFORM set_config('lock_timeout', '150ms', true);
    FOREACH v_tabela IN ARRAY ARRAY['pre_separacao_item', 'separacao', 'programacao_producao',
        'embarque_itens', 'unificacao_codigos']
    LOOP
        EXECUTE format('LOCK TABLE %I IN SHARE ROW EXCLUSIVE MODE', v_tabela);
    END LOOP;
END
$body$;
