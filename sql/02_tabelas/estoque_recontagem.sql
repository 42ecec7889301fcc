-- Codes of partitions that were written to before they got triggers: the minute job compares these
-- beside its batch, and takes them off as it does. Without a foreign key: any code may be here.
CREATE TABLE estoque_recontagem (
    codigo text PRIMARY KEY
);

REVOKE ALL ON estoque_recontagem FROM PUBLIC;

COMMENT ON TABLE estoque_recontagem IS
    'Codes of partitions that got their triggers late, to be compared soon; inner use.';
