-- All that an installation consists of in its schema, as it was installed: what tells a part that is
-- missing or changed, puts it back, and takes it away in the end. See _estoque_pecas. `servidor` is
-- the major version of the server that wrote the definitions (another may write the same function
-- or view differently); `direitos` what everybody may do with it.
CREATE TABLE estoque_assinatura (
    objeto text NOT NULL,
    definicao text NOT NULL,
    comentario text,
    servidor integer NOT NULL,
    tipo text NOT NULL,
    direitos text[] NOT NULL,
    PRIMARY KEY (tipo, objeto)
);

REVOKE ALL ON estoque_assinatura FROM PUBLIC;
GRANT SELECT ON estoque_assinatura TO PUBLIC;

COMMENT ON TABLE estoque_assinatura IS
    'What an installation consists of, as it was installed; inner use, read through estoque_alterados().';
