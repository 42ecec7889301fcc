-- Whether a row of embarque_itens invoices its lot: active, with an invoice, without a validation error.
CREATE FUNCTION _estoque_fatura(p_status text, p_nota_fiscal text, p_erro_validacao text)
RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN coalesce(p_status = 'ativo' AND p_nota_fiscal <> '' AND p_erro_validacao IS NULL, false);

GRANT EXECUTE ON FUNCTION _estoque_fatura(text, text, text) TO PUBLIC;
COMMENT ON FUNCTION _estoque_fatura(text, text, text) IS
    'True while a shipment item takes the separations of its lot out of the forecast.';
