"""What a question is made of: its statement, its parameters, and how the answer is read."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Generic, TypeVar

import psycopg
from psycopg.rows import kwargs_row
from psycopg.types.json import set_json_loads
from psycopg.types.numeric import NumericLoader

from estoque_pg.consultas import CONSULTAS

T = TypeVar("T")
U = TypeVar("U")


@dataclass(frozen=True)
class Pergunta(Generic[T]):
    """A statement by its name, its parameters, what makes a row of columns, an answer of rows."""

    nome: str
    parametros: dict[str, Any]
    linha: Callable[..., Any]
    resposta: Callable[[list[Any]], T]

    @property
    def consulta(self) -> bytes:
        """The statement itself."""
        return CONSULTAS[self.nome]

    def entao(self, formar: Callable[[T], U]) -> Pergunta[U]:
        """The same question, its answer in another form."""
        return Pergunta(
            self.nome, self.parametros, self.linha, lambda linhas: formar(self.resposta(linhas))
        )


def linhas(linha: Callable[..., T], nome: str, /, **parametros: Any) -> Pergunta[list[T]]:
    """Ask for rows; `linha` is their class, or what makes one of the columns."""
    return Pergunta(nome, parametros, linha, lambda achadas: achadas)


def uma_linha(linha: Callable[..., T], nome: str, /, **parametros: Any) -> Pergunta[T]:
    """Ask for the one row that there always is."""
    return linhas(linha, nome, **parametros).entao(lambda achadas: achadas[0])


def talvez_linha(linha: Callable[..., T], nome: str, /, **parametros: Any) -> Pergunta[T | None]:
    """Ask for a row; None where there is none."""
    return linhas(linha, nome, **parametros).entao(lambda achadas: achadas[0] if achadas else None)


def valor(tipo: type[T], nome: str, /, **parametros: Any) -> Pergunta[T]:
    """Ask for the one value of the one row; `tipo` is what the database gives."""
    return uma_linha(_unica, nome, **parametros)


def valores(tipo: type[T], nome: str, /, **parametros: Any) -> Pergunta[list[T]]:
    """Ask for the one value of each row."""
    return linhas(_unica, nome, **parametros)


def _unica(**colunas: Any) -> Any:
    (valor,) = colunas.values()
    return valor


def preparar(
    cursor: psycopg.Cursor[Any] | psycopg.AsyncCursor[Any], pergunta: Pergunta[Any]
) -> None:
    """Make a cursor read rows as the question wants them, whatever the connection is set to.

    Applications, Django and SQLAlchemy among them, have their own ways with JSON and numbers; a
    quantity of ours never passes through a float.
    """
    cursor.row_factory = kwargs_row(pergunta.linha)
    cursor.adapters.register_loader("numeric", NumericLoader)
    set_json_loads(_json_decimal, cursor)


def _json_decimal(texto: str | bytes) -> Any:
    return json.loads(texto, parse_float=Decimal, parse_int=Decimal)
