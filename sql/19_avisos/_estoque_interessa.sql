-- Whether the conditions of a subscription (tipos, prefixo, responsavel, produtos) are met by a product, of
-- whom p_quem looks after, and a type of transition (NULL: any). A code that is named stands for its group,
-- and a product that was unified for its group. Not the row of a subscription: at a node of Citus that is
-- of another type.
CREATE FUNCTION _estoque_interessa(
    p_tipos text[], p_prefixo text, p_responsavel text, p_produtos text[],
    p_produto text, p_quem text, p_tipo text
) RETURNS boolean
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $body$
BEGIN
    RETURN (p_tipo IS NULL OR p_tipos IS NULL OR p_tipo = ANY (p_tipos))
        AND (p_prefixo IS NULL OR starts_with(p_produto, p_prefixo))
        AND (p_responsavel IS NULL OR lower(p_responsavel) = lower(coalesce(p_quem, '')))
        AND (p_produtos IS NULL OR estoque_codigo(p_produto) IN (
            SELECT estoque_codigo(x.codigo) FROM unnest(p_produtos) AS x (codigo)));
END
$body$;

REVOKE ALL ON FUNCTION _estoque_interessa(text[], text, text, text[], text, text, text) FROM PUBLIC;
COMMENT ON FUNCTION _estoque_interessa(text[], text, text, text[], text, text, text) IS
    'Whether a subscription asks for a product and a type of transition; inner use.';
