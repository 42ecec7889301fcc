-- Whether a subscription asks for a product, of whom p_responsavel looks after, and a type of transition
-- (NULL: any). A code that it names stands for its group, and a product that was unified for its group.
CREATE FUNCTION _estoque_interessa(
    p_inscricao estoque_inscricao, p_produto text, p_responsavel text, p_tipo text
) RETURNS boolean
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $body$
BEGIN
    RETURN (p_tipo IS NULL OR p_inscricao.tipos IS NULL OR p_tipo = ANY (p_inscricao.tipos))
        AND (p_inscricao.prefixo IS NULL OR starts_with(p_produto, p_inscricao.prefixo))
        AND (p_inscricao.responsavel IS NULL
            OR lower(p_inscricao.responsavel) = lower(coalesce(p_responsavel, '')))
        AND (p_inscricao.produtos IS NULL OR estoque_codigo(p_produto) IN (
            SELECT estoque_codigo(x.codigo) FROM unnest(p_inscricao.produtos) AS x (codigo)));
END
$body$;

REVOKE ALL ON FUNCTION _estoque_interessa(estoque_inscricao, text, text, text) FROM PUBLIC;
COMMENT ON FUNCTION _estoque_interessa(estoque_inscricao, text, text, text) IS
    'Whether a subscription asks for a product and a type of transition; inner use.';
