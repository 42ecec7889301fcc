"""Why a product runs out, told as a paragraph: by `estoque explicar`, and on a product's page."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from estoque_pg import tabela
from estoque_pg.idioma import t
from estoque_pg.perguntas.documentos import chamar
from estoque_pg.perguntas.planejamento import Explicacao, Remedio

_PELO_NOME: Mapping[str, str] = MappingProxyType({})


def em_palavras(e: Explicacao, origens: Mapping[str, str] = _PELO_NOME) -> str:
    """Tell an interval as a paragraph; `origens` are words for the tables, where they have some.

    Without words a table bears its name, which `simular --origem` takes.
    """
    frases = [
        t(
            "On {inicio} the balance is below zero, {falta} short.",
            inicio=tabela.data(e.inicio),
            falta=tabela.numero(e.falta),
        )
        if e.fim == e.inicio
        else t(
            "From {inicio} to {fim} the balance is below zero, {falta} short on {dia}.",
            inicio=tabela.data(e.inicio),
            fim=tabela.data(e.fim),
            falta=tabela.numero(e.falta),
            dia=tabela.data(e.dia_da_falta),
        )
        if e.fim
        else t(
            "From {inicio} on the balance is below zero, {falta} short on {dia}.",
            inicio=tabela.data(e.inicio),
            falta=tabela.numero(e.falta),
            dia=tabela.data(e.dia_da_falta),
        )
    ]
    if e.saida is not None:
        frases.append(
            t(
                "What takes it there: {documento}, {saida} going out.",
                documento=chamado(e, origens),
                saida=tabela.numero(e.saida),
            )
        )
    else:
        frases.append(t("The first day begins below zero."))
    if e.entrada_data is not None and e.entrada_quantidade is not None:
        frases.append(
            t(
                "The next entry: {quantidade} on {dia}.",
                quantidade=tabela.numero(e.entrada_quantidade),
                dia=tabela.data(e.entrada_data),
            )
        )
    else:
        frases.append(t("No entry is planned after that."))
    adiada = next((r for r in e.remedios if r.acao == "adiar"), None)
    if adiada and e.saida is not None and (adiada.origem, adiada.id) != (e.origem, e.id):
        frases.append(
            t(
                "The smallest exit that it suffices to put off: {documento}, {quantidade}.",
                documento=chamado(adiada, origens),
                quantidade=tabela.numero(adiada.quantidade),
            )
        )
    return tabela.limpo(" ".join(frases))


def chamado(r: Explicacao | Remedio, origens: Mapping[str, str] = _PELO_NOME) -> str | None:
    """Name the document of an interval or a remedy; None where it is of none."""
    return chamar(r.documento, t(origens.get(r.origem, r.origem)), r.id) if r.origem else None
