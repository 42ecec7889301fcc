-- Fingerprints of our functions as they were installed, taken by a server of that major version
-- (another prints the same function differently).
CREATE TABLE estoque_assinatura (
    objeto text PRIMARY KEY,
    md5 text NOT NULL,
    servidor integer NOT NULL
);

REVOKE ALL ON estoque_assinatura FROM PUBLIC;
GRANT SELECT ON estoque_assinatura TO PUBLIC;

COMMENT ON TABLE estoque_assinatura IS
    'Fingerprints of the installed functions; inner use, read through estoque_alterados().';
