-- Codes that may be wrong, of partitions that were written to before they got triggers or of a
-- restored copy: the minute job compares these beside its batch, and takes them off as it does.
-- Without a foreign key: any code may be here.
CREATE TABLE estoque_recontagem (
    codigo text PRIMARY KEY
);

REVOKE ALL ON estoque_recontagem FROM PUBLIC;
GRANT SELECT ON estoque_recontagem TO PUBLIC;

COMMENT ON TABLE estoque_recontagem IS
    'Codes that may be wrong, of a restored copy for one, to be compared soon; inner use.';
