"""The page of a group: what runs out in all companies, their figures, and which did not answer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Query, Request
from fastapi.responses import RedirectResponse, Response

from estoque_pg.api import GrupoEstoque, retrato
from estoque_pg.erros import citado
from estoque_pg.idioma import t
from estoque_pg.painel.banco import conexao
from estoque_pg.painel.desenho import Desenho, do_grupo
from estoque_pg.painel.entrada import Entrada, para_entrar
from estoque_pg.painel.guardadas import Guardadas
from estoque_pg.painel.listas import Pedido, cortar
from estoque_pg.painel.paginas import arquivo
from estoque_pg.perguntas import internas
from estoque_pg.perguntas.grupos import (
    MOTIVOS,
    EstatisticasDoGrupo,
    RupturaDaEmpresa,
    RupturasDoGrupo,
)
from estoque_pg.perguntas.linha import colunas

DIAS = 7
LIMITE = 60  # seconds: several servers may be away, each for as long as it is waited for


class PedidoDoGrupo(Pedido):
    """What an address asks of a group."""

    empresa: str = ""


def rotas(nomes: Sequence[str], entrada: Entrada, desenho: Desenho) -> APIRouter:
    """Return the pages of the groups of these names."""

    def exigir(request: Request) -> None:
        request.state.versao = request.app.state.ao_vivo.versao
        if not entrada.dentro(request):
            raise HTTPException(303, headers={"Location": para_entrar(request)})

    paginas = APIRouter(prefix="/grupos", include_in_schema=False, dependencies=[Depends(exigir)])
    guardadas = Guardadas()

    @paginas.get("")
    def primeiro() -> Response:
        if not nomes:
            raise HTTPException(404, t("this service serves no group"))
        return RedirectResponse(do_grupo(nomes[0]), 303)

    @paginas.get("/{nome:codigo_de_produto}")
    def grupo(request: Request, nome: str, pedido: Annotated[PedidoDoGrupo, Query()]) -> Response:
        if nome not in nomes:
            raise HTTPException(404, t("this service has no group {grupo}", grupo=citado(nome)))
        dias = DIAS if pedido.dias is None else pedido.dias

        def achar(api: GrupoEstoque) -> RupturasDoGrupo:
            achadas = api.rupturas(dias)
            if not pedido.empresa:
                return achadas
            return RupturasDoGrupo(
                tuple(r for r in achadas.produtos if r.empresa == pedido.empresa),
                achadas.empresas_fora,
            )

        if pedido.formato:
            with _perguntando(request, nome) as api:
                achadas = achar(api)
            linhas = cortar(RupturaDaEmpresa, achadas.produtos, pedido, _palavras).linhas
            resposta = RupturasDoGrupo(tuple(linhas), achadas.empresas_fora)
            return arquivo("grupo", pedido.formato, RupturasDoGrupo, resposta)

        def desenhar() -> Response:
            with _perguntando(request, nome) as api:
                figuras, achadas = api.estatisticas(), achar(api)
            return desenho.pagina(
                request, "grupo.html", nome=nome, pedido=pedido, dias=dias, motivos=MOTIVOS,
                figuras=_figuras(figuras), empresas=figuras.empresas,
                # Of two questions a company may have answered one.
                fora={f.empresa: f for f in (*figuras.empresas_fora, *achadas.empresas_fora)},
                parte=cortar(RupturaDaEmpresa, achadas.produtos, pedido, _palavras),
                colunas={n: c for n, c in colunas(RupturaDaEmpresa).items() if n != "fora"},
            )  # fmt: skip

        return guardadas.resposta(request, desenhar)

    return paginas


def _palavras(ruptura: RupturaDaEmpresa) -> str:
    return f"{ruptura.empresa} {ruptura.cod_produto} {ruptura.nome_produto or ''}"


def _figuras(achadas: EstatisticasDoGrupo) -> list[tuple[str, int, str]]:
    """Return what the companies that answered come to: title, how many, how bad that is."""
    todas = achadas.empresas
    return [
        (t("companies"), len(todas), ""),
        (t("products"), sum(e.total_produtos for e in todas), ""),
        (t("running out within 7 days"), sum(e.produtos_com_ruptura for e in todas), "falta"),
        (t("balance below zero"), sum(e.produtos_estoque_negativo for e in todas), "falta"),
        (t("balance zero"), sum(e.produtos_estoque_zerado for e in todas), "alerta"),
    ]


@contextmanager
def _perguntando(request: Request, grupo: str) -> Iterator[GrupoEstoque]:
    """Ask a group several questions of one snapshot of this database."""
    with conexao(request) as conn, retrato(conn) as api:
        api.responder(internas.limitar(LIMITE * 1000))
        yield GrupoEstoque(conn, grupo)
