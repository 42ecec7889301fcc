"""Products as they stand now: balance, the next seven days, and who runs out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, ClassVar

from estoque_pg.idioma import marcar
from estoque_pg.perguntas import argumentos
from estoque_pg.perguntas.base import Pergunta, linhas, uma_linha, valor
from estoque_pg.perguntas.grupos import rupturas_do_grupo
from estoque_pg.perguntas.linha import (
    CodProduto,
    Coluna,
    EstoqueAtual,
    Linha,
    MenorEstoqueD7,
    NomeProduto,
    dicts,
)
from estoque_pg.perguntas.publicacao import Comando, Rota, publicada


@dataclass(frozen=True, slots=True)
class MovimentacaoPrevista(Linha):
    """The forecast of one product on one date; `saldo_dia` is the day's net."""

    data: Annotated[date, Coluna("")]
    entrada: Annotated[Decimal, Coluna("in")]
    saida: Annotated[Decimal, Coluna("out")]
    saldo_dia: Annotated[Decimal, Coluna("net")]

    @classmethod
    def de_json(cls, objeto: Mapping[str, Any]) -> MovimentacaoPrevista:
        """Build it from an element of `estoque_consultar().movimentacoes_previstas`."""
        return cls(
            data=date.fromisoformat(objeto["data"]),
            entrada=Decimal(objeto["entrada"]),
            saida=Decimal(objeto["saida"]),
            saldo_dia=Decimal(objeto["saldo_dia"]),
        )


@dataclass(frozen=True, slots=True)
class Produto(Linha):
    """A row of `estoque_consultar`: a product as it stands now, and its next seven days.

    `codigo_consultado` is the code that was asked for, `cod_produto` the canonical one; the public
    dictionary names the latter only.
    """

    RESERVADAS: ClassVar[tuple[str, ...]] = ("codigo_consultado",)

    codigo_consultado: Annotated[str, Coluna("asked")]
    cod_produto: CodProduto
    nome_produto: NomeProduto
    estoque_atual: EstoqueAtual
    menor_estoque_d7: MenorEstoqueD7
    dia_ruptura: Annotated[date | None, Coluna("runs out", "ruptura")]
    movimentacoes_previstas: Annotated[
        tuple[MovimentacaoPrevista, ...], Coluna("forecast of the next 7 days")
    ]

    @classmethod
    def de_linha(cls, **colunas: Any) -> Produto:
        """Build it from the columns of the query, whose forecast is JSON."""
        previstas = colunas.pop("movimentacoes_previstas") or ()
        return cls(
            movimentacoes_previstas=tuple(map(MovimentacaoPrevista.de_json, previstas)), **colunas
        )


def produtos(codigos: Sequence[str]) -> Pergunta[list[Produto]]:
    """Return one row per distinct known code, in the order asked for."""

    def em_ordem(achados: list[Produto]) -> list[Produto]:
        por_codigo = {p.codigo_consultado: p for p in achados}
        return [por_codigo[c] for c in dict.fromkeys(pedidos) if c in por_codigo]

    pedidos = argumentos.codigos(codigos)
    return linhas(Produto.de_linha, "consultar", codigos=pedidos).entao(em_ordem)


@publicada(
    rota=Rota("produto", "One product: its balance now and its next seven days.", "produto"),
)
def produto(codigo: str) -> Pergunta[Produto | None]:
    """Return a product as it stands now; None for an unknown code."""
    return produtos([codigo]).entao(lambda achados: achados[0] if achados else None)


@dataclass(frozen=True, slots=True)
class Atrasado(Linha):
    """What of a product is overdue, and in none of the days of `Produto`.

    `saida` counts today; `entrada`, of the last 30 days, does not count at all.
    """

    entrada: Decimal
    saida: Decimal


def atrasado(codigo: str) -> Pergunta[Atrasado]:
    """Return what of a product is overdue; zeros for an unknown code."""
    return uma_linha(Atrasado, "atrasado", codigo=argumentos.codigo(codigo))


def consultar_workspace(codigos: Sequence[str]) -> Pergunta[dict[str, Any]]:
    """Return the products of a list of codes, and the codes that nothing knows.

    Keys: `total`, the number of products; `produtos`, the dictionary of `consultar_produto` for
    each distinct known code, in the order asked for; `nao_encontrados`, the other codes, likewise.
    """

    def formar(achados: list[Produto]) -> dict[str, Any]:
        conhecidos = {p.codigo_consultado for p in achados}
        return {
            "total": len(achados),
            "produtos": dicts(achados),
            "nao_encontrados": [c for c in dict.fromkeys(pedidos) if c not in conhecidos],
        }

    pedidos = argumentos.codigos(codigos)
    return produtos(pedidos).entao(formar)


def consultar_produto(codigo: str) -> Pergunta[dict[str, Any] | None]:
    """Return a product as it stands now, or None when no source knows the code.

    Keys: cod_produto, nome_produto, estoque_atual, menor_estoque_d7, dia_ruptura,
    movimentacoes_previstas: data, entrada, saida, saldo_dia, one for each date of the next seven
    days that has any.
    """
    return produto(codigo).entao(lambda achado: achado.como_dict() if achado else None)


@dataclass(frozen=True, slots=True)
class Ruptura(Linha):
    """A row of `estoque_rupturas`: a product that runs out within the days asked for."""

    cod_produto: CodProduto
    nome_produto: NomeProduto
    estoque_atual: EstoqueAtual
    menor_estoque_d7: MenorEstoqueD7
    dia_ruptura: Annotated[date, Coluna("runs out", "ruptura")]
    dias_ate_ruptura: Annotated[
        int, Coluna("when", "prazo", na_planilha=marcar("days until it runs out"))
    ]
    falta: Annotated[Decimal, Coluna("short")]
    fim_ruptura: Annotated[date | None, Coluna("until")]


@publicada(
    rota=Rota(
        "rupturas", "The products that run out within so many days, soonest first.", "produtos"
    ),
    comando=Comando(
        "rupturas",
        "List the products that run out soon.\n\n"
        "Those within --dias days from today, soonest first.",
        exemplo="--dias 14",
        contadas=("product runs out {prazo}", "products run out {prazo}"),
        colunas=(
            "cod_produto",
            "nome_produto",
            "estoque_atual",
            "dia_ruptura",
            "dias_ate_ruptura",
            "falta",
            "fim_ruptura",
        ),
        do_grupo=rupturas_do_grupo,
    ),
)
def rupturas(dias: int = 7) -> Pergunta[list[Ruptura]]:
    """Return the products that run out within today and `dias` days, soonest first."""
    return linhas(Ruptura, "rupturas", dias=argumentos.dias(dias))


def consultar_rupturas(dias: int = 7) -> Pergunta[list[dict[str, Any]]]:
    """Return the products that run out within today and `dias` days, soonest first.

    Keys: cod_produto, nome_produto, estoque_atual, menor_estoque_d7, dia_ruptura,
    dias_ate_ruptura, falta, fim_ruptura. Raises ArgumentoInvalido when `dias` is negative.
    """
    return rupturas(dias).entao(dicts)


@dataclass(frozen=True, slots=True)
class Acompanhado(Linha):
    """What a screen shows of a product. All but the code is None where nothing knows the code."""

    codigo_consultado: str
    cod_produto: str | None = None
    nome_produto: str | None = None
    estoque_atual: Decimal | None = None
    menor_estoque_d7: Decimal | None = None
    dia_ruptura: date | None = None
    dias_ate_ruptura: int | None = None


def acompanhar(codigos: Sequence[str]) -> Pergunta[list[Acompanhado]]:
    """Return one row per distinct code, known or not, in the order asked for; no forecasts."""

    def em_ordem(achados: list[Acompanhado]) -> list[Acompanhado]:
        por_codigo = {a.codigo_consultado: a for a in achados}
        return [por_codigo.get(c) or Acompanhado(c) for c in dict.fromkeys(pedidos)]

    pedidos = argumentos.codigos(codigos)
    return linhas(Acompanhado, "acompanhar", codigos=pedidos).entao(em_ordem)


@dataclass(frozen=True, slots=True)
class CodigoConhecido(Linha):
    """A code that some source or unification mentions, with its product's name."""

    codigo: str
    nome_produto: str | None


def completar(prefixo: str) -> Pergunta[list[CodigoConhecido]]:
    """Return the known codes that begin so, by code, no more than 200."""
    return linhas(CodigoConhecido, "completar", prefixo=argumentos.codigo(prefixo))


def codigo_canonico(codigo: str) -> Pergunta[str]:
    """Return the code its unification group goes by; the code itself when it has none."""
    return valor(str, "codigo", codigo=argumentos.codigo(codigo))


@dataclass(frozen=True, slots=True)
class Negativo(Linha):
    """A product whose balance is below zero now."""

    cod_produto: CodProduto
    nome_produto: NomeProduto
    estoque_atual: EstoqueAtual
    menor_estoque_d7: MenorEstoqueD7
    dia_ruptura: Annotated[date | None, Coluna("runs out", "ruptura")]


@publicada(
    rota=Rota("negativos", "The products whose balance is below zero now.", "produtos"),
    comando=Comando(
        "negativos",
        "List the products whose balance is below zero.",
        contadas=("product is below zero", "products are below zero"),
    ),
)
def negativos() -> Pergunta[list[Negativo]]:
    """Return the products whose balance is below zero now, the lowest first."""
    return linhas(Negativo, "negativos")


@dataclass(frozen=True, slots=True)
class EmRisco(Linha):
    """A row of `estoque_em_risco`: a product that runs out unless its entries come.

    `dia_ruptura` and `falta` are what would be without them, `proxima_entrada` the first of them.
    """

    cod_produto: CodProduto
    nome_produto: NomeProduto
    estoque_atual: EstoqueAtual
    dia_ruptura: Annotated[date, Coluna("without entries", "ruptura")]
    falta: Annotated[Decimal, Coluna("short")]
    proxima_entrada: Annotated[date, Coluna("next entry")]


@publicada(
    rota=Rota("em_risco", "The products that run out unless the planned entries come.", "produtos"),
    comando=Comando(
        "em-risco",
        "List the products that run out unless their entries come.\n\n"
        "They end no day below zero as planned, but would if no entry came.",
        exemplo="--dias 14",
        contadas=("product depends on its entries", "products depend on their entries"),
    ),
)
def em_risco(dias: int = 28) -> Pergunta[list[EmRisco]]:
    """Return the products that would run out if no entry came, soonest first."""
    return linhas(EmRisco, "em_risco", dias=argumentos.dias(dias))
