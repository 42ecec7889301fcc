-- Makes our indexes on the sources where they are missing; those of large tables the installer has
-- built before, beside the writers. One left invalid by an attempt that was cut off is made anew; one
-- that went with a table that was renamed, and replaced, stays there under another name.
CREATE FUNCTION _estoque_indexar_fontes() RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path FROM CURRENT
AS $body$
DECLARE
    v_indice record;
BEGIN
    FOR v_indice IN
        SELECT d.*, EXISTS (
            SELECT FROM pg_index AS x JOIN pg_class AS r ON r.oid = x.indexrelid
            WHERE r.oid = to_regclass(d.nome) AND r.relkind = 'i' AND NOT x.indisvalid) AS partido,
            (SELECT x.indexrelid FROM pg_index AS x
             WHERE x.indexrelid = to_regclass(d.nome) AND x.indrelid <> to_regclass(d.tabela)) AS alheio
        FROM _estoque_indices_das_fontes() AS d
    LOOP
        IF v_indice.alheio IS NOT NULL THEN
            EXECUTE format('ALTER INDEX %I RENAME TO %I',
                v_indice.nome, v_indice.nome || '_' || v_indice.alheio);
        ELSIF v_indice.partido THEN
            EXECUTE format('DROP INDEX %I', v_indice.nome);
        END IF;
        -- In parts, as definicao says: every name is quoted.
        IF v_indice.definicao ~ ' WHERE ' THEN
            EXECUTE format('CREATE INDEX IF NOT EXISTS %I ON %I USING %I (%4$I) WHERE %4$I IS NOT NULL',
                v_indice.nome, v_indice.tabela, split_part(v_indice.definicao, ' ', 2),
                v_indice.colunas[1]);
        ELSIF cardinality(v_indice.colunas) = 1 THEN
            EXECUTE format('CREATE INDEX IF NOT EXISTS %I ON %I USING %I (%I)',
                v_indice.nome, v_indice.tabela, split_part(v_indice.definicao, ' ', 2),
                v_indice.colunas[1]);
        ELSE
            EXECUTE format('CREATE INDEX IF NOT EXISTS %I ON %I USING %I (%I, %I)',
                v_indice.nome, v_indice.tabela, split_part(v_indice.definicao, ' ', 2),
                v_indice.colunas[1], v_indice.colunas[2]);
        END IF;
    END LOOP;
END
$body$;

REVOKE ALL ON FUNCTION _estoque_indexar_fontes() FROM PUBLIC;
COMMENT ON FUNCTION _estoque_indexar_fontes() IS
    'Makes our indexes on the sources where they are missing; inner use.';
