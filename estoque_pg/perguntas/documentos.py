"""The documents behind a product's numbers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Annotated, Any

from estoque_pg.idioma import marcar
from estoque_pg.perguntas import argumentos
from estoque_pg.perguntas.base import Pergunta, linhas
from estoque_pg.perguntas.linha import Coluna, Linha
from estoque_pg.perguntas.publicacao import Comando, Rota, publicada

SITUACOES = {
    "conta": marcar("counts"),
    "atrasada": marcar("overdue, counts today"),
    "entrada atrasada": marcar("overdue entry, does not count"),
    "alem do horizonte": marcar("beyond the horizon"),
    "sem data": marcar("without a date"),
    "sem quantidade": marcar("without a quantity"),
    "faturado": marcar("invoiced"),
}

# What the sources are called, for people.
ORIGENS = {
    "movimentacao_estoque": marcar("movement"),
    "separacao": marcar("separation"),
    "pre_separacao_item": marcar("pre-separation"),
    "programacao_producao": marcar("production"),
    "embarque_itens": marcar("shipment item"),
    "unificacao_codigos": marcar("unification"),
    "estoque_codigo_conhecido": marcar("code"),
}


def chamar(documento: str | None, origem: str | None, id_: str | None) -> str:
    """Name a document: what people call it, where they do, and its source and id."""
    return f"{documento} ({origem} {id_})" if documento else f"{origem} {id_}"


@dataclass(frozen=True, slots=True)
class Documento(Linha):
    """A row of `estoque_documentos`.

    `dia` is the day it counts on, None where it does not, and `saldo` the balance after it;
    `situacao` says why it does not. An infinite date is shown as the first or the last there is.
    """

    dia: Annotated[date | None, Coluna("counts on")]
    data_prevista: Annotated[date | None, Coluna("date")]
    origem: Annotated[str, Coluna("source")]
    id: Annotated[str, Coluna("id")]
    documento: Annotated[str | None, Coluna("document")]
    lote: Annotated[str | None, Coluna("lot")]
    codigo: Annotated[str, Coluna("code")]
    entrada: Annotated[Decimal, Coluna("in")]
    saida: Annotated[Decimal, Coluna("out")]
    saldo: Annotated[Decimal | None, Coluna("balance", "saldo")]
    situacao: Annotated[str, Coluna("state", frases=SITUACOES)]


@publicada(
    rota=Rota(
        "documentos", "The open documents of a product, and which of them count.", "documentos"
    ),
    comando=Comando(
        "documentos",
        "List the open documents of a product, and which of them count.",
        exemplo="P001",
        contadas=("document", "documents"),
        colunas=(
            "dia",
            "data_prevista",
            "origem",
            "id",
            "documento",
            "lote",
            "entrada",
            "saida",
            "saldo",
            "situacao",
        ),
    ),
)
def documentos(codigo: str, dias: int = 28) -> Pergunta[list[Documento] | None]:
    """Return the open documents of a product, those that count first; None for an unknown code.

    Raises ArgumentoInvalido for `dias` that are negative or more than 3650.
    """
    return linhas(
        _documento, "documentos", codigo=argumentos.codigo(codigo), dias=argumentos.dias(dias)
    ).entao(lambda achados: [d for d in achados if d is not None] if achados else None)


def _documento(**colunas: Any) -> Documento | None:
    return Documento(**colunas) if colunas["origem"] is not None else None
