-- Whether a movement leaves the outlook of a product in the clear: the fields hold today and no day
-- ends below zero before or after. Then the minimum moves by the same amount, there is no rupture,
-- and nothing else need be read.
CREATE FUNCTION _estoque_basta_somar(
    p_menor numeric, p_saldo numeric, p_hoje date, p_desde date, p_ate date
) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN p_menor + p_saldo >= 0 AND p_hoje BETWEEN p_desde AND p_ate;

REVOKE ALL ON FUNCTION _estoque_basta_somar(numeric, numeric, date, date, date) FROM PUBLIC;
COMMENT ON FUNCTION _estoque_basta_somar(numeric, numeric, date, date, date) IS
    'True where the minimum moves along with the balance; inner use.';
