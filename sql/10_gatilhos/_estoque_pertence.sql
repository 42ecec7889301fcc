-- Whether a table is a source of ours, or among the partitions or children of one. A partition keeps
-- its triggers when it is detached.
CREATE FUNCTION _estoque_pertence(p_relacao oid, p_fonte text) RETURNS boolean
LANGUAGE plpgsql STABLE
AS $body$
BEGIN
    RETURN EXISTS (
        WITH RECURSIVE acima AS (
            SELECT p_relacao AS relacao
            UNION
            SELECT i.inhparent
            FROM acima AS a
            JOIN pg_inherits AS i ON i.inhrelid = a.relacao AND NOT i.inhdetachpending
        )
        SELECT FROM acima AS a WHERE a.relacao = to_regclass(p_fonte));
END
$body$;

REVOKE ALL ON FUNCTION _estoque_pertence(oid, text) FROM PUBLIC;
COMMENT ON FUNCTION _estoque_pertence(oid, text) IS
    'True for a source table, its partitions and its children; inner use.';
