"""The lists of products: which there are, and how they are filtered, ordered and cut into pages."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date
from decimal import Decimal
from types import MappingProxyType
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from estoque_pg.api import APIEstoqueTempoReal, se_puder
from estoque_pg.idioma import marcar, t
from estoque_pg.leitura import simples
from estoque_pg.perguntas.argumentos import MAX_DIAS
from estoque_pg.perguntas.linha import Coluna, Linha
from estoque_pg.perguntas.linha import colunas as colunas_de
from estoque_pg.perguntas.planejamento import AbaixoDoMinimo, Causa
from estoque_pg.perguntas.saldos import EmRisco, Negativo, Ruptura

POR_PAGINA = 50
HORIZONTE = 28  # days that the first page looks ahead
PRIMEIRAS = 20  # ruptures that it names


def vazio(valor: Any) -> Any:
    """Take a field that was left empty as one that was not sent."""
    return None if valor == "" else valor


Dias = Annotated[int, Field(ge=0, le=MAX_DIAS)]


class Pedido(BaseModel):
    """What an address asks of a list."""

    model_config = ConfigDict(extra="forbid")
    dias: Annotated[Dias | None, BeforeValidator(vazio)] = None
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


class Pessoas:
    """Who looks after which product."""

    def __init__(self, api: APIEstoqueTempoReal) -> None:
        self._de_cada = api.responsaveis()
        self._geral = self._de_cada.pop(None, None)

    @property
    def nomes(self) -> list[str]:
        """All of them, in order."""
        return sorted({n for n in [*self._de_cada.values(), self._geral] if n})

    def dos(self, linhas: Sequence[Any], pessoa: str) -> Sequence[Any]:
        """Return the rows of products that a person looks after; all for nobody in particular."""
        if not pessoa:
            return linhas
        return [r for r in linhas if self._de_cada.get(r.cod_produto, self._geral) == pessoa]


@dataclass(frozen=True)
class Figura:
    """A figure of the first page: what it counts, how many, its list's address, how bad it is."""

    titulo: str
    quantos: int
    caminho: str
    consulta: Mapping[str, str]
    tom: str


@dataclass(frozen=True)
class Dia:
    """The first page: its figures, and what runs out first and why."""

    figuras: Sequence[Figura]
    rupturas: Sequence[Ruptura]
    causas: Mapping[str, Causa]
    responsaveis: Sequence[str]
    hoje: date


def do_dia(api: APIEstoqueTempoReal, pessoa: str, incoerencias: int | None) -> Dia:
    """Return the first page for a person, or for all; `incoerencias` is None if not known."""
    pessoas = Pessoas(api)
    rupturas = pessoas.dos(api.rupturas(HORIZONTE), pessoa)
    consulta = {"responsavel": pessoa} if pessoa else {}

    def ate(dias: int) -> tuple[int, str, dict[str, str]]:
        quantas = sum(r.dias_ate_ruptura <= dias for r in rupturas)
        return quantas, "/lista/rupturas", {"dias": str(dias), **consulta}

    def lista(linhas: Sequence[Linha], nome: str) -> tuple[int, str, dict[str, str]]:
        return len(pessoas.dos(linhas, pessoa)), f"/lista/{nome}", consulta

    figuras = [
        Figura(t("run out today"), *ate(0), "falta"),
        Figura(t("within 7 days"), *ate(7), "falta"),
        Figura(t("within 28 days"), *ate(28), "falta"),
        Figura(t("below zero now"), *lista(api.negativos(), "negativos"), "falta"),
        Figura(t("at risk"), *lista(api.em_risco(HORIZONTE), "em-risco"), "alerta"),
    ]
    with se_puder(api):  # it shows documents
        abaixo = api.abaixo_do_minimo(HORIZONTE)
        figuras.append(Figura(t("below the minimum"), *lista(abaixo, "abaixo-do-minimo"), "alerta"))
    if incoerencias is not None:
        figuras.append(Figura(t("incoherent"), incoerencias, "/incoerencias", {}, "alerta"))
    primeiras = rupturas[:PRIMEIRAS]
    quais = causas(api, [r.cod_produto for r in primeiras], HORIZONTE)
    return Dia(figuras, primeiras, quais, pessoas.nomes, api.hoje())


def causas(api: APIEstoqueTempoReal, codigos: Sequence[str], dias: int) -> dict[str, Causa]:
    """Return what takes each product below zero; nothing to a role that may not read documents."""
    if codigos:
        with se_puder(api):
            return {c.cod_produto: c for c in api.causas(codigos, dias)}
    return {}


@dataclass(frozen=True)
class Parte:
    """Rows as they were asked for, those of this page, which page it is, and how many there are."""

    linhas: Sequence[Any]
    desta_pagina: Sequence[Any]
    pagina: int
    paginas: int


@dataclass(frozen=True)
class Achada:
    """A list as it was asked for: its rows, and what its filters offer."""

    classe: type[Linha]
    parte: Parte
    colunas: Mapping[str, Coluna]
    causas: Mapping[str, Causa]
    responsaveis: Sequence[str]
    dias: int
    hoje: date


def achar(api: APIEstoqueTempoReal, lista: Lista, pedido: Pedido) -> Achada:
    """Ask for a list, and keep of it what the address wants."""
    dias = lista.dias or 0 if pedido.dias is None else pedido.dias
    pessoas = Pessoas(api)
    linhas = pessoas.dos(lista.perguntar(api, dias), pedido.responsavel)
    parte = cortar(
        lista.classe, linhas, pedido, lambda r: f"{r.cod_produto} {r.nome_produto or ''}"
    )
    das_linhas = [r.cod_produto for r in parte.desta_pagina] if lista.com_causa else []
    return Achada(
        lista.classe,
        parte,
        colunas_de(lista.classe),
        causas(api, das_linhas, dias),
        pessoas.nomes,
        dias,
        api.hoje(),
    )


def cortar(
    classe: type[Linha], linhas: Sequence[Any], pedido: Pedido, palavras: Callable[[Any], str]
) -> Parte:
    """Keep of rows those whose words are searched, in the order asked for, and cut the page out."""
    if pedido.texto.strip():
        buscadas = simples(pedido.texto).split()
        linhas = [r for r in linhas if all(p in simples(palavras(r)) for p in buscadas)]
    ordem = pedido.ordem.removeprefix("-")
    if ordem in {c.name for c in fields(classe)}:
        linhas = sorted(linhas, key=lambda r: _chave(getattr(r, ordem)))
        if pedido.ordem.startswith("-"):
            linhas = list(reversed(linhas))
    paginas = max(-(-len(linhas) // POR_PAGINA), 1)
    pagina = min(pedido.pagina, paginas)
    desta = linhas[(pagina - 1) * POR_PAGINA : pagina * POR_PAGINA]
    return Parte(linhas, desta, pagina, paginas)


def _chave(valor: Any) -> tuple[bool, Any]:
    """Order values of one column, those that are missing last."""
    return (valor is None, valor if isinstance(valor, (Decimal, int, date)) else str(valor or ""))
