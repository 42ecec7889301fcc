"""The rows the queries return: one frozen dataclass per question, field name = column name.

Quantities are `Decimal`, in the product's own unit, three decimals. `como_dict()` gives the JSON
form of a row: floats for quantities, ISO text for dates.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import date
from decimal import Decimal
from typing import Any


def _json(valor: Any) -> Any:
    if isinstance(valor, Decimal):
        return float(valor)  # exact to print: numeric(15,3) has no more than 15 digits
    if isinstance(valor, date):
        return valor.isoformat()
    if isinstance(valor, Linha):
        return valor.como_dict()
    if isinstance(valor, tuple):
        return [_json(v) for v in valor]
    return valor


@dataclass(frozen=True, slots=True)
class Linha:
    """What all rows have in common."""

    def como_dict(self) -> dict[str, Any]:
        """Return the row as a dictionary that json.dumps accepts."""
        return {c.name: _json(getattr(self, c.name)) for c in fields(self)}


@dataclass(frozen=True, slots=True)
class MovimentacaoPrevista(Linha):
    """The forecast of one product on one date; `saldo_dia` is the day's net."""

    data: date
    entrada: Decimal
    saida: Decimal
    saldo_dia: Decimal

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

    `codigo_consultado` is the code that was asked for, `cod_produto` the canonical one.
    """

    codigo_consultado: str
    cod_produto: str
    nome_produto: str | None
    estoque_atual: Decimal
    menor_estoque_d7: Decimal
    dia_ruptura: date | None
    movimentacoes_previstas: tuple[MovimentacaoPrevista, ...]

    @classmethod
    def de_linha(
        cls, *, movimentacoes_previstas: Iterable[Mapping[str, Any]] | None, **colunas: Any
    ) -> Produto:
        """Build it from the columns of the query, whose forecast is JSON."""
        previstas = tuple(map(MovimentacaoPrevista.de_json, movimentacoes_previstas or ()))
        return cls(movimentacoes_previstas=previstas, **colunas)

    def como_dict(self) -> dict[str, Any]:
        """Return the public dictionary, which names the canonical code only."""
        # Two-argument super(): a slotted dataclass is a copy of the class the short form means.
        objeto = super(Produto, self).como_dict()
        del objeto["codigo_consultado"]
        return objeto


@dataclass(frozen=True, slots=True)
class Ruptura(Linha):
    """A row of `estoque_rupturas`: a product that runs out within the days asked for."""

    cod_produto: str
    nome_produto: str | None
    estoque_atual: Decimal
    menor_estoque_d7: Decimal
    dia_ruptura: date
    dias_ate_ruptura: int


@dataclass(frozen=True, slots=True)
class DiaProjetado(Linha):
    """A row of `estoque_projecao`: one day, `dia` days from today, forecast or not."""

    dia: int
    data: date
    saldo_inicial: Decimal
    entrada: Decimal
    saida: Decimal
    saldo_final: Decimal

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


@dataclass(frozen=True, slots=True)
class ProjecaoCompleta(Linha):
    """A product with its projection, and since when, and how much, any of it can be promised."""

    cod_produto: str
    nome_produto: str | None
    estoque_atual: Decimal
    menor_estoque_d7: Decimal
    dia_ruptura: date | None
    data_disponivel: date | None
    qtd_disponivel: Decimal | None
    projecao: tuple[DiaProjetado, ...]

    @classmethod
    def de_linha(cls, *, projecao: Iterable[Mapping[str, Any]], **colunas: Any) -> ProjecaoCompleta:
        """Build it from the columns of the query, whose days are JSON."""
        return cls(projecao=tuple(map(DiaProjetado.de_json, projecao)), **colunas)


@dataclass(frozen=True, slots=True)
class Disponibilidade(Linha):
    """The row of `estoque_disponibilidade`: since when, and how much; None when no day does."""

    data_disponivel: date | None
    quantidade_disponivel: Decimal | None


@dataclass(frozen=True, slots=True)
class Estatisticas(Linha):
    """The row of `estoque_estatisticas`."""

    total_produtos: int
    produtos_com_ruptura: int
    produtos_estoque_negativo: int
    produtos_estoque_zerado: int
    movimentacoes_previstas_7d: int
    percentual_ruptura: Decimal


@dataclass(frozen=True, slots=True)
class Recalculo(Linha):
    """A product that was rebuilt; `corrigido` tells whether it, or its gates, had been wrong.

    `saldo_atual` is None when the correction was to remove the row: nothing knows the code.
    """

    cod_produto: str
    saldo_atual: Decimal | None
    corrigido: bool


@dataclass(frozen=True, slots=True)
class Divergencia(Linha):
    """A row of `estoque_verificar`: a stored value that differs from the sources."""

    cod_produto: str
    campo: str
    data_prevista: date | None
    valor_armazenado: str | None
    valor_esperado: str | None


@dataclass(frozen=True, slots=True)
class Contagem(Linha):
    """How much an audit compares."""

    produtos: int
    previsoes: int
