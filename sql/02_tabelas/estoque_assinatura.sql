-- Our functions as they were installed: what tells changed ones, and puts them back. `servidor` is the
-- major version of the server that wrote the definitions (another writes the same function
-- differently); `publica` whether everybody may call it.
CREATE TABLE estoque_assinatura (
    objeto text PRIMARY KEY,
    definicao text NOT NULL,
    comentario text,
    publica boolean NOT NULL,
    servidor integer NOT NULL
);

REVOKE ALL ON estoque_assinatura FROM PUBLIC;
GRANT SELECT ON estoque_assinatura TO PUBLIC;

COMMENT ON TABLE estoque_assinatura IS
    'Our functions as they were installed; inner use, read through estoque_alterados().';
