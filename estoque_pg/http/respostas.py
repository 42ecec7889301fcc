"""Every error as `{"sucesso": false, "erro": "..."}`, whoever raised it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException

from estoque_pg.erros import (
    ArgumentoInvalido,
    BancoMaisNovo,
    ErroConexao,
    ErroEstoque,
    ErroSerializacao,
    MigracaoAlterada,
    MigracoesPendentes,
    QuantidadeInvalida,
    SemPermissao,
    UnificacaoInvalida,
)
from estoque_pg.http.formatos import FORMATOS
from estoque_pg.idioma import INGLES, com_idioma, do_cabecalho, idioma, marcar, t

_registro = logging.getLogger("estoque_pg.http")
_registro_da_conexao = logging.getLogger("estoque_pg.http.conexao")  # one to be kept short

_FORA = marcar("the database cannot be reached; try again in a moment")
_VERSAO = marcar("the schema and the application are of different versions: GET /saude says more")

# Status, and what is said instead of the error's own message where that is for the log only: it
# may name hosts and roles.
_POR_CLASSE: dict[type[ErroEstoque], tuple[int, str | None]] = {
    ArgumentoInvalido: (422, None),
    QuantidadeInvalida: (409, None),
    UnificacaoInvalida: (409, None),
    ErroSerializacao: (503, marcar("too many sessions write at once; try again in a moment")),
    ErroConexao: (503, _FORA),
    MigracoesPendentes: (503, _VERSAO),
    BancoMaisNovo: (503, _VERSAO),
    MigracaoAlterada: (503, _VERSAO),
    SemPermissao: (403, marcar("the service's role in the database lacks the privilege")),
}
DEMOROU = marcar("the database took too long; try again in a moment")
_INTERNO = marcar("internal error; the log says more")
_CANCELADO = "57014"  # query_canceled: statement_timeout


# What our models refuse, by pydantic's name of it, in its own words where it speaks English.
_QUEIXAS = {
    "missing": marcar("Field required"),
    "extra_forbidden": marcar("Extra inputs are not permitted"),
    "string_type": marcar("Input should be a valid string"),
    "int_type": marcar("Input should be a valid integer"),
    "int_parsing": marcar("Input should be a valid integer, unable to parse string as an integer"),
    "int_parsing_size": marcar("Unable to parse input string as an integer, exceeded maximum size"),
    "int_from_float": marcar(
        "Input should be a valid integer, got a number with a fractional part"
    ),
    "decimal_type": marcar("Input should be a valid decimal"),
    "decimal_parsing": marcar("Input should be a valid decimal"),
    "finite_number": marcar("Input should be a finite number"),
    "greater_than": marcar("Input should be greater than {gt}"),
    "greater_than_equal": marcar("Input should be greater than or equal to {ge}"),
    "less_than_equal": marcar("Input should be less than or equal to {le}"),
    "string_too_short": marcar("String should have at least {min_length} characters"),
    "string_too_long": marcar("String should have at most {max_length} characters"),
    "list_type": marcar("Input should be a valid list"),
    "too_short": marcar("List should have at least {min_length} items after validation"),
    "too_long": marcar("List should have at most {max_length} items after validation"),
}  # fmt: skip
# What Starlette says itself.
_DE_STARLETTE = (marcar("Method Not Allowed"), marcar("There was an error parsing the body"))


def resposta_de_erro(
    status: int, erro: str, headers: Mapping[str, str] | None = None, **mais: Any
) -> JSONResponse:
    """Return the error as JSON; what is no valid Unicode in it is replaced."""
    texto = erro.encode("utf-8", "replace").decode()
    linguas = {"Content-Language": idioma().replace("_", "-"), "Vary": "Accept-Language"}
    return JSONResponse(
        {"sucesso": False, "erro": texto, **mais}, status, headers={**linguas, **(headers or {})}
    )


def status_de(erro: ErroEstoque) -> tuple[int, str]:
    """Return the HTTP status of an error of ours, and what to tell the client."""
    if erro.sqlstate == _CANCELADO:
        return 503, t(DEMOROU)
    status, mensagem = _POR_CLASSE.get(type(erro), (500, _INTERNO))
    return status, t(mensagem) if mensagem else erro.mensagem


Pagina = Callable[[Request, int, str], Response | None]


def instalar(app: FastAPI, pagina: Pagina | None = None) -> None:
    """Make the application answer all errors this way.

    `pagina` gives the page to who reads pages; None where it is no such one.
    """

    def responder(
        pedido: Request,
        status: int,
        erro: str,
        headers: Mapping[str, str] | None = None,
        a_pessoas: str | None = None,
    ) -> Response:
        feita = pagina(pedido, status, a_pessoas or erro) if pagina else None
        return feita or resposta_de_erro(status, erro, headers)

    async def nosso(pedido: Request, erro: Exception) -> Response:
        assert isinstance(erro, ErroEstoque)
        status, mensagem = status_de(erro)
        if mensagem != erro.mensagem:  # what the client is not told
            registro = _registro_da_conexao if isinstance(erro, ErroConexao) else _registro
            registro.warning("warning: answered %s: %s", status, erro.mensagem)
        return responder(pedido, status, mensagem)

    async def de_http(pedido: Request, erro: Exception) -> Response:
        assert isinstance(erro, HTTPException)
        if erro.status_code < 400:  # the panel sends on to its login
            return Response(status_code=erro.status_code, headers=erro.headers)
        if erro.detail == "Not Found":  # no route: all others say what was not found
            return responder(
                pedido,
                erro.status_code,
                t("there is nothing at this address: GET /openapi.json lists what there is"),
                erro.headers,
                a_pessoas=t("there is nothing at this address"),
            )
        detalhe = t(erro.detail) if erro.detail in _DE_STARLETTE else erro.detail
        return responder(pedido, erro.status_code, detalhe, erro.headers)

    async def de_validacao(pedido: Request, erro: Exception) -> Response:
        assert isinstance(erro, RequestValidationError)
        return responder(pedido, 422, _queixa(erro))

    async def inesperado(pedido: Request, erro: Exception) -> Response:
        # Starlette asks for this one outside of all that surrounds a request.
        with com_idioma(do_cabecalho(pedido.headers.get("accept-language"))):
            return responder(pedido, 500, t(_INTERNO))  # the log has the traceback

    app.add_exception_handler(ErroEstoque, nosso)
    app.add_exception_handler(HTTPException, de_http)
    app.add_exception_handler(RequestValidationError, de_validacao)
    app.add_exception_handler(Exception, inesperado)


def _queixa(erro: RequestValidationError) -> str:
    """Say in one line where and what the first misfits are."""
    queixas = []
    for misfit in erro.errors()[:3]:
        if misfit["type"] == "json_invalid":
            return t("the body is not valid JSON: {erro}", erro=misfit["ctx"]["error"])
        onde = ".".join(str(parte) for parte in misfit["loc"][1:])
        queixa = misfit["msg"]
        if idioma() != INGLES and misfit["type"] in _QUEIXAS:
            queixa = t(_QUEIXAS[misfit["type"]], **misfit.get("ctx", {}))
        if misfit["type"] == "string_pattern_mismatch":  # the one pattern there is
            queixa = t("a product code cannot contain a NUL character")
        elif misfit["type"] == "literal_error":  # the one choice there is
            queixa = t("one of {formatos} is expected", formatos=", ".join(FORMATOS))
        elif not onde and misfit["type"] == "model_attributes_type":  # curl -d, with its own type
            queixa = t("a JSON object is expected, with Content-Type: application/json")
        queixas.append(f"{onde or t('the body')}: {queixa}")
    return "; ".join(queixas)
