-- A text as it is searched: without accents, composed or not, and without capitals. It never fails,
-- whatever the encoding of the database, since writing a name waits for it. Letters with an accent are
-- known in UTF-8, in the encodings of Western Europe and, as either, in SQL_ASCII; elsewhere only
-- capitals are evened out. Tables are made with it, and a dump that is restored finds it anywhere: it
-- names nothing but what PostgreSQL itself has.
-- Not in SQL: each statement that writes a name would read and plan all of it anew, for ten times as long
-- as it takes.
CREATE FUNCTION _estoque_simples(p_texto text) RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
AS $body$
BEGIN
    IF p_texto !~ '[^\x01-\x7f]' THEN
        RETURN lower(p_texto);
    ELSIF getdatabaseencoding() = 'UTF8' THEN
        RETURN lower(regexp_replace(normalize(p_texto, NFD), '[\u0300-\u036f]', '', 'g'));
    ELSIF getdatabaseencoding() IN ('SQL_ASCII', 'LATIN1', 'LATIN5', 'LATIN9', 'WIN1252') THEN
        -- By bytes, written as \351: of two that are a letter or an accent in UTF-8 one is made, or none.
        RETURN (
            SELECT replace(lower(
                regexp_replace(regexp_replace(regexp_replace(regexp_replace(
                regexp_replace(regexp_replace(regexp_replace(regexp_replace(
                    CASE WHEN getdatabaseencoding() = 'SQL_ASCII' THEN
                        regexp_replace(regexp_replace(
                            b.octetos, '\\314\\2[0-7]{2}|\\315\\2[0-5][0-7]', '', 'g'),
                            '\\303\\2([0-7]{2})', '\\3\1', 'g')
                        ELSE b.octetos END,
                    '\\3[04][0-5]', 'a', 'g'), '\\3[04]7', 'c', 'g'),
                    '\\3[15][0-3]', 'e', 'g'), '\\3[15][4-7]', 'i', 'g'),
                    '\\3[26]1', 'n', 'g'), '\\3[26][2-6]|\\3[37]0', 'o', 'g'),
                    '\\3[37][1-4]', 'u', 'g'), '\\3[37]5|\\377', 'y', 'g')), chr(1), chr(92))
            FROM (SELECT encode(convert_to(
                translate(p_texto, chr(92), chr(1)), getdatabaseencoding()), 'escape')) AS b (octetos));
    END IF;
    RETURN lower(p_texto);
END
$body$;

GRANT EXECUTE ON FUNCTION _estoque_simples(text) TO PUBLIC;
COMMENT ON FUNCTION _estoque_simples(text) IS
    'A text as it is searched: without accents and capitals; inner use.';
