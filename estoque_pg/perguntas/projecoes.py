"""A product in the days to come: day by day, and since when a quantity can be promised."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, ClassVar

from estoque_pg.idioma import marcar
from estoque_pg.perguntas import argumentos
from estoque_pg.perguntas.argumentos import Quantidade
from estoque_pg.perguntas.base import Pergunta, linhas, talvez_linha
from estoque_pg.perguntas.linha import Coluna, Linha, dicts
from estoque_pg.perguntas.publicacao import Rota, publicada


@dataclass(frozen=True, slots=True)
class DiaProjetado(Linha):
    """A row of `estoque_projecao`: one day, `dia` days from today, forecast or not."""

    dia: Annotated[int, Coluna("day", na_planilha=marcar("days from today"))]
    data: Annotated[date, Coluna("date")]
    saldo_inicial: Annotated[Decimal, Coluna("opening", "saldo")]
    entrada: Annotated[Decimal, Coluna("in")]
    saida: Annotated[Decimal, Coluna("out")]
    saldo_final: Annotated[Decimal, Coluna("closing", "saldo")]

    @classmethod
    def de_json(cls, objeto: Mapping[str, Any]) -> DiaProjetado:
        """Build it from an element of the JSON form of `estoque_projecao`."""
        return cls(
            dia=int(objeto["dia"]),
            data=date.fromisoformat(objeto["data"]),
            saldo_inicial=objeto["saldo_inicial"],
            entrada=objeto["entrada"],
            saida=objeto["saida"],
            saldo_final=objeto["saldo_final"],
        )


def projecao(codigo: str, dias: int = 28) -> Pergunta[list[DiaProjetado]]:
    """Return one row per day from today to `dias` days ahead; none for an unknown code."""
    return linhas(
        DiaProjetado, "projecao", codigo=argumentos.codigo(codigo), dias=argumentos.dias(dias)
    )


def consultar_projecao(codigo: str, dias: int = 28) -> Pergunta[list[dict[str, Any]]]:
    """Return `dias` + 1 dictionaries, one per day from today; none for an unknown code.

    Keys: dia, data, saldo_inicial, entrada, saida, saldo_final. Raises ArgumentoInvalido when
    `dias` is negative.
    """
    return projecao(codigo, dias).entao(dicts)


@dataclass(frozen=True, slots=True)
class ProjecaoCompleta(Linha):
    """A product with its projection, and since when, and how much, any of it can be promised."""

    TABELA: ClassVar[str] = "projecao"

    cod_produto: str
    nome_produto: str | None
    estoque_atual: Decimal
    menor_estoque_d7: Decimal
    dia_ruptura: date | None
    data_disponivel: date | None
    quantidade_disponivel: Decimal | None
    projecao: tuple[DiaProjetado, ...]

    @classmethod
    def de_linha(cls, **colunas: Any) -> ProjecaoCompleta:
        """Build it from the columns of the query, whose days are JSON."""
        dias = colunas.pop("projecao")
        return cls(projecao=tuple(map(DiaProjetado.de_json, dias)), **colunas)


@publicada(
    rota=Rota(
        "projecao",
        "The balance of a product day by day, and since when any of it can be promised.",
        "projecao",
    ),
)
def projecao_completa(codigo: str, dias: int = 28) -> Pergunta[ProjecaoCompleta | None]:
    """Return the product, its days, and since when any of it can be promised, in one answer.

    None for an unknown code. Raises ArgumentoInvalido when `dias` is negative.
    """
    return talvez_linha(
        ProjecaoCompleta.de_linha,
        "projecao_completa",
        codigo=argumentos.codigo(codigo),
        dias=argumentos.dias(dias),
    )


@dataclass(frozen=True, slots=True)
class Disponibilidade(Linha):
    """The row of `estoque_disponibilidade`: since when, and how much; None when no day does."""

    data_disponivel: Annotated[date | None, Coluna("from")]
    quantidade_disponivel: Annotated[Decimal | None, Coluna("most then")]


@publicada(
    rota=Rota(
        "disponibilidade",
        "The earliest day from which a quantity can be promised without a later rupture.",
        "disponibilidade",
    ),
)
def disponibilidade(
    codigo: str, quantidade: Quantidade, dias: int = 28
) -> Pergunta[Disponibilidade | None]:
    """Return since when the quantity can be promised; None for an unknown code."""
    return talvez_linha(
        Disponibilidade,
        "disponibilidade",
        codigo=argumentos.codigo(codigo),
        quantidade=argumentos.quantidade(quantidade),
        dias=argumentos.dias(dias),
    )


def consultar_disponibilidade(
    codigo: str, quantidade: Quantidade, dias: int = 28
) -> Pergunta[dict[str, Any] | None]:
    """Return since when `quantidade` can be promised without a later rupture, and how much.

    Keys: data_disponivel, quantidade_disponivel, both None when no day up to the horizon
    does. None for an unknown code. Raises ArgumentoInvalido unless `quantidade` > 0.
    """
    return disponibilidade(codigo, quantidade, dias).entao(lambda d: d.como_dict() if d else None)
