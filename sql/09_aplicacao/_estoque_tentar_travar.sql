-- Resolves codes to their products and locks the products' rows, in the order of their codes.
-- Resolving and locking are one statement: where a group changed while it waited, or a code was
-- forgotten, the row that it waited for is gone, and todos is false. Where it is true, the codes stay
-- as they are: to change the group of a code, or to forget it, takes the lock on its product.
-- p_registrar makes codes known that are not, before anything is locked. Returns the products, the codes that were not known (novos), and the products that this
-- transaction has rebuilt already (recalculados).
CREATE FUNCTION _estoque_tentar_travar(
    p_codigos text[], p_registrar boolean,
    OUT produtos text[], OUT novos text[], OUT recalculados text[], OUT todos boolean
)
LANGUAGE plpgsql VOLATILE
SET enable_seqscan = off
SET enable_nestloop = on
AS $body$
DECLARE
    v_transacao xid8 := pg_current_xact_id();
    v_linhas bigint;
    v_codigos bigint;
BEGIN
    -- Before anything is locked.
    IF p_registrar AND cardinality(p_codigos) > (
        SELECT count(*)
        FROM (SELECT c.cod_produto FROM estoque_codigo_conhecido AS c
              WHERE c.codigo = ANY (p_codigos) OFFSET 0) AS c
        CROSS JOIN LATERAL (
            SELECT FROM estoque_tempo_real AS t WHERE t.cod_produto = c.cod_produto OFFSET 0
        ) AS t)
    THEN
        novos := _estoque_registrar(p_codigos);
    END IF;
    SELECT count(*), count(DISTINCT x.codigo COLLATE "C"),
        array_agg(DISTINCT x.cod_produto COLLATE "C"),
        array_agg(DISTINCT x.cod_produto COLLATE "C") FILTER (WHERE x.recalculado_por = v_transacao)
    INTO v_linhas, v_codigos, produtos, recalculados
    FROM (
        SELECT c.codigo, t.cod_produto, t.recalculado_por
        FROM (
            SELECT c.codigo, c.cod_produto
            FROM (SELECT c.codigo, c.cod_produto FROM estoque_codigo_conhecido AS c
                  WHERE c.codigo = ANY (p_codigos) OFFSET 0) AS c
            ORDER BY c.cod_produto
        ) AS c
        CROSS JOIN LATERAL (
            SELECT t.cod_produto, t.recalculado_por FROM estoque_tempo_real AS t
            WHERE t.cod_produto = c.cod_produto FOR NO KEY UPDATE
        ) AS t
    ) AS x;
    IF v_linhas > v_codigos THEN
        PERFORM _estoque_acusar_repetido(p_codigos, produtos);
    END IF;
    todos := v_codigos = cardinality(p_codigos);
END
$body$;

REVOKE ALL ON FUNCTION _estoque_tentar_travar(text[], boolean) FROM PUBLIC;
COMMENT ON FUNCTION _estoque_tentar_travar(text[], boolean) IS
    'Registers codes and locks their products, once; inner use.';
