-- The codes that an active unification names beside one of those given. The unifications, which are few,
-- are read through: no index of theirs is ours to ask for.
CREATE FUNCTION _estoque_unidos(p_codigos text[]) RETURNS SETOF text
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
SET plan_cache_mode = force_custom_plan
SET enable_seqscan = on
AS $body$
BEGIN
    RETURN QUERY
    SELECT u.codigo_destino::text COLLATE "default" FROM unificacao_codigos AS u
    WHERE u.ativo AND u.codigo_origem::text = ANY (p_codigos) AND u.codigo_destino IS NOT NULL
    UNION
    SELECT u.codigo_origem::text COLLATE "default" FROM unificacao_codigos AS u
    WHERE u.ativo AND u.codigo_destino::text = ANY (p_codigos) AND u.codigo_origem IS NOT NULL;
END
$body$;

REVOKE ALL ON FUNCTION _estoque_unidos(text[]) FROM PUBLIC;
COMMENT ON FUNCTION _estoque_unidos(text[]) IS
    'Codes that an active unification names beside one of those given; inner use.';
