"""The page of alerts: who is told of what, what waits, what was given up, and forms that change it.

It alone of the panel writes. So it is for those who may (`Entrada.escreve`), takes forms from our
own pages only, and sends on to itself after each: a page that is loaded anew does nothing twice.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import time
from types import MappingProxyType
from typing import Annotated, Any

import psycopg
from fastapi import APIRouter, Depends, HTTPException, Request
from fastapi.responses import RedirectResponse, Response

from estoque_pg.api import APIEstoqueTempoReal
from estoque_pg.avisos.inscricao import de_que, motivo, quando
from estoque_pg.erros import ArgumentoInvalido, SemPermissao
from estoque_pg.idioma import INGLES, PORTUGUES, idioma, marcar, t
from estoque_pg.painel.banco import conexao, escrevendo, perguntando
from estoque_pg.painel.desenho import Desenho, endereco
from estoque_pg.painel.entrada import ENTRAR, Entrada, de_casa, formulario, para_entrar
from estoque_pg.painel.listas import Pessoas
from estoque_pg.perguntas.avisos import CANAIS, FUSO, TIPOS, NovaInscricao

AQUI = "/avisos"
SEGREDO = "estoque_segredo"  # the cookie that brings a new secret to the page that shows it
VALE = 60  # seconds that it may take there

# What the page says after a form was sent on to it, by what its address says.
FEITO: Mapping[str, str] = MappingProxyType(
    {
        "inscrita": marcar("The subscription is made."),
        "pausar": marcar("The subscription is paused; what waited for it alone was given up."),
        "retomar": marcar("The subscription goes on."),
        "cancelar": marcar("The subscription is removed."),
        "testar": marcar(
            "A test waits to be delivered; `estoque worker` or `estoque avisos entregar` does it."
        ),
        "reenviar": marcar("The delivery is tried again."),
        "reenviar_mortas": marcar("What was given up is tried again."),
        "descartar": marcar("The delivery is forgotten."),
        "nada": marcar("It was not there any more: nothing was changed."),
    }
)
DA_INSCRICAO: Mapping[str, Callable[[APIEstoqueTempoReal, int], object]] = MappingProxyType(
    {
        "pausar": lambda api, numero: api.pausar_inscricao(numero),
        "retomar": lambda api, numero: api.pausar_inscricao(numero, False),
        "cancelar": lambda api, numero: api.cancelar_inscricao(numero),
        "testar": lambda api, numero: api.testar_inscricao(numero),
    }
)
DA_ENTREGA: Mapping[str, Callable[[APIEstoqueTempoReal, int], object]] = MappingProxyType(
    {
        "reenviar": lambda api, numero: api.reenviar(numero),
        "descartar": lambda api, numero: api.descartar_entrega(numero),
    }
)
NOMES_DOS_CANAIS: Mapping[str, str] = MappingProxyType(
    {
        "email": marcar("e-mail"),
        "webhook": marcar("webhook"),
        "apprise": marcar("Telegram, Slack, Teams and others (Apprise)"),
    }
)
CAMPOS: Mapping[str, str] = MappingProxyType(
    {
        "canal": marcar("by"),
        "destino": marcar("address"),
        "produtos": marcar("products, a code a line"),
        "prefixo": marcar("codes that begin with"),
        "responsavel": marcar("person"),
        "tipos": marcar("what"),
        "resumo_as": marcar("one message a day, at"),
        "idioma": marcar("language"),
        "fuso": marcar("time zone of that hour"),
        "segredo": marcar("secret of your own (webhook)"),
    }
)


@dataclass(frozen=True)
class Queixa:
    """What is wrong with a form: the field, None where it is none of them, and what to say."""

    campo: str | None
    texto: str


def rotas(schema: str | None, entrada: Entrada, desenho: Desenho) -> APIRouter:
    """Return the page of alerts and its forms."""

    def exigir(request: Request) -> None:
        if request.method == "POST" and not de_casa(request):
            raise HTTPException(403, t("the form was sent from another site"))
        if entrada.escreve(request):
            return
        if entrada.ha_token:
            volta = para_entrar(request) if request.method == "GET" else f"{ENTRAR}?destino={AQUI}"
            raise HTTPException(303, headers={"Location": volta})
        raise HTTPException(
            403,
            t(
                "without {variavel} alerts are shown and written on the service's own machine"
                " only, at http://localhost",
                variavel="ESTOQUE_TOKEN",
            ),
        )

    avisos = APIRouter(prefix=AQUI, include_in_schema=False, dependencies=[Depends(exigir)])

    def desenhar(
        request: Request,
        status: int = 200,
        campos: Mapping[str, str] | None = None,
        queixa: Queixa | None = None,
        **mais: Any,
    ) -> Response:
        try:
            with perguntando(request, schema) as api:
                dados: dict[str, Any] = {
                    "inscricoes": api.inscricoes(),
                    "pendentes": api.entregas_pendentes(),
                    "mortas": api.entregas_mortas(),
                    "pessoas": Pessoas(api).nomes,
                }
        except SemPermissao:
            return negar(request)
        return desenho.pagina(
            request, "avisos.html", status, **dados, campos=campos or {"idioma": idioma()},
            queixa=queixa, tipos=TIPOS, canais=NOMES_DOS_CANAIS, nomes=CAMPOS, fuso=FUSO,
            linguas={PORTUGUES: "português", INGLES: "English"}, de_que=de_que, quando=quando,
            motivo=motivo, negado=None,
            **{"segredo": None, "feito": None, "cancelar": None, **mais},
        )  # fmt: skip

    def negar(request: Request) -> Response:
        with conexao(request) as conn:
            comando = f"estoque grant {conn.info.user} --escrita"
        comando += f" --schema {schema}" if schema else ""
        status = 403 if request.method == "POST" else 200
        return desenho.pagina(request, "avisos.html", status, negado=comando)

    @avisos.get("")
    def mostrar(request: Request, feito: str = "", cancelar: int | None = None) -> Response:
        segredo = request.cookies.get(SEGREDO, "")
        if not re.fullmatch(r"whsec_[A-Za-z0-9+/=]+", segredo):
            segredo = ""
        resposta = desenhar(
            request, feito=FEITO.get(feito), segredo=segredo or None, cancelar=cancelar
        )
        if segredo:
            resposta.delete_cookie(SEGREDO, path=AQUI)
        return resposta

    @avisos.post("")
    def inscrever(
        request: Request, campos: Annotated[dict[str, str], Depends(formulario)]
    ) -> Response:
        try:
            with escrevendo(request, schema) as api:
                nova = _inscrever(api, campos)
        except SemPermissao:
            return negar(request)
        except ArgumentoInvalido as erro:
            return desenhar(request, 422, campos, _queixa(erro))
        resposta = RedirectResponse(endereco(AQUI, {}, feito="inscrita"), 303)
        if nova.segredo is not None:
            # Not in the address, which is kept and shown; gone with the page that shows it.
            resposta.set_cookie(
                SEGREDO, nova.segredo, max_age=VALE, path=AQUI, httponly=True, samesite="strict",
                secure=request.url.scheme == "https",
            )  # fmt: skip
        return resposta

    def fazer(request: Request, acao: str, numero: int, acoes: Mapping[str, Any]) -> Response:
        if acao not in acoes or not 0 < numero < 2**63:
            raise HTTPException(404, t("there is nothing at this address"))
        return escrever(request, acao, lambda api: acoes[acao](api, numero))

    def escrever(
        request: Request, acao: str, fazer: Callable[[APIEstoqueTempoReal], object]
    ) -> Response:
        try:
            with escrevendo(request, schema) as api:
                havia = fazer(api)
        except SemPermissao:
            return negar(request)
        return RedirectResponse(endereco(AQUI, {}, feito=acao if havia else "nada"), 303)

    @avisos.post("/{numero:int}/{acao}")
    def da_inscricao(request: Request, numero: int, acao: str) -> Response:
        return fazer(request, acao, numero, DA_INSCRICAO)

    @avisos.post("/entrega/{numero:int}/{acao}")
    def da_entrega(request: Request, numero: int, acao: str) -> Response:
        return fazer(request, acao, numero, DA_ENTREGA)

    @avisos.post("/reenviar")
    def de_todas(request: Request) -> Response:
        return escrever(request, "reenviar_mortas", lambda api: api.reenviar_mortas())

    return avisos


def _inscrever(api: APIEstoqueTempoReal, campos: Mapping[str, str]) -> NovaInscricao:
    """Subscribe what a form says; what is empty in it is left out."""
    dados = {nome: campos[nome].strip() for nome in CAMPOS if campos.get(nome, "").strip()}
    codigos = [linha.strip() for linha in dados.get("produtos", "").splitlines()]
    hora = dados.get("resumo_as")
    try:
        resumo = time.fromisoformat(hora) if hora else None
    except ValueError:
        raise _Invalido("resumo_as", t("write the hour as 07:00")) from None
    if dados.get("canal") not in CANAIS:
        raise _Invalido("canal", t("choose one of the ways"))
    return api.inscrever(
        dados["canal"],
        dados.get("destino", ""),
        segredo=dados.get("segredo"),
        produtos=[c for c in codigos if c] or None,
        prefixo=dados.get("prefixo"),
        responsavel=dados.get("responsavel"),
        tipos=[tipo for tipo in TIPOS if f"tipo_{tipo}" in campos] or None,
        resumo_as=resumo,
        idioma=dados.get("idioma", idioma()),
        fuso=dados.get("fuso", FUSO),
    )


class _Invalido(ArgumentoInvalido):
    """A field that cannot be read."""

    def __init__(self, campo: str, mensagem: str) -> None:
        super().__init__(mensagem)
        self.campo = campo


def _queixa(erro: ArgumentoInvalido) -> Queixa:
    """Say which field an error is of: the database names the argument."""
    causa = erro.__cause__
    campo = causa.diag.column_name if isinstance(causa, psycopg.Error) else None
    campo = erro.campo if isinstance(erro, _Invalido) else campo
    texto = ". ".join(parte.rstrip(".") for parte in (erro.mensagem, erro.dica) if parte)
    return Queixa(campo if campo in CAMPOS else None, texto)
