-- Takes away all that was signed, whatever has become of it since: with the functions of the triggers
-- these themselves, wherever they are. What depends on ours and is not ours stops it.
DO $$
DECLARE
    v_comando text;
    v_comandos text[];
BEGIN
    SELECT array_agg(x.comando ORDER BY x.ordem) INTO v_comandos
    FROM (
        SELECT x.ordem,
            format('DROP %s IF EXISTS %s', upper(a.tipo), string_agg(
                CASE a.tipo WHEN 'function' THEN a.objeto ELSE quote_ident(a.objeto) END, ', '))
                AS comando
        FROM estoque_assinatura AS a
        -- Tables are made with _estoque_simples.
        CROSS JOIN LATERAL (SELECT CASE WHEN a.objeto = '_estoque_simples(text)' THEN 6
            ELSE array_position(ARRAY['view', NULL, 'function', 'table', 'type'], a.tipo) END)
            AS x (ordem)
        WHERE a.tipo IN ('view', 'function', 'table', 'type')
            -- The book of migrations goes last, by itself.
            AND a.objeto !~ '^_yoyo_' AND a.objeto <> 'estoque_migracao_soma'
        GROUP BY a.tipo, x.ordem
        UNION ALL
        SELECT 2, format('DROP FUNCTION IF EXISTS %s CASCADE', string_agg(a.objeto, ', '))
        FROM estoque_assinatura AS a
        WHERE a.objeto ~ '^_estoque_gatilho_'
    ) AS x
    WHERE x.comando IS NOT NULL;
    FOREACH v_comando IN ARRAY v_comandos LOOP
        EXECUTE v_comando;
    END LOOP;
END
$$;
