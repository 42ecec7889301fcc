"""The page of a product: what stands there, and what is tried in its address."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from estoque_pg import leitura
from estoque_pg.api import APIEstoqueTempoReal, se_puder, tentando
from estoque_pg.erros import ArgumentoInvalido
from estoque_pg.idioma import t
from estoque_pg.painel import grafico
from estoque_pg.painel.grafico import Ponto
from estoque_pg.perguntas import internas
from estoque_pg.perguntas.documentos import SITUACOES
from estoque_pg.perguntas.planejamento import ACOES, ProjecaoSimulada
from estoque_pg.perguntas.projecoes import Disponibilidade

HORIZONTES = (28, 90)


@dataclass(frozen=True)
class Tentativa:
    """What is tried on the page: the changes, what they would do, or what is wrong with them."""

    mudancas: str
    resultado: ProjecaoSimulada | None
    queixa: str = ""

    @property
    def ruptura(self) -> date | None:
        """The first day that would end below zero."""
        dias = self.resultado.dias if self.resultado else ()
        return next((d.data for d in dias if d.saldo_depois < 0), None)

    @property
    def menor(self) -> Decimal | None:
        """The lowest end of day there would be."""
        return min(d.saldo_depois for d in self.resultado.dias) if self.resultado else None


@dataclass(frozen=True)
class Prometido:
    """Since when a quantity can be promised, or what is wrong with it."""

    quantidade: Decimal | None = None
    resposta: Disponibilidade | None = None
    queixa: str = ""


def montar_produto(
    api: APIEstoqueTempoReal, codigo: str, consulta: Mapping[str, str]
) -> dict[str, Any] | None:
    """Return what the page of a product shows; None for an unknown code."""
    produto = api.produto(codigo)
    if produto is None:
        return None
    pedidos = {str(h): h for h in HORIZONTES}
    dias = pedidos.get(consulta.get("dias", ""), HORIZONTES[0])
    projecao = api.projecao(codigo, dias)
    regra = api.regra(codigo)
    assert regra is not None
    dados: dict[str, Any] = {
        "produto": produto,
        "codigo": codigo,
        "dias": dias,
        "horizontes": HORIZONTES,
        "hoje": api.hoje(),
        "falta": api.responder(internas.falta(codigo, dias)),
        "regra": regra,
        "situacoes": SITUACOES,
        "acoes": ACOES,
        "documentos": None,
        "intervalos": [],
        "tentativa": None,
        "promessa": _prometer(api, codigo, consulta.get("quantidade", ""), dias),
    }
    with se_puder(api):  # what shows documents
        dados["documentos"] = api.documentos(codigo, dias)
        dados["intervalos"] = api.explicar(codigo, dias)
        dados["tentativa"] = _tentar(api, codigo, consulta, dias)
    tentativa = dados["tentativa"]
    depois = tentativa.resultado.dias if tentativa and tentativa.resultado else []
    pontos = [
        Ponto(d.data, d.saldo_final, d.entrada, depois[n].saldo_depois if depois else None)
        for n, d in enumerate(projecao)
    ]
    return {**dados, "grafico": grafico.desenhar(pontos, regra.minimo), "projecao": projecao}


def _prometer(
    api: APIEstoqueTempoReal, codigo: str, quantidade: str, dias: int
) -> Prometido | None:
    if not quantidade.strip():
        return None
    try:
        lida = leitura.numero(quantidade)
        if not lida:
            raise ArgumentoInvalido(t("write a quantity above zero"))
        return Prometido(lida, api.disponibilidade(codigo, lida, dias))
    except ArgumentoInvalido as erro:
        return Prometido(queixa=erro.mensagem)


def _tentar(
    api: APIEstoqueTempoReal, codigo: str, consulta: Mapping[str, str], dias: int
) -> Tentativa | None:
    """Try the changes of the address: a list as JSON, or one by the fields of the form."""
    texto = consulta.get("mudancas", "").strip()
    try:
        if not texto and consulta.get("acao"):
            texto = json.dumps([_do_formulario(codigo, consulta)], ensure_ascii=False)
        if not texto:
            return None
        try:
            mudancas = json.loads(texto)
        except (ValueError, RecursionError) as erro:
            raise ArgumentoInvalido(t("the changes are no JSON: {erro}", erro=erro)) from None
        with tentando(api):
            return Tentativa(texto, api.projecao_simulada(codigo, mudancas, dias))
    except ArgumentoInvalido as erro:
        return Tentativa(texto, None, erro.mensagem)


def _do_formulario(codigo: str, consulta: Mapping[str, str]) -> dict[str, Any]:
    """Return the change that the fields of the form describe."""
    acao = consulta["acao"]
    if acao == "somar":
        quantidade = leitura.numero(consulta.get("quanto", ""))
        if not quantidade:
            raise ArgumentoInvalido(t("write a quantity above zero"))
        lado = "saida" if consulta.get("lado") == "saida" else "entrada"
        return {
            "acao": acao, "codigo": codigo, "data": consulta.get("para", ""),
            lado: float(quantidade),
        }  # fmt: skip
    origem, _, id_ = consulta.get("documento", "").partition(":")
    if not id_:
        raise ArgumentoInvalido(t("choose a document"))
    mudanca: dict[str, Any] = {"acao": acao, "origem": origem, "ids": [id_]}
    if acao == "adiar":
        mudanca["para"] = consulta.get("para", "")
    if acao == "escalar":
        fator = leitura.numero(consulta.get("fator", ""))
        if fator is None:
            raise ArgumentoInvalido(t("write a factor from zero on"))
        mudanca["fator"] = float(fator)
    return mudanca
