-- Whether balance and minimum of a product may move by a movement without a look at the forecast. They
-- may where the fields were projected today. Fields of an earlier day that still hold say something of
-- each day since: they may move as long as no day ends below zero. Kept in one piece by coalesce: the
-- index on the validity is not the one by which a product is to be looked up.
CREATE FUNCTION _estoque_basta_somar(
    p_menor numeric, p_saldo numeric, p_hoje date, p_desde date, p_ate date
) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN coalesce(p_hoje <= p_ate
    AND (p_desde = p_hoje OR (p_desde < p_hoje AND p_menor + p_saldo >= 0)), false);

REVOKE ALL ON FUNCTION _estoque_basta_somar(numeric, numeric, date, date, date) FROM PUBLIC;
COMMENT ON FUNCTION _estoque_basta_somar(numeric, numeric, date, date, date) IS
    'True where the minimum moves along with the balance; inner use.';
