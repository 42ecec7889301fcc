"""The lists of products: which there are, and how they are filtered, ordered and cut into pages."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date
from decimal import Decimal
from types import MappingProxyType
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from estoque_pg.api import APIEstoqueTempoReal, retrato
from estoque_pg.erros import SemPermissao
from estoque_pg.idioma import marcar, t
from estoque_pg.perguntas.argumentos import MAX_DIAS
from estoque_pg.perguntas.linha import Coluna, Linha
from estoque_pg.perguntas.linha import colunas as colunas_de
from estoque_pg.perguntas.planejamento import AbaixoDoMinimo, Causa
from estoque_pg.perguntas.saldos import EmRisco, Negativo, Ruptura

POR_PAGINA = 50
HORIZONTE = 28


class Pedido(BaseModel):
    """What an address asks of a list."""

    model_config = ConfigDict(extra="forbid")
    dias: Annotated[int | None, Field(ge=0, le=MAX_DIAS)] = None
    texto: str = ""
    responsavel: str = ""
    ordem: str = ""
    pagina: Annotated[int, Field(ge=1, le=100_000)] = 1
    formato: str = ""


@dataclass(frozen=True)
class Lista:
    """A list: what it is called, its rows, by how many days it looks ahead, and what is empty."""

    titulo: str
    explicacao: str
    vazia: str
    classe: type[Linha]
    dias: int | None
    perguntar: Callable[[APIEstoqueTempoReal, int], Sequence[Linha]]
    com_causa: bool = False


LISTAS: Mapping[str, Lista] = MappingProxyType(
    {
        "rupturas": Lista(
            marcar("Ruptures"),
            marcar("Products that end a day below zero, soonest first."),
            marcar("No product runs out in this time."),
            Ruptura,
            7,
            lambda api, dias: api.rupturas(dias),
            com_causa=True,
        ),
        "abaixo-do-minimo": Lista(
            marcar("Below the minimum"),
            marcar("Products that end a day below their minimum, and by when to order."),
            marcar("No product falls below its minimum in this time."),
            AbaixoDoMinimo,
            28,
            lambda api, dias: api.abaixo_do_minimo(dias),
        ),
        "em-risco": Lista(
            marcar("At risk"),
            marcar("Products that run out unless their planned entries come."),
            marcar("No product depends on its entries in this time."),
            EmRisco,
            28,
            lambda api, dias: api.em_risco(dias),
        ),
        "negativos": Lista(
            marcar("Below zero"),
            marcar("Products whose balance is below zero now, the lowest first."),
            marcar("No balance is below zero."),
            Negativo,
            None,
            lambda api, dias: api.negativos(),
        ),
    }
)


@dataclass(frozen=True)
class Figura:
    """A figure of the first page: what it counts, how many, where the list is, how bad it is."""

    titulo: str
    quantos: int
    caminho: str
    tom: str


def contar(api: APIEstoqueTempoReal, rupturas: Sequence[Ruptura]) -> list[Figura]:
    """Return the figures of the first page, of the ruptures within 28 days and of the rest."""

    def ate(dias: int) -> int:
        return sum(r.dias_ate_ruptura <= dias for r in rupturas)

    contagens = [
        Figura(t("run out today"), ate(0), "/lista/rupturas?dias=0", "falta"),
        Figura(t("within 7 days"), ate(7), "/lista/rupturas?dias=7", "falta"),
        Figura(t("within 28 days"), ate(28), "/lista/rupturas?dias=28", "falta"),
        Figura(t("below zero now"), len(api.negativos()), "/lista/negativos", "falta"),
        Figura(t("at risk"), len(api.em_risco(HORIZONTE)), "/lista/em-risco", "alerta"),
    ]
    # Those that show the ERP's documents, for roles that may read them.
    try:
        with retrato(api.banco, api.schema) as dentro:  # type: ignore[arg-type]
            abaixo = len(dentro.abaixo_do_minimo(HORIZONTE))
    except SemPermissao:
        return contagens
    return [
        *contagens,
        Figura(t("below the minimum"), abaixo, "/lista/abaixo-do-minimo", "alerta"),
    ]


def causas(api: APIEstoqueTempoReal, codigos: Sequence[str], dias: int) -> dict[str, Causa]:
    """Return what takes each product below zero; nothing to a role that may not read documents."""
    if not codigos:
        return {}
    try:
        with retrato(api.banco, api.schema) as dentro:  # type: ignore[arg-type]
            return {c.cod_produto: c for c in dentro.causas(codigos, dias)}
    except SemPermissao:
        return {}


@dataclass(frozen=True)
class Achada:
    """A list as it was asked for: its rows, those of this page, and what its filters offer."""

    classe: type[Linha]
    linhas: Sequence[Any]
    desta_pagina: Sequence[Any]
    colunas: Mapping[str, Coluna]
    causas: Mapping[str, Causa]
    responsaveis: Sequence[str]
    dias: int
    ordem: str
    paginas: int
    hoje: date


def achar(api: APIEstoqueTempoReal, lista: Lista, pedido: Pedido) -> Achada:
    """Ask for a list, and keep of it what the address wants."""
    dias = lista.dias or 0 if pedido.dias is None else pedido.dias
    linhas: Sequence[Any] = lista.perguntar(api, dias)
    quem = api.responsaveis()
    geral = quem.pop(None, None)
    if pedido.responsavel:
        linhas = [r for r in linhas if quem.get(r.cod_produto, geral) == pedido.responsavel]
    if pedido.texto.strip():
        palavras = simples(pedido.texto).split()
        linhas = [
            r
            for r in linhas
            if all(p in simples(f"{r.cod_produto} {r.nome_produto or ''}") for p in palavras)
        ]
    colunas = colunas_de(lista.classe)
    ordem = pedido.ordem.removeprefix("-")
    if ordem in {c.name for c in fields(lista.classe)}:
        linhas = sorted(linhas, key=lambda r: _chave(getattr(r, ordem)))
        if pedido.ordem.startswith("-"):
            linhas = list(reversed(linhas))
    paginas = max(-(-len(linhas) // POR_PAGINA), 1)
    pagina = min(pedido.pagina, paginas)
    desta = linhas[(pagina - 1) * POR_PAGINA : pagina * POR_PAGINA]
    das_linhas = [r.cod_produto for r in desta] if lista.com_causa else []
    todos = sorted({n for n in [*quem.values(), geral] if n})
    return Achada(
        lista.classe,
        linhas,
        desta,
        colunas,
        causas(api, das_linhas, dias),
        todos,
        dias,
        pedido.ordem,
        paginas,
        api.hoje(),
    )


def simples(texto: str) -> str:
    """Return a text as it is compared: whatever its accents and capitals."""
    decomposto = unicodedata.normalize("NFD", texto.casefold())
    return "".join(c for c in decomposto if not unicodedata.combining(c))


def _chave(valor: Any) -> tuple[bool, Any]:
    """Order values of one column, those that are missing last."""
    return (valor is None, valor if isinstance(valor, (Decimal, int, date)) else str(valor or ""))
