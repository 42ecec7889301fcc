"""What a delivery says: subject, text and HTML for people, JSON for programs."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from html import escape
from typing import Any

from estoque_pg import tabela
from estoque_pg.idioma import com_idioma, marcar, t, tn
from estoque_pg.perguntas.avisos import Transicao
from estoque_pg.perguntas.documentos import ORIGENS
from estoque_pg.perguntas.internas import Entrega
from estoque_pg.perguntas.linha import momento_de_json

ASSUNTOS = {
    "apareceu": marcar("{produto} runs out on {dia}"),
    "aproximou": marcar("{produto} runs out sooner: on {dia}"),
    "afastou": marcar("{produto} runs out later: on {dia}"),
    "terminou": marcar("{produto} no longer runs out"),
    "abaixo_do_minimo": marcar("{produto} falls below its minimum on {dia}"),
    "acima_do_minimo": marcar("{produto} no longer falls below its minimum"),
}


@dataclass(frozen=True, slots=True)
class Mensagem:
    """A delivery in words, and as the body of a webhook."""

    assunto: str
    linhas: tuple[str, ...]
    corpo: bytes
    em: datetime

    @property
    def texto(self) -> str:
        """The message as plain text."""
        return "\n".join(self.linhas) + "\n"

    @property
    def html(self) -> str:
        """The message as HTML, as plain."""
        paragrafos = "".join(f"<p>{escape(linha)}</p>\n" for linha in self.linhas if linha)
        return f"<html><body>\n<h3>{escape(self.assunto)}</h3>\n{paragrafos}</body></html>\n"


def mensagem(entrega: Entrega) -> Mensagem:
    """Put a delivery into words, in the language of its subscription."""
    aviso = entrega.aviso
    with com_idioma(entrega.idioma):
        if "tipo" in aviso:
            tipo, (assunto, linhas) = f"transicao.{aviso['tipo']}", _da_transicao(aviso)
        elif "rupturas" in aviso:
            tipo, (assunto, linhas) = "resumo", _do_resumo(aviso)
        else:
            tipo, (assunto, linhas) = "teste", _do_teste()
    corpo = {"type": f"estoque.{tipo}", "timestamp": aviso["em"], "data": aviso}
    return Mensagem(
        tabela.limpo(assunto),
        tuple(map(tabela.limpo, linhas)),
        json.dumps(corpo, default=_numero, ensure_ascii=False, separators=(",", ":")).encode(),
        momento_de_json(aviso["em"]),
    )


def _numero(valor: Decimal) -> int | float:
    """Write a number as JSON had it: whole, or a quantity."""
    return int(valor) if valor.as_tuple().exponent == 0 else float(valor)


def _da_transicao(aviso: Mapping[str, Any]) -> tuple[str, list[str]]:
    transicao = Transicao.de_json(aviso)
    return frase(transicao), list(_detalhes(transicao))


def frase(transicao: Transicao) -> str:
    """Say in a sentence what changed."""
    nome = transicao.nome_produto
    produto = f"{transicao.cod_produto} ({nome})" if nome else transicao.cod_produto
    dia = tabela.data(transicao.dia_depois) if transicao.dia_depois else ""
    return t(ASSUNTOS[transicao.tipo], produto=produto, dia=dia)


def _detalhes(transicao: Transicao) -> Iterator[str]:
    yield frase(transicao) + "."
    if transicao.dia_depois is not None and transicao.falta_depois is not None:
        yield t(
            "From {dia} on it lacks up to {falta}.",
            dia=tabela.data(transicao.dia_depois),
            falta=tabela.numero(transicao.falta_depois),
        )
    if transicao.dia_antes is not None and transicao.falta_antes is not None:
        yield t(
            "Announced before: {dia}, lacking {falta}.",
            dia=tabela.data(transicao.dia_antes),
            falta=tabela.numero(transicao.falta_antes),
        )
    if (causa := causa_em_palavras(transicao.causa)) is not None:
        yield causa


def causa_em_palavras(causa: Mapping[str, Any] | None) -> str | None:
    """Say why it came about, where that is one thing."""
    if causa is None:
        return None
    if "unificado_em" in causa:
        return t("It was unified into {codigo}.", codigo=causa["unificado_em"])
    return t(
        "It is the exit of {quantidade} of {documento} that it cannot bear.",
        quantidade=tabela.numero(Decimal(causa["saida"])),
        documento=causa["documento"]
        or f"{t(ORIGENS.get(causa['origem'], causa['origem']))} {causa['id']}",
    )


def _do_resumo(aviso: Mapping[str, Any]) -> tuple[str, list[str]]:
    rupturas: Sequence[Mapping[str, Any]] = aviso["rupturas"]
    transicoes = [Transicao.de_json(x) for x in aviso["transicoes"]]
    total = int(aviso["total_de_rupturas"])
    assunto = tn(
        "Stock on {dia}: {n} product runs out",
        "Stock on {dia}: {n} products run out",
        total,
        n=tabela.numero(total),
        dia=tabela.data(date.fromisoformat(aviso["dia"])),
    )
    linhas = [assunto + "."]
    for r in rupturas:
        linhas.append(
            t(
                "{dia}: {produto} lacks up to {falta}",
                dia=tabela.data(date.fromisoformat(r["dia_ruptura"])),
                produto=f"{r['cod_produto']} ({r['nome_produto'] or ''})",
                falta=tabela.numero(Decimal(r["falta"])),
            )
        )
    if total > len(rupturas):
        linhas.append(t("and {n} more", n=tabela.numero(total - len(rupturas))))
    mudaram = int(aviso["total_de_transicoes"])
    linhas += ["", t("Since the last digest:") if mudaram else t("Since the last digest: nothing.")]
    if mudaram > len(transicoes):
        linhas.append(t("and {n} more", n=tabela.numero(mudaram - len(transicoes))))
    linhas += map(frase, transicoes)
    return assunto, linhas


def _do_teste() -> tuple[str, list[str]]:
    assunto = t("Test of an alert")
    return assunto, [t("This is a test: messages about ruptures arrive here.")]
