"""The endpoints of groups: all companies at once, of the groups that the service is to serve."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Depends, HTTPException, Path, Query, Request
from fastapi.params import Depends as Dependencia
from fastapi.responses import JSONResponse, Response

from estoque_pg.api_async import GrupoEstoqueAsync
from estoque_pg.erros import citado
from estoque_pg.http import modelos
from estoque_pg.http.formatos import Formato, Pedido, responder, sucesso
from estoque_pg.http.respostas import DEMOROU
from estoque_pg.http.rotas import LIMITE, Dias, de_linhas, roteador
from estoque_pg.idioma import t
from estoque_pg.perguntas.base import Pergunta
from estoque_pg.perguntas.grupos import (
    EmpresaFora,
    EstatisticasDaEmpresa,
    RupturaDaEmpresa,
    SaldoDaEmpresa,
    estatisticas_do_grupo,
    rupturas_do_grupo,
    saldos_do_grupo,
)
from estoque_pg.perguntas.linha import Linha

R = TypeVar("R", bound=Linha)
# So many of the longest codes fit into an address, which may have 64 KiB.
NO_ENDERECO = 20
Codigos = Annotated[
    list[modelos.Codigo],
    Query(
        min_length=1,
        max_length=NO_ENDERECO,
        description="Codes, each by itself; `consultar` takes more of them.",
    ),
]
_FORA: dict[str, Any] = {"empresas_fora": list[modelos.modelo(EmpresaFora)]}  # type: ignore[misc]
RespostaGrupos = modelos.resposta("Grupos", grupos=list[str])
RespostaRupturasDoGrupo = modelos.resposta(
    "RupturasDoGrupo",
    dias_analisados=int,
    total_rupturas=int,
    produtos=list[modelos.modelo(RupturaDaEmpresa)],  # type: ignore[misc]
    **_FORA,
)
RespostaEstatisticasDoGrupo = modelos.resposta(
    "EstatisticasDoGrupo",
    empresas=list[modelos.modelo(EstatisticasDaEmpresa)],  # type: ignore[misc]
    **_FORA,
)
RespostaSaldosDoGrupo = modelos.resposta(
    "SaldosDoGrupo",
    total=int,
    produtos=list[modelos.modelo(SaldoDaEmpresa)],  # type: ignore[misc]
    **_FORA,
)


async def _servido(
    request: Request,
    nome: Annotated[str, Path(description="A group that is served.", examples=["holding"])],
) -> GrupoEstoqueAsync:
    if nome not in request.app.state.grupos:
        raise HTTPException(404, t("this service has no group {grupo}", grupo=citado(nome)))
    return GrupoEstoqueAsync(request.app.state.api.banco, nome)


Grupo = Annotated[GrupoEstoqueAsync, Depends(_servido)]


def dos_grupos(exigencia: Sequence[Dependencia]) -> APIRouter:
    """Return the endpoints of groups; `exigencia` is as with the others."""
    rotas = roteador("grupos", exigencia)

    @rotas.get("/grupos", response_model=RespostaGrupos)
    async def grupos(request: Request) -> JSONResponse:
        """The groups that are served."""
        return sucesso(grupos=list(request.app.state.grupos))

    @rotas.get(
        "/grupos/{nome:path}/rupturas",
        response_model=RespostaRupturasDoGrupo,
        responses=de_linhas(404),
    )
    async def rupturas(grupo: Grupo, formato: Pedido, dias: Dias = 7) -> Response:
        """What runs out in any company of a group, soonest first, and which did not answer."""

        def campos(feita: Linha, quantas: int) -> dict[str, Any]:
            return {"dias_analisados": dias, "total_rupturas": quantas, **feita.como_dict()}

        return await _responder(grupo, rupturas_do_grupo(dias), "rupturas", formato, campos)

    @rotas.get(
        "/grupos/{nome:path}/estatisticas",
        response_model=RespostaEstatisticasDoGrupo,
        responses=de_linhas(404),
    )
    async def estatisticas(grupo: Grupo, formato: Pedido) -> Response:
        """The figures of each company of a group, and which did not answer."""

        def campos(feita: Linha, quantas: int) -> dict[str, Any]:
            return feita.como_dict()

        return await _responder(grupo, estatisticas_do_grupo(), "estatisticas", formato, campos)

    @rotas.get(
        "/grupos/{nome:path}/saldos",
        response_model=RespostaSaldosDoGrupo,
        responses=de_linhas(404),
    )
    async def saldos(grupo: Grupo, codigos: Codigos, formato: Pedido) -> Response:
        """What each company of a group has of some codes, and which did not answer."""

        return await _saldos(grupo, codigos, formato)

    @rotas.post(
        "/grupos/{nome:path}/consultar",
        response_model=RespostaSaldosDoGrupo,
        responses=de_linhas(400, 404, 413),
    )
    async def consultar(grupo: Grupo, consulta: modelos.Consulta, formato: Pedido) -> Response:
        """The same as `saldos`, of a list of codes in the body."""
        return await _saldos(grupo, consulta.produtos, formato)

    return rotas


async def _saldos(grupo: GrupoEstoqueAsync, codigos: Sequence[str], formato: Formato) -> Response:
    def campos(feita: Linha, quantas: int) -> dict[str, Any]:
        return {"total": quantas, **feita.como_dict()}

    return await _responder(grupo, saldos_do_grupo(codigos), "saldos", formato, campos)


async def _responder(
    grupo: GrupoEstoqueAsync,
    pergunta: Pergunta[R],
    nome: str,
    formato: Formato,
    campos: Callable[[R, int], Mapping[str, Any]],
) -> Response:
    try:
        feita = await asyncio.wait_for(grupo.responder(pergunta), LIMITE)
    except asyncio.TimeoutError:
        raise HTTPException(503, t(DEMOROU)) from None
    quantas = len(getattr(feita, feita.TABELA))
    return await responder(
        formato,
        nome,
        type(feita),
        feita,
        lambda: campos(feita, quantas),
        fora={"Estoque-Empresas-Fora": len(getattr(feita, feita.RESTO))},
    )
