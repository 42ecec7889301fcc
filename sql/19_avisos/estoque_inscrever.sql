-- Subscribes a destination to transitions, and returns the subscription's id and, for a webhook, its
-- secret, which is not shown again. canal is email (destino: an address), webhook (an http or https
-- address; segredo is made where none is given) or apprise (one of its addresses).
-- The conditions have to hold together: codes of products (produtos), how the code begins (prefixo), who
-- looks after the product (responsavel), the types of transition (tipos). With resumo_as there is one
-- message a day instead, at that hour of the time zone fuso. idioma is pt_BR or en.
-- Raises 22023 for what is none of these, a code that no source knows included.
CREATE FUNCTION estoque_inscrever(
    canal text, destino text, OUT id bigint, INOUT segredo text DEFAULT NULL,
    produtos text[] DEFAULT NULL, prefixo text DEFAULT NULL, responsavel text DEFAULT NULL,
    tipos text[] DEFAULT NULL, resumo_as time DEFAULT NULL, idioma text DEFAULT 'pt_BR',
    fuso text DEFAULT 'America/Sao_Paulo'
)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path FROM CURRENT
AS $body$
DECLARE
    v_estranho text;
    v_ate bigint;
BEGIN
    PERFORM _estoque_exigir_destino(canal, destino, segredo);
    SELECT x.tipo INTO v_estranho
    FROM unnest(tipos) AS x (tipo)
    WHERE x.tipo IS NULL OR x.tipo <> ALL ('{apareceu,aproximou,afastou,terminou,
        abaixo_do_minimo,acima_do_minimo}')
    LIMIT 1;
    IF FOUND THEN
        PERFORM _estoque_acusar('22023', 'tipos', 'a transition has no type %s',
            'Types are apareceu, aproximou, afastou, terminou, abaixo_do_minimo, acima_do_minimo.',
            coalesce(v_estranho, 'NULL'));
    END IF;
    SELECT x.codigo INTO v_estranho
    FROM unnest(produtos) AS x (codigo)
    WHERE NOT EXISTS (SELECT FROM estoque_codigo_conhecido AS k WHERE k.codigo = x.codigo)
    LIMIT 1;
    IF FOUND THEN
        PERFORM _estoque_acusar('22023', 'produtos', 'no source knows the product %s',
            'Give codes as the sources have them.', coalesce(quote_literal(v_estranho), 'NULL'));
    ELSIF cardinality(produtos) = 0 OR cardinality(tipos) = 0 THEN
        PERFORM _estoque_acusar('22023', CASE WHEN cardinality(produtos) = 0 THEN 'produtos'
            ELSE 'tipos' END, 'an empty list would never be met', 'Give NULL for any.');
    ELSIF idioma IS NULL OR idioma NOT IN ('pt_BR', 'en') THEN
        PERFORM _estoque_acusar('22023', 'idioma', 'idioma must be pt_BR or en, not %s',
            'Give the language of the messages.', coalesce(idioma, 'NULL'));
    ELSIF fuso IS NULL OR NOT EXISTS (SELECT FROM pg_timezone_names AS z WHERE z.name = fuso) THEN
        PERFORM _estoque_acusar('22023', 'fuso', 'there is no time zone %s',
            'Give a name such as America/Sao_Paulo or America/Manaus.', coalesce(fuso, 'NULL'));
    END IF;

    IF canal = 'webhook' AND segredo IS NULL THEN
        segredo := 'whsec_' || encode(
            uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()), 'base64');
    END IF;
    v_ate := CASE WHEN resumo_as IS NOT NULL THEN
        coalesce((SELECT max(t.id) FROM estoque_transicao AS t), 0) END;
    id := _estoque_numerar('inscricoes', 1) + 1;
    INSERT INTO estoque_inscricao AS i (id, canal, destino, segredo, produtos, prefixo, responsavel,
        tipos, resumo_as, idioma, fuso, resumo_em, resumo_ate)
    VALUES (id, canal, destino, segredo, produtos, nullif(prefixo, ''), nullif(responsavel, ''), tipos,
        resumo_as, idioma, fuso, _estoque_dia_do_resumo(resumo_as, fuso),
        v_ate);
END
$body$;

REVOKE ALL ON FUNCTION estoque_inscrever(
    text, text, text, text[], text, text, text[], time, text, text) FROM PUBLIC;
COMMENT ON FUNCTION estoque_inscrever(
    text, text, text, text[], text, text, text[], time, text, text) IS
    'Subscribes a destination to transitions; its id and secret; 22023 for bad conditions.';
