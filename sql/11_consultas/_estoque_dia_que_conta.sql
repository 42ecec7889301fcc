-- The day on which a document counts, by its date: an exit that is overdue today, an entry that is overdue
-- and what has no date on none.
CREATE FUNCTION _estoque_dia_que_conta(p_data date, p_entra boolean, p_hoje date) RETURNS date
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN p_data >= p_hoje THEN p_data WHEN p_data < p_hoje AND NOT p_entra THEN p_hoje END;

REVOKE ALL ON FUNCTION _estoque_dia_que_conta(date, boolean, date) FROM PUBLIC;
COMMENT ON FUNCTION _estoque_dia_que_conta(date, boolean, date) IS
    'The day on which a document counts, NULL where it does not; inner use.';
