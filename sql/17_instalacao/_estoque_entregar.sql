-- Gives what is ours to the owner of the sources, where somebody else has installed it (a superuser, as
-- a rule): who owns the tables then upgrades, mends and removes it as well, and the triggers run with
-- no more rights than that. Sources that this transaction has made go with it. Where the sources have
-- several owners, or the role may not give it away, it says what that costs.
-- Returns how many objects it gave. Needs the signatures.
CREATE FUNCTION _estoque_entregar() RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET search_path FROM CURRENT
AS $body$
DECLARE
    v_donos oid[];
    v_dono regrole;
    v_objeto record;
    v_quantos bigint := 0::bigint;
BEGIN
    SELECT array_agg(DISTINCT r.relowner) INTO v_donos
    FROM _estoque_fontes() AS f
    JOIN pg_class AS r ON r.oid = to_regclass(f.tabela)
    JOIN pg_type AS t ON t.oid = r.reltype AND age(t.xmin) > 0;
    v_dono := CASE cardinality(v_donos) WHEN 1 THEN v_donos[1] END;

    FOR v_objeto IN
        SELECT x.* FROM (
            SELECT CASE r.relkind WHEN 'c' THEN 'TYPE' WHEN 'v' THEN 'VIEW' ELSE 'TABLE' END AS tipo,
                quote_ident(r.relname) AS nome, r.relowner AS dono
            FROM pg_class AS r
            JOIN pg_type AS t ON t.oid = r.reltype
            WHERE r.relnamespace = quote_ident(current_schema())::regnamespace
                AND r.relkind IN ('c', 'r', 'p', 'v')
                AND (r.relname = ANY (_estoque_relacoes())
                    OR age(t.xmin) <= 0 AND r.relname IN (SELECT f.tabela FROM _estoque_fontes() AS f))
            UNION ALL
            SELECT 'FUNCTION', a.objeto, p.proowner
            FROM estoque_assinatura AS a
            JOIN pg_proc AS p ON p.oid = to_regprocedure(a.objeto)
            WHERE a.tipo = 'function'
        ) AS x
        WHERE x.dono <> ALL (v_donos)
    LOOP
        IF v_dono IS NOT NULL THEN
            BEGIN
                EXECUTE format('ALTER %s %s OWNER TO %s', v_objeto.tipo, v_objeto.nome, v_dono);
                v_quantos := v_quantos + 1;
                CONTINUE;
            EXCEPTION WHEN insufficient_privilege THEN
                NULL;  -- told below
            END;
        END IF;
        RAISE NOTICE USING MESSAGE = format('estoque_pg: warning: the sources belong to %s, and what is'
            ' ours to %s: that role alone can upgrade, mend or remove it, and the triggers run with its'
            ' rights', (SELECT string_agg(d::regrole::text, ', ') FROM unnest(v_donos) AS d),
            v_objeto.dono::regrole);
        EXIT;
    END LOOP;
    IF v_quantos > 0 THEN
        RAISE NOTICE USING MESSAGE = format('estoque_pg: what is ours belongs to %s, as the sources do',
            v_dono);
    END IF;
    RETURN v_quantos;
END
$body$;

REVOKE ALL ON FUNCTION _estoque_entregar() FROM PUBLIC;
COMMENT ON FUNCTION _estoque_entregar() IS
    'Gives what is ours to the owner of the sources; inner use.';
