"""The pages: each asks its questions in one snapshot, and draws the answers.

What a page shows is in its address: filters, order and what is tried can be shared as a link. A
list is a file where the address says `formato`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Query, Request
from fastapi.responses import RedirectResponse, Response
from fastapi.sse import EventSourceResponse, ServerSentEvent
from pydantic import BeforeValidator, Field

from estoque_pg import leitura, planilha
from estoque_pg.erros import ArgumentoInvalido, SemPermissao, citado
from estoque_pg.http import formatos
from estoque_pg.idioma import t
from estoque_pg.painel import listas
from estoque_pg.painel.banco import LIMITE, conexao, perguntando
from estoque_pg.painel.desenho import Desenho, do_produto
from estoque_pg.painel.entrada import Entrada, de_casa, formulario, para_entrar
from estoque_pg.painel.guardadas import Guardadas
from estoque_pg.painel.listas import LISTAS, Pedido, vazio
from estoque_pg.painel.produto import montar_produto
from estoque_pg.perguntas.avisos import TIPOS as TIPOS_DE_TRANSICAO
from estoque_pg.perguntas.avisos import Transicao
from estoque_pg.perguntas.incoerencias import O_QUE_FAZER, TIPOS, Incoerencia
from estoque_pg.perguntas.linha import Linha
from estoque_pg.perguntas.planejamento import Promessa
from estoque_pg.situacao import situacao

PARTE = 500  # transitions on a page; the file has all
DiasAtras = Annotated[int, Field(ge=1, le=400)]
MAX_LINHAS = 2**31 - 1  # any number: integer holds no more


def rotas(schema: str | None, entrada: Entrada, desenho: Desenho) -> APIRouter:
    """Return the pages of the panel."""

    def exigir(request: Request) -> None:
        # Before anything is asked: what changes meanwhile is news to the page.
        request.state.versao = request.app.state.ao_vivo.versao
        if not entrada.dentro(request):
            raise HTTPException(303, headers={"Location": para_entrar(request)})

    livres = APIRouter(include_in_schema=False)
    paginas = APIRouter(include_in_schema=False, dependencies=[Depends(exigir)])
    guardadas = Guardadas()

    # -- today ----------------------------------------------------------------------------------

    @paginas.get("/")
    def hoje(request: Request, responsavel: str = "") -> Response:
        def desenhar() -> Response:
            incoerencias = request.app.state.ao_vivo.incoerencias()
            with perguntando(request, schema) as api:
                dia = listas.do_dia(api, responsavel, incoerencias)
            return desenho.pagina(request, "hoje.html", dia=dia, responsavel=responsavel)

        return guardadas.resposta(request, desenhar)

    # -- lists ----------------------------------------------------------------------------------

    @paginas.get("/lista/{nome}")
    def lista(request: Request, nome: str, pedido: Annotated[Pedido, Query()]) -> Response:
        if nome not in LISTAS:
            raise HTTPException(404, t("there is no such list: {nome}", nome=citado(nome)))

        def achar() -> listas.Achada:
            with perguntando(request, schema) as api:
                return listas.achar(api, LISTAS[nome], pedido)

        if pedido.formato:
            achada = achar()
            return arquivo(nome, pedido.formato, achada.classe, achada.parte.linhas)

        def desenhar() -> Response:
            achada = achar()
            return desenho.pagina(
                request, "lista.html", nome=nome, lista=LISTAS[nome], pedido=pedido, achada=achada
            )

        return guardadas.resposta(request, desenhar)

    @paginas.get("/incoerencias")
    def incoerencias(request: Request, formato: str = "") -> Response:
        achadas: list[Incoerencia] = []
        negado = False
        try:
            with perguntando(request, schema) as api:
                achadas = api.incoerencias()
        except SemPermissao:
            if formato:
                raise
            negado = True
        if formato:
            return arquivo("incoerencias", formato, Incoerencia, achadas)
        return desenho.pagina(
            request, "incoerencias.html", achadas=achadas, negado=negado, tipos=TIPOS,
            o_que_fazer=O_QUE_FAZER,
        )  # fmt: skip

    @paginas.get("/mudancas")
    def mudancas(
        request: Request,
        dias: Annotated[DiasAtras | None, BeforeValidator(vazio)] = None,
        antes: Annotated[int | None, Query(ge=1, lt=2**63)] = None,
        formato: str = "",
    ) -> Response:
        quantos = 7 if dias is None else dias

        def achar(limite: int, antes: int | None = None) -> list[Transicao]:
            with perguntando(request, schema) as api:
                desde = datetime.now().astimezone() - timedelta(days=quantos)
                return api.transicoes(desde, limite, antes)

        if formato:
            return arquivo("mudancas", formato, Transicao, achar(MAX_LINHAS))

        def desenhar() -> Response:
            transicoes: list[Transicao] = []
            negado = False
            try:
                transicoes = achar(PARTE + 1, antes)
            except SemPermissao:
                negado = True
            return desenho.pagina(
                request, "mudancas.html", transicoes=transicoes[:PARTE], negado=negado,
                dias=quantos, ha_mais=len(transicoes) > PARTE, antes=antes,
                tipos=TIPOS_DE_TRANSICAO,
            )  # fmt: skip

        return guardadas.resposta(request, desenhar)

    @paginas.get("/buscar")
    def buscar(request: Request, texto: str = "") -> Response:
        with perguntando(request, schema) as api:
            achados = api.buscar(texto)
            conhecido = texto and api.produto(texto)
        if conhecido or len(achados) == 1:
            codigo = texto if conhecido else achados[0].cod_produto
            return RedirectResponse(do_produto(codigo), 303)
        return desenho.pagina(request, "buscar.html", texto=texto, achados=achados)

    # -- a product ------------------------------------------------------------------------------

    @paginas.get("/produto/{codigo:codigo_de_produto}")
    def produto(request: Request, codigo: str) -> Response:
        def desenhar() -> Response:
            with perguntando(request, schema) as api:
                dados = montar_produto(api, codigo, request.query_params)
            if dados is None:
                raise HTTPException(
                    404, t("no source knows the code {codigo}", codigo=citado(codigo))
                )
            return desenho.pagina(request, "produto.html", **dados)

        return guardadas.resposta(request, desenhar)

    # -- an order -------------------------------------------------------------------------------

    @paginas.get("/pedido")
    def pedido(request: Request, linhas: str = "", formato: str = "") -> Response:
        promessas: list[Promessa] = []
        queixa = ""
        try:
            if linhas.strip():
                with perguntando(request, schema) as api:
                    promessas = api.prometer(leitura.pedido(linhas.splitlines()))
        except ArgumentoInvalido as erro:
            queixa = erro.mensagem
        if formato and promessas:
            return arquivo("pedido", formato, Promessa, promessas)
        return desenho.pagina(
            request, "pedido.html", linhas=linhas, promessas=promessas, queixa=queixa
        )

    # -- the system -----------------------------------------------------------------------------

    @paginas.get("/estado")
    def estado(request: Request) -> Response:
        with conexao(request) as conn:
            agora = situacao(conn, schema, LIMITE)
        ouvintes = request.app.state.ao_vivo.ouvintes
        return desenho.pagina(request, "estado.html", situacao=agora, ouvintes=ouvintes)

    # -- live -----------------------------------------------------------------------------------

    @paginas.get("/ao-vivo", response_class=EventSourceResponse)
    async def ao_vivo(
        request: Request, codigo: str = "", versao: str = ""
    ) -> AsyncIterator[ServerSentEvent]:
        async for nova in request.app.state.ao_vivo.ouvir(codigo or None, versao):
            yield ServerSentEvent(event="mudou", raw_data=nova)

    # -- the way in -----------------------------------------------------------------------------

    @livres.get("/entrar")
    def entrar(request: Request, destino: str = "/") -> Response:
        return desenho.pagina(request, "entrar.html", destino=destino, queixa="")

    @livres.post("/entrar")
    async def conferir(request: Request) -> Response:
        if not de_casa(request):
            raise HTTPException(403, t("the form was sent from another site"))
        campos = await formulario(request)
        destino = campos.get("destino", "/")
        if entrada.confere(campos.get("senha", "").strip()):
            return entrada.abrir(request, destino)
        return desenho.pagina(
            request, "entrar.html", 401, destino=destino, queixa=t("that is not the token")
        )

    @livres.post("/sair")
    async def sair(request: Request) -> Response:
        if not de_casa(request):
            raise HTTPException(403, t("the form was sent from another site"))
        return entrada.fechar()

    todas = APIRouter(include_in_schema=False)
    todas.include_router(livres)
    todas.include_router(paginas)
    return todas


def arquivo(
    nome: str, formato: str, classe: type[Linha], linhas: Linha | Sequence[Linha]
) -> Response:
    """Return rows as a file; raises ArgumentoInvalido for a form that there is not."""
    if formato not in planilha.FORMATOS:
        raise ArgumentoInvalido(t("there is no such format: {formato}", formato=citado(formato)))
    return formatos.arquivo(formato, nome, planilha.gerar(formato, classe, linhas))
