"""The endpoints: each asks the asynchronous API one question, which is one SQL statement."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Depends, HTTPException, Path, Query, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.params import Depends as Dependencia
from fastapi.responses import JSONResponse
from starlette.convertors import Convertor, register_url_convertor

from estoque_pg.api_async import APIEstoqueTempoRealAsync
from estoque_pg.erros import ErroEstoque, traduzindo
from estoque_pg.http import modelos
from estoque_pg.http.respostas import resposta_de_erro, status_de
from estoque_pg.http.saude import Saude, examinar

BASE = "/api/estoque/tempo-real"


class _CodigoNoCaminho(Convertor[str]):
    """The rest of the path is the code, slashes and line ends and all."""

    regex = r"[\s\S]+"

    def convert(self, value: str) -> str:
        return value

    def to_string(self, value: str) -> str:
        return value


register_url_convertor("codigo_de_produto", _CodigoNoCaminho())


async def _api(request: Request) -> APIEstoqueTempoRealAsync:
    api: APIEstoqueTempoRealAsync = request.app.state.api
    return api


API = Annotated[APIEstoqueTempoRealAsync, Depends(_api)]
Codigo = Annotated[
    modelos.Codigo, Path(description="A product code, or an alias of it.", examples=["P001"])
]
Dias = Annotated[modelos.Dias, Query(description="How many days to look ahead.")]
Quantidade = Annotated[
    modelos.Quantidade, Query(description="The quantity to promise.", examples=[10])
]


def _respostas(*codigos: int) -> dict[int | str, dict[str, Any]]:
    significado = {
        400: "The body cannot be read.",
        401: "The token is missing or wrong.",
        403: "The service's role in the database lacks the privilege.",
        404: "No source knows the code.",
        409: "The sources of the product contradict themselves.",
        413: "The body is too large.",
        422: "An argument is out of its domain.",
        503: "The database is away, busy, or not up to date.",
    }
    return {c: {"model": modelos.Erro, "description": significado[c]} for c in codigos}


T = TypeVar("T")


def _sucesso(**campos: Any) -> JSONResponse:
    # Not through the models, which would check again what the row types make sure of.
    return JSONResponse({"sucesso": True, **campos})


def _conhecido(achado: T | None, codigo: str) -> T:
    if achado is None:
        raise HTTPException(404, f"no source knows the code {codigo}")
    return achado


def perguntas(exigencia: Sequence[Dependencia]) -> APIRouter:
    """Return the endpoints that only read; `exigencia` is what they require of a request."""
    respostas = _respostas(401, 503) if exigencia else _respostas(503)
    rotas = APIRouter(prefix=BASE, tags=["estoque"], dependencies=exigencia, responses=respostas)

    @rotas.post(
        "/consultar",
        response_model=modelos.RespostaConsultar,
        responses=_respostas(400, 413, 422),
    )
    async def consultar(consulta: modelos.Consulta, api: API) -> JSONResponse:
        """Balances and forecasts of a list of codes, and those of the list that nothing knows."""
        return _sucesso(**await api.consultar_workspace(consulta.produtos))

    @rotas.get(
        "/produto/{codigo:codigo_de_produto}",
        response_model=modelos.RespostaProduto,
        responses=_respostas(404, 422),
    )
    async def produto(codigo: Codigo, api: API) -> JSONResponse:
        """One product: its balance now and its next seven days."""
        return _sucesso(produto=_conhecido(await api.consultar_produto(codigo), codigo))

    @rotas.get("/rupturas", response_model=modelos.RespostaRupturas, responses=_respostas(422))
    async def rupturas(api: API, dias: Dias = 7) -> JSONResponse:
        """The products that run out within so many days, soonest first."""
        produtos = await api.consultar_rupturas(dias)
        return _sucesso(dias_analisados=dias, total_rupturas=len(produtos), produtos=produtos)

    @rotas.get(
        "/projecao/{codigo:codigo_de_produto}",
        response_model=modelos.RespostaProjecao,
        responses=_respostas(404, 422),
    )
    async def projecao(codigo: Codigo, api: API, dias: Dias = 28) -> JSONResponse:
        """The balance of a product day by day, and since when any of it can be promised."""
        achada = _conhecido(await api.projecao_completa(codigo, dias), codigo)
        return _sucesso(projecao=achada.como_dict())

    @rotas.get(
        "/disponibilidade/{codigo:codigo_de_produto}",
        response_model=modelos.RespostaDisponibilidade,
        responses=_respostas(404, 422),
    )
    async def disponibilidade(
        codigo: Codigo, quantidade: Quantidade, api: API, dias: Dias = 28
    ) -> JSONResponse:
        """The earliest day from which a quantity can be promised without a later rupture."""
        resposta = await api.consultar_disponibilidade(codigo, quantidade, dias)
        return _sucesso(disponibilidade=_conhecido(resposta, codigo))

    @rotas.get("/estatisticas", response_model=modelos.RespostaEstatisticas)
    async def estatisticas(api: API) -> JSONResponse:
        """The whole stock's figures."""
        return _sucesso(estatisticas=await api.get_estatisticas())

    return rotas


def manutencao(exigencia: Sequence[Dependencia]) -> APIRouter:
    """Return the endpoint that rebuilds a product."""
    respostas = _respostas(401, 503) if exigencia else _respostas(503)
    rotas = APIRouter(prefix=BASE, tags=["manutencao"], dependencies=exigencia, responses=respostas)

    @rotas.post(
        "/recalcular/{codigo:codigo_de_produto}",
        response_model=modelos.RespostaRecalcular,
        responses=_respostas(403, 404, 409, 422),
    )
    async def recalcular(codigo: Codigo, api: API) -> JSONResponse:
        """Rebuild a product from the sources; tell its balance and whether it had been wrong."""
        return _sucesso(**_conhecido(await api.recalcular_produto(codigo), codigo).como_dict())

    return rotas


def saude() -> APIRouter:
    """Return the endpoint for those who watch over the service; it never asks for a token."""
    rotas = APIRouter(tags=["saude"])

    @rotas.get(
        "/saude",
        response_model=modelos.RespostaSaude,
        responses={503: {"model": modelos.ErroDeSaude, "description": "Something is wrong."}},
    )
    async def saude(request: Request) -> JSONResponse:
        """Whether the database can be reached and its schema is up to date."""

        def olhar() -> Saude:
            with traduzindo(), request.app.state.pool_de_saude.connection() as conn:
                return examinar(conn, request.app.state.schema)

        try:
            achado = await run_in_threadpool(olhar)
        except ErroEstoque as erro:
            return resposta_de_erro(503, status_de(erro)[1], saude=None)
        if achado.erro is not None:
            return resposta_de_erro(503, achado.erro, saude=achado.detalhes)
        return _sucesso(saude=achado.detalhes)

    return rotas
