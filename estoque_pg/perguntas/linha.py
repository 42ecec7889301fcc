"""What all rows have in common, and what their columns are for whoever reads them in a table.

A row is a frozen dataclass, field name = column name. Quantities are `Decimal`, in the product's
own unit, three decimals. `como_dict()` gives the JSON form: floats for quantities, ISO text for
dates and times.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from datetime import date, datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Annotated, Any, ClassVar, Literal, get_type_hints


@dataclass(frozen=True, slots=True)
class Linha:
    """A row of an answer."""

    # Columns that the public dictionary leaves out.
    RESERVADAS: ClassVar[tuple[str, ...]] = ()

    # The field whose rows are the answer's table, where the row is an answer that has one.
    TABELA: ClassVar[str] = ""

    # The field whose rows a file has below those, with the columns that they share.
    RESTO: ClassVar[str] = ""

    def como_dict(self) -> dict[str, Any]:
        """Return the row as a dictionary that json.dumps accepts."""
        return {c: v for c, v in self.todas().items() if c not in self.RESERVADAS}

    def todas(self) -> dict[str, Any]:
        """Return all columns, reserved ones too, as json.dumps accepts them."""
        return {c.name: em_json(getattr(self, c.name)) for c in fields(self)}

    def na_planilha(self, campo: str) -> Any:
        """Return what a spreadsheet shows of a field: a number, a date, a text, rows, None."""
        return getattr(self, campo, None)


def dicts(linhas: Iterable[Linha]) -> list[dict[str, Any]]:
    """Return the rows as dictionaries."""
    return [linha.como_dict() for linha in linhas]


def em_json(valor: Any) -> Any:
    """Return a value as json.dumps accepts it."""
    if isinstance(valor, Decimal):
        return float(valor)  # exact to print: numeric(15,3) has no more than 15 digits
    if isinstance(valor, date):
        return valor.isoformat()
    if isinstance(valor, Linha):
        return valor.como_dict()
    if isinstance(valor, (tuple, list)):
        return [em_json(v) for v in valor]
    if isinstance(valor, dict):
        return {chave: em_json(v) for chave, v in valor.items()}
    return valor


def momento_de_json(texto: str) -> datetime:
    """Read a timestamptz of PostgreSQL's JSON."""
    return datetime.fromisoformat(completo(texto))


def completo(texto: str) -> str:
    """Return a moment with all six digits of its fraction, if it has one.

    PostgreSQL leaves out zeros at the end; Python 3.10 reads none of such a length.
    """
    return re.sub(r"\.(\d+)", lambda achado: f".{achado[1]:0<6}", texto)


# -- columns ------------------------------------------------------------------------------------

# What a value means to who reads it, beyond its type: a balance, which is bad below zero; a count
# of what is bad, so above zero; a day on which stock runs out; days from today; a day by which
# something has to be done, which is bad once it is over.
Sentido = Literal["", "saldo", "alerta", "ruptura", "prazo", "limite"]


@dataclass(frozen=True)
class Coluna:
    """Annotates a field of a row with its title in a table, and what the value means.

    A value that is a stable key has a sentence in `frases`, for tables; data have the key itself.
    In a spreadsheet the title is `na_planilha`, where tables write the value in another way that
    the other title goes with. Titles and sentences are English, and translated when they are
    shown.
    """

    titulo: str
    sentido: Sentido = ""
    frases: Mapping[str, str] = field(default_factory=dict, hash=False)
    na_planilha: str = ""


# What `colunas` found: it is asked for each row within a row.
_COLUNAS: dict[type[Linha], Mapping[str, Coluna]] = {}


def colunas(classe: type[Linha]) -> Mapping[str, Coluna]:
    """Return the columns that have a title, in order."""
    if classe not in _COLUNAS:
        tipos = get_type_hints(classe, include_extras=True)
        achadas = {}
        for nome in (c.name for c in fields(classe)):
            notas = getattr(tipos[nome], "__metadata__", ())
            if coluna := next((nota for nota in notas if isinstance(nota, Coluna)), None):
                achadas[nome] = coluna
        _COLUNAS[classe] = MappingProxyType(achadas)
    return _COLUNAS[classe]


def colunas_exigidas(classe: type[Linha], nomes: Iterable[str] = ()) -> dict[str, Coluna]:
    """Return columns by name, all if none is named. Each needs a title: nothing is left out."""
    achadas = colunas(classe)
    exigidas = {}
    for nome in nomes or [c.name for c in fields(classe)]:
        if nome not in achadas:
            raise TypeError(f"{classe.__name__}.{nome} has no title: annotate it with a Coluna")
        exigidas[nome] = achadas[nome]
    return exigidas


# Columns that many rows have.
CodProduto = Annotated[str, Coluna("product")]
NomeProduto = Annotated[str | None, Coluna("name")]
EstoqueAtual = Annotated[Decimal, Coluna("balance", "saldo")]
MenorEstoqueD7 = Annotated[Decimal, Coluna("lowest D+7", "saldo")]
