-- Whether a table is a source of ours, or among the partitions or children of one. A partition keeps
-- its triggers when it is detached. Where Citus has distributed the schema, statements fire the triggers
-- of a shard, a table of its own on the node of the schema; which it is one of is known to Citus.
CREATE FUNCTION _estoque_pertence(p_relacao oid, p_fonte text) RETURNS boolean
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $body$
DECLARE
    v_tabela oid;
BEGIN
    IF to_regclass('pg_catalog.pg_dist_shard') IS NOT NULL THEN
        -- By what its name ends with: Citus leaves shards out where pg_class is asked.
        EXECUTE format('SELECT s.logicalrelid FROM %I AS s'
            ' WHERE s.shardid = substring($1::text FROM ''_([0-9]{1,18})"?$'')::bigint'
            ' AND to_regclass(shard_name(s.logicalrelid, s.shardid)) = $1', 'pg_dist_shard')
        INTO v_tabela USING p_relacao::regclass;
    END IF;
    IF coalesce(v_tabela, p_relacao) = to_regclass(p_fonte) THEN
        RETURN true;
    END IF;
    RETURN EXISTS (
        WITH RECURSIVE acima AS (
            SELECT coalesce(v_tabela, p_relacao) AS relacao
            UNION
            SELECT i.inhparent
            FROM acima AS a
            JOIN pg_inherits AS i ON i.inhrelid = a.relacao AND NOT i.inhdetachpending
        )
        SELECT FROM acima AS a WHERE a.relacao = to_regclass(p_fonte));
END
$body$;

GRANT EXECUTE ON FUNCTION _estoque_pertence(oid, text) TO PUBLIC;
COMMENT ON FUNCTION _estoque_pertence(oid, text) IS
    'True for a source table, its partitions and its children; inner use.';
