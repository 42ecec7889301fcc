-- Figures of the alerts for the status, which everybody may see: they name nobody. encerradas are the
-- subscriptions that ended of themselves. NULL where this
-- function's owner may not read them any more, which the status shows for itself.
CREATE FUNCTION _estoque_estado_dos_avisos(
    OUT inscricoes bigint, OUT pendentes bigint, OUT atrasada_desde timestamptz, OUT mortas bigint,
    OUT erro text, OUT encerradas bigint
)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path FROM CURRENT
AS $body$
BEGIN
    SELECT count(*) FILTER (WHERE i.ativa),
        count(*) FILTER (WHERE NOT i.ativa AND i.motivo IS NOT NULL)
    INTO inscricoes, encerradas
    FROM estoque_inscricao AS i;
    SELECT count(*), min(e.criada_em) INTO pendentes, atrasada_desde
    FROM estoque_entrega AS e WHERE e.estado = 'pendente';
    SELECT count(*) INTO mortas FROM estoque_entrega AS e WHERE e.estado = 'morta';
    SELECT a.erro INTO erro FROM estoque_avisador AS a;
EXCEPTION WHEN insufficient_privilege THEN
    NULL;
END
$body$;

GRANT EXECUTE ON FUNCTION _estoque_estado_dos_avisos() TO PUBLIC;
COMMENT ON FUNCTION _estoque_estado_dos_avisos() IS
    'How many subscriptions there are, and deliveries that wait or were given up; inner use.';
