"""The endpoints: each asks the asynchronous API one question, which is one SQL statement.

Those of the questions that are `publicada` with a `Rota` are made of the question itself; a list
of codes as a body, and /saude, are written by hand.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable, Sequence
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Path, Query, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.params import Depends as Dependencia
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel
from starlette.convertors import Convertor, register_url_convertor

from estoque_pg.api_async import APIEstoqueTempoRealAsync
from estoque_pg.erros import ErroEstoque, citado, traduzindo
from estoque_pg.http import formatos, modelos
from estoque_pg.http.formatos import Pedido, responder, sucesso
from estoque_pg.http.respostas import DEMOROU, resposta_de_erro, status_de
from estoque_pg.http.saude import Saude, examinar
from estoque_pg.idioma import t
from estoque_pg.metodos import perguntas_com_metodo
from estoque_pg.perguntas.base import Pergunta
from estoque_pg.perguntas.cobertura import Cobertura
from estoque_pg.perguntas.linha import Linha, dicts
from estoque_pg.perguntas.planejamento import ProjecaoSimulada, Promessa, Simulacao
from estoque_pg.perguntas.publicacao import Rota, forma, publicacao
from estoque_pg.perguntas.saldos import Produto

BASE = "/api/estoque/tempo-real"
LIMITE = 30  # seconds that a question may take


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
Texto = Annotated[modelos.Texto, Query(description="What to search.", examples=["azeitona"])]
Limite = Annotated[modelos.Limite, Query(description="How many products at most.")]
Dias = Annotated[modelos.Dias, Query(description="How many days to look ahead.")]
Quantidade = Annotated[
    modelos.Quantidade, Query(description="The quantity to promise.", examples=[10])
]


def respostas(*codigos: int) -> dict[int | str, dict[str, Any]]:
    """Return what errors an endpoint answers with, for OpenAPI."""
    significado = {
        400: "The body cannot be read.",
        401: "The token is missing or wrong.",
        403: "The service's role in the database lacks the privilege.",
        404: "No source knows the code.",
        409: "The sources of the product contradict themselves.",
        413: "The body is too large.",
        422: "An argument is out of its domain.",
        501: "This service cannot make workbooks.",
        503: "The database is away, busy, or not up to date.",
    }
    return {c: {"model": modelos.Erro, "description": significado[c]} for c in codigos}


def de_linhas(*codigos: int) -> dict[int | str, dict[str, Any]]:
    """The same, of an endpoint that also answers with files."""
    return {**formatos.RESPOSTAS, **respostas(*codigos, 422, 501)}


def _desconhecido(codigo: str) -> HTTPException:
    return HTTPException(404, t("no source knows the code {codigo}", codigo=citado(codigo)))


def perguntas(exigencia: Sequence[Dependencia]) -> APIRouter:
    """Return the endpoints that only read; `exigencia` is what they require of a request."""
    rotas = roteador("estoque", exigencia)

    @rotas.post(
        "/consultar",
        response_model=modelos.RespostaConsultar,
        responses=de_linhas(400, 413),
    )
    async def consultar(consulta: modelos.Consulta, api: API, formato: Pedido) -> Response:
        """Balances and forecasts of a list of codes, and those of the list that nothing knows."""
        achados = await api.produtos(consulta.produtos)
        return await _dos_codigos(formato, "consultar", Produto, consulta.produtos, achados)

    @rotas.post(
        "/cobertura",
        response_model=modelos.RespostaCobertura,
        responses=de_linhas(400, 413),
    )
    async def cobertura(consulta: modelos.Consulta, api: API, formato: Pedido) -> Response:
        """For how long the stock of a list of codes lasts, and those that nothing knows."""
        achados = await api.cobertura(consulta.produtos)
        return await _dos_codigos(formato, "cobertura", Cobertura, consulta.produtos, achados)

    @rotas.post(
        "/simular",
        response_model=modelos.RespostaSimular,
        responses=de_linhas(400, 413),
    )
    async def simular(simulacao: modelos.Simular, api: API, formato: Pedido) -> Response:
        """What changes of documents would do to each product; nothing is written."""
        achada = await api.simular(simulacao.mudancas, simulacao.dias)
        return await responder(
            formato,
            "simular",
            Simulacao,
            achada,
            lambda: {"total": len(achada.produtos), **achada.como_dict()},
            fora={"Estoque-Avisos": len(achada.avisos)},
        )

    @rotas.post(
        "/projecao_simulada",
        response_model=modelos.RespostaProjecaoSimulada,
        responses=de_linhas(400, 404, 413),
    )
    async def projecao_simulada(
        simulacao: modelos.SimularProduto, api: API, formato: Pedido
    ) -> Response:
        """A product day by day, as it is and as changes of documents would make it."""
        achada = await api.projecao_simulada(simulacao.codigo, simulacao.mudancas, simulacao.dias)
        if achada is None:
            raise _desconhecido(simulacao.codigo)
        return await responder(
            formato,
            "projecao_simulada",
            ProjecaoSimulada,
            achada,
            achada.como_dict,
            fora={"Estoque-Avisos": len(achada.avisos)},
        )

    @rotas.post(
        "/prometer",
        response_model=modelos.RespostaPrometer,
        responses=de_linhas(400, 413),
    )
    async def prometer(pedido: modelos.Prometer, api: API, formato: Pedido) -> Response:
        """Since when a whole order can be promised, and how much of each product."""
        linhas = [(linha.codigo, linha.quantidade) for linha in pedido.pedido]
        achadas = await api.prometer(linhas, pedido.dias)

        def campos() -> dict[str, Any]:
            produtos = dicts(achadas)
            return {"data_conjunta": produtos[0]["data_conjunta"], "produtos": produtos}

        return await responder(formato, "prometer", Promessa, achadas, campos)

    _oferecer(rotas, escrevem=False)
    return rotas


async def _dos_codigos(
    formato: formatos.Formato,
    nome: str,
    classe: type[Linha],
    codigos: Sequence[str],
    achados: Sequence[Produto] | Sequence[Cobertura],
) -> Response:
    """Answer what is known of a list of codes, and name those that nothing knows."""
    conhecidos = {a.codigo_consultado for a in achados}
    faltam = [c for c in dict.fromkeys(codigos) if c not in conhecidos]
    return await responder(
        formato,
        nome,
        classe,
        achados,
        lambda: {"total": len(achados), "produtos": dicts(achados), "nao_encontrados": faltam},
        fora={"Estoque-Nao-Encontrados": len(faltam)},
    )


def manutencao(exigencia: Sequence[Dependencia]) -> APIRouter:
    """Return the endpoints that write."""
    rotas = roteador("manutencao", exigencia)

    @rotas.post(
        "/regra",
        response_model=modelos.RespostaRegra,
        responses=respostas(400, 403, 404, 413, 422),
    )
    async def definir_regra(regra: modelos.DefinirRegra, api: API) -> JSONResponse:
        """Lay down or take back fields of a product's rule; the rule in force then."""
        vigente = await api.definir_regra(**regra.model_dump())
        if vigente is None:
            raise _desconhecido(str(regra.codigo))
        return sucesso(regra=vigente.como_dict())

    _oferecer(rotas, escrevem=True)
    return rotas


def roteador(assunto: str, exigencia: Sequence[Dependencia]) -> APIRouter:
    """Return a router of the API, all of whose endpoints require the same of a request."""
    erros = respostas(401, 503) if exigencia else respostas(503)
    return APIRouter(prefix=BASE, tags=[assunto], dependencies=exigencia, responses=erros)


# -- endpoints made of questions ----------------------------------------------------------------

# How a request gives what a question takes, by the parameter's name.
PARAMETROS: dict[str, Any] = {
    "codigo": Codigo,
    "dias": Dias,
    "quantidade": Quantidade,
    "texto": Texto,
    "limite": Limite,
}


def _parametro(p: inspect.Parameter) -> inspect.Parameter:
    if p.name not in PARAMETROS:
        raise TypeError(f"no endpoint takes {p.name}: say here how, or write the route by hand")
    return p.replace(annotation=PARAMETROS[p.name], kind=p.KEYWORD_ONLY)


def _oferecer(rotas: APIRouter, escrevem: bool) -> None:
    """Add the endpoint of each question that says it has one."""
    for perguntar in perguntas_com_metodo().values():
        rota = publicacao(perguntar).rota
        if rota is not None and rota.escreve == escrevem:
            _acrescentar(rotas, perguntar, rota)


def _acrescentar(rotas: APIRouter, perguntar: Callable[..., Pergunta[Any]], rota: Rota) -> None:
    parametros = inspect.signature(perguntar).parameters
    tem_codigo = "codigo" in parametros
    resposta = forma(perguntar)
    opcional = resposta.opcional
    if opcional and not tem_codigo:
        raise TypeError(f"{rota.nome} may find nothing, and has no code that could be unknown")
    erros = [
        *([403] if rota.escreve else []),
        *([404] if opcional else []),
        *([409] if rota.escreve else []),
        *([422] if parametros else []),
    ]

    async def perguntado(api: API, formato: formatos.Formato = "json", **dados: Any) -> Response:
        try:
            achado = await asyncio.wait_for(api.responder(perguntar(**dados)), LIMITE)
        except asyncio.TimeoutError:
            raise HTTPException(503, t(DEMOROU)) from None
        if achado is None:
            raise _desconhecido(dados["codigo"])
        campos = partial(_campos, rota, achado, dados)
        return await responder(formato, rota.nome, resposta.linha, achado, campos)

    # FastAPI reads the arguments of an endpoint from its signature.
    demais = {"api": API} if rota.escreve else {"api": API, "formato": Pedido}
    vars(perguntado)["__signature__"] = inspect.Signature(
        [
            *map(_parametro, parametros.values()),
            *(
                inspect.Parameter(nome, inspect.Parameter.KEYWORD_ONLY, annotation=tipo)
                for nome, tipo in demais.items()
            ),
        ]
    )
    rotas.add_api_route(
        f"/{rota.nome}" + ("/{codigo:codigo_de_produto}" if tem_codigo else ""),
        perguntado,
        methods=["POST" if rota.escreve else "GET"],
        name=rota.nome,
        description=rota.descricao,
        response_model=_modelo(perguntar, rota),
        responses=respostas(*erros) if rota.escreve else de_linhas(*erros),
    )


def _campos(rota: Rota, achado: Any, dados: dict[str, Any]) -> dict[str, Any]:
    """Return what an answer says; `_modelo` describes it."""
    if isinstance(achado, list):
        dias = {"dias_analisados": dados["dias"]} if "dias" in dados else {}
        return {**dias, f"total_{rota.nome}": len(achado), str(rota.chave): dicts(achado)}
    objeto: dict[str, Any] = achado.como_dict()
    return objeto if rota.chave is None else {rota.chave: objeto}


def _modelo(perguntar: Callable[..., Pergunta[Any]], rota: Rota) -> type[BaseModel]:
    resposta = forma(perguntar)
    nome = "".join(parte.capitalize() for parte in rota.nome.split("_"))
    linha = modelos.modelo(resposta.linha)
    campos: dict[str, Any] = {}
    if resposta.varias:
        if rota.chave is None:
            raise TypeError(f"the rows of {rota.nome} need a key to stand under")
        if "dias" in inspect.signature(perguntar).parameters:
            campos["dias_analisados"] = int
        campos[f"total_{rota.nome}"] = int
        campos[rota.chave] = list[linha]  # type: ignore[valid-type]
    elif rota.chave is None:
        campos = {c: f.annotation for c, f in linha.model_fields.items()}
    else:
        campos[rota.chave] = linha
    return modelos.resposta(nome, **campos)


# -- health -------------------------------------------------------------------------------------


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
                return examinar(conn, request.app.state.schema, LIMITE)

        try:
            achado = await run_in_threadpool(olhar)
        except ErroEstoque as erro:
            return resposta_de_erro(503, status_de(erro)[1], saude=None)
        if achado.erro is not None:
            return resposta_de_erro(503, achado.erro, saude=achado.detalhes)
        return sucesso(saude=achado.detalhes)

    return rotas
