-- Turns the day: projects anew exactly the products whose stored D7 fields do not hold today.
-- Returns how many. Locks those rows in order, but waits for none: who holds one would be waiting
-- for the others in turn. Correctness never waits for it: readers project what has expired, and
-- the next run takes what this one left.
CREATE FUNCTION estoque_virada() RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path FROM CURRENT
AS $body$
BEGIN
    RETURN _estoque_virar();
END
$body$;

REVOKE ALL ON FUNCTION estoque_virada() FROM PUBLIC;
COMMENT ON FUNCTION estoque_virada() IS
    'Refreshes the D7 fields that no longer hold and returns the number of products refreshed.';
