-- Nets what a statement took away and put back, per code and date. Returns what remains (deltas, in
-- which only what changes something is left), every code concerned (codigos), and those that lost
-- rows or may bear another name (rever).
CREATE FUNCTION _estoque_compensar(
    p_deltas _estoque_delta[],
    OUT deltas _estoque_delta[], OUT codigos text[], OUT rever text[]
)
LANGUAGE plpgsql IMMUTABLE
AS $body$
BEGIN
    SELECT array_agg(ROW(n.codigo, n.data, n.saldo, n.entrada, n.saida, 0, n.nome,
                NULL, NULL, NULL)::_estoque_delta) FILTER (WHERE n.mudou),
        array_agg(DISTINCT n.codigo) FILTER (WHERE n.mudou OR n.perdeu),
        array_agg(DISTINCT n.codigo) FILTER (WHERE n.perdeu)
    INTO deltas, codigos, rever
    FROM (
        SELECT d.codigo, d.data, sum(d.saldo) AS saldo, sum(d.entrada) AS entrada,
            sum(d.saida) AS saida,
            _estoque_nome_unico(min(d.nome COLLATE "C"), max(d.nome COLLATE "C")) AS nome,
            sum(d.saldo) <> 0 OR sum(d.entrada) <> 0 OR sum(d.saida) <> 0
                OR sum(sum(d.linhas)) OVER w <> 0 AS mudou,
            sum(sum(d.linhas)) OVER w < 0 OR sum(sum(d.digital)) OVER w <> 0 AS perdeu
        -- Sorted by bytes: which code comes first means nothing here.
        FROM (SELECT u.codigo COLLATE "C" AS codigo, u.data, u.saldo, u.entrada, u.saida, u.linhas,
                  u.nome, u.digital
              FROM unnest(p_deltas) AS u) AS d
        WHERE d.codigo IS NOT NULL
        GROUP BY d.codigo, d.data
        WINDOW w AS (PARTITION BY d.codigo)
    ) AS n;
END
$body$;

REVOKE ALL ON FUNCTION _estoque_compensar(_estoque_delta[]) FROM PUBLIC;
COMMENT ON FUNCTION _estoque_compensar(_estoque_delta[]) IS
    'What remains of the changes of one statement; inner use.';
