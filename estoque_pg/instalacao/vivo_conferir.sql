-- With the writers held off. Where a table has come below a source or gone from it, if only for a
-- while, or the triggers that note were off, something was not noted: then everything is counted once
-- more. So it is below a subscription: what that applies fires no trigger of a statement. A table that
-- this transaction has made, and so holds for itself alone, nobody else has written to.
INSERT INTO _estoque_anotacao
SELECT 'tudo', NULL
WHERE EXISTS (
    SELECT FROM (
        SELECT DISTINCT g.relacao::oid AS relacao FROM estoque_gatilhos() AS g
        WHERE g.relacao IS NOT NULL AND g.estado <> 'stray'
    ) AS a
    FULL JOIN (
        SELECT t.tgrelid AS relacao FROM pg_trigger AS t
        WHERE t.tgfoid = to_regproc('_estoque_anotar') AND t.tgenabled = 'A'
        GROUP BY t.tgrelid HAVING count(*) = 4
    ) AS n ON n.relacao = a.relacao
    WHERE (a.relacao IS NULL OR n.relacao IS NULL)
        AND NOT EXISTS (SELECT FROM pg_locks AS l
                        WHERE l.pid = pg_backend_pid() AND l.mode = 'AccessExclusiveLock'
                            AND l.relation = a.relacao)
        OR EXISTS (SELECT FROM pg_subscription_rel AS s WHERE s.srrelid = a.relacao)
) OR EXISTS (
    SELECT FROM (
        SELECT format('%s %s %s', i.inhparent, i.inhrelid, i.xmin) AS valor, i.inhdetachpending
        FROM pg_inherits AS i
        WHERE i.inhparent IN (SELECT t.tgrelid FROM pg_trigger AS t
                              WHERE t.tgfoid = to_regproc('_estoque_anotar'))
    ) AS i
    FULL JOIN (
        SELECT a.valor FROM _estoque_anotacao AS a WHERE a.o_que = 'abaixo'
    ) AS a ON a.valor = i.valor
    WHERE a.valor IS NULL OR i.valor IS NULL OR i.inhdetachpending
);
SELECT _estoque_indexar_fontes();
