"""What a question is made of: its statement, its parameters, and how the answer is read."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Generic, TypeVar

import psycopg
from psycopg.abc import Buffer
from psycopg.rows import kwargs_row
from psycopg.types.json import set_json_loads
from psycopg.types.numeric import NumericBinaryLoader
from psycopg.types.string import TextBinaryLoader

from estoque_pg.consultas import consulta
from estoque_pg.idioma import t

T = TypeVar("T")
U = TypeVar("U")

# How every statement is sent. Nothing is prepared, which a pooler in transaction mode would hand to
# somebody else's session; answers are binary, which no DateStyle or IntervalStyle changes.
EXECUCAO: Mapping[str, bool] = MappingProxyType({"prepare": False, "binary": True})


@dataclass(frozen=True)
class Pergunta(Generic[T]):
    """A statement by its name, its parameters, what makes a row of columns, an answer of rows."""

    nome: str
    parametros: dict[str, Any]
    linha: Callable[..., Any]
    resposta: Callable[[list[Any]], T]

    def consulta(self, schema: str | None = None) -> bytes:
        """The statement itself, asked of the install in a schema; None: of the search_path's."""
        return consulta(self.nome, schema)

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
    quantity of ours never passes through a float. What a SQL_ASCII database holds is read as UTF-8,
    which is how codes are sent to it.
    """
    cursor.row_factory = kwargs_row(pergunta.linha)
    cursor.adapters.register_loader("numeric", NumericBinaryLoader)
    for tipo in ("text", "varchar", "name"):
        cursor.adapters.register_loader(tipo, _Texto)
    set_json_loads(_json_decimal, cursor)


class _Texto(TextBinaryLoader):
    def load(self, data: Buffer) -> str:
        lido = super().load(data)
        if isinstance(lido, str):
            return lido
        try:
            return lido.decode()
        except UnicodeDecodeError:
            raise psycopg.DataError(
                t(
                    "the database is SQL_ASCII and holds text that is not UTF-8: {lido}",
                    lido=f"{lido!r}",
                )
            ) from None


def _json_decimal(texto: str | bytes) -> Any:
    return json.loads(texto, parse_float=Decimal, parse_int=Decimal)
