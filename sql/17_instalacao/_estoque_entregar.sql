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
    v_objetos text[];
    v_de oid;
    v_objeto text;
    v_modelo text;
    v_valores text[];
BEGIN
    SELECT array_agg(DISTINCT r.relowner) INTO v_donos
    FROM _estoque_fontes() AS f
    JOIN pg_class AS r ON r.oid = to_regclass(f.tabela)
    JOIN pg_type AS t ON t.oid = r.reltype AND age(t.xmin) > 0;

    SELECT array_agg(format('%s %s', x.tipo, x.nome)), min(x.dono) INTO v_objetos, v_de
    FROM (
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
    WHERE x.dono <> ALL (v_donos);
    IF v_objetos IS NULL THEN
        RETURN 0::bigint;
    END IF;

    BEGIN
        IF cardinality(v_donos) = 1 THEN
            FOREACH v_objeto IN ARRAY v_objetos LOOP
                EXECUTE format('ALTER %s OWNER TO %s', v_objeto, v_donos[1]::regrole);
            END LOOP;
            v_modelo := 'estoque_pg: what is ours belongs to %s, as the sources do';
            RAISE NOTICE USING MESSAGE = format(v_modelo, v_donos[1]::regrole),
                CONSTRAINT = v_modelo, DATATYPE = json_build_array(v_donos[1]::regrole)::text;
            RETURN cardinality(v_objetos)::bigint;
        END IF;
    EXCEPTION WHEN insufficient_privilege THEN
        NULL;  -- told below
    END;
    v_modelo := 'estoque_pg: warning: the sources belong to %s, and what is ours to %s: that role alone'
        ' can upgrade, mend or remove it, and the triggers run with its rights';
    v_valores := ARRAY[(SELECT string_agg(d::regrole::text, ', ') FROM unnest(v_donos) AS d),
        v_de::regrole::text];
    RAISE NOTICE USING MESSAGE = format(v_modelo, VARIADIC v_valores),
        CONSTRAINT = v_modelo, DATATYPE = to_json(v_valores)::text;
    RETURN 0::bigint;
END
$body$;

REVOKE ALL ON FUNCTION _estoque_entregar() FROM PUBLIC;
COMMENT ON FUNCTION _estoque_entregar() IS
    'Gives what is ours to the owner of the sources; inner use.';
