-- What a group consists of: by names one by one, and by a pattern of schemas of this database. Only
-- its owner reads and writes them; what they say is answered by estoque_empresas.
CREATE TABLE estoque_grupo (
    unico boolean PRIMARY KEY DEFAULT true CHECK (unico),
    padrao text CHECK (padrao <> ''),
    -- Seconds that a server may take over one company's answer.
    limite numeric NOT NULL DEFAULT 5 CHECK (limite > 0)
);
COMMENT ON TABLE estoque_grupo IS
    'A group of companies: the pattern of its schemas, how long a server is waited for.';

CREATE TABLE estoque_grupo_empresa (
    empresa text PRIMARY KEY CHECK (empresa <> ''),
    esquema text NOT NULL,
    -- A foreign server; NULL is this database.
    servidor text
);
CREATE UNIQUE INDEX estoque_grupo_empresa_onde
    ON estoque_grupo_empresa (esquema, coalesce(servidor, ''));
COMMENT ON TABLE estoque_grupo_empresa IS
    'The companies that a group names one by one: schema and, elsewhere, foreign server.';
