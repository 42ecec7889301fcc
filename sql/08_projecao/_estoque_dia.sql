-- From which of the eight days of the outlook on a document counts: 1 is today, where overdue exits
-- count; 9 is none of them, for later days and for overdue entries. Dates may be infinite.
CREATE FUNCTION _estoque_dia(p_data date, p_entra boolean, p_hoje date) RETURNS integer
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN p_data > p_hoje + 7 OR (p_entra AND p_data < p_hoje) THEN 9
            WHEN p_data <= p_hoje THEN 1
            ELSE p_data - p_hoje + 1 END;

REVOKE ALL ON FUNCTION _estoque_dia(date, boolean, date) FROM PUBLIC;
COMMENT ON FUNCTION _estoque_dia(date, boolean, date) IS
    'Place of a document''s date among the eight days of the outlook; inner use.';
