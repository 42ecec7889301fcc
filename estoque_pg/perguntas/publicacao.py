"""How a question is offered outside Python: its HTTP endpoint, its plain command.

A question says so where it is declared, by `@publicada(...)`, which changes nothing about the
function. `estoque_pg.http.rotas` makes the endpoint and `estoque_pg.cli.simples` the command, of
this and of the function's own signature: arguments, defaults, row type. What is special (a chart,
a screen, an exit code of its own) is written by hand there instead.
"""

from __future__ import annotations

import types
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from estoque_pg.perguntas.base import Pergunta
from estoque_pg.perguntas.linha import Linha

F = TypeVar("F", bound=Callable[..., Pergunta[Any]])


@dataclass(frozen=True)
class Rota:
    """The endpoint /nome, or /nome/{codigo} of a question about one code; dias are in the query.

    Under `chave` stands the row, or the list of rows: then with `total_<nome>` and, where the
    question takes them, `dias_analisados`. With no `chave` the fields of the row stand in the
    answer itself. None for a row or a list is 404. `escreve` makes it a POST that may need the
    token.
    """

    nome: str
    descricao: str
    chave: str | None
    escreve: bool = False


@dataclass(frozen=True)
class Comando:
    """The command `nome`: a table of the rows, with the columns' titles; data besides.

    `exemplo` is what follows the name in the help's example. Rows are closed by a line
    that counts them, `contadas` in the singular and the plural; {prazo} in it tells the days. One
    row is a table of names and values, under the two `titulos`. `colunas` chooses and orders the
    columns of the table, all of them if empty. `do_grupo` is the same
    question to all companies of a group, which --grupo asks instead.
    """

    nome: str
    ajuda: str
    exemplo: str = ""
    contadas: tuple[str, str] = ("row", "rows")
    titulos: tuple[str, str] = ("what", "value")
    colunas: tuple[str, ...] = ()
    do_grupo: Callable[..., Pergunta[Any]] | None = None


@dataclass(frozen=True)
class Publicacao:
    """What a question said of itself."""

    rota: Rota | None
    comando: Comando | None


_PUBLICADAS: dict[Callable[..., Pergunta[Any]], Publicacao] = {}


def publicada(*, rota: Rota | None = None, comando: Comando | None = None) -> Callable[[F], F]:
    """Note how a question is offered; the function stays as it is."""

    def notar(perguntar: F) -> F:
        _PUBLICADAS[perguntar] = Publicacao(rota, comando)
        return perguntar

    return notar


def publicacao(perguntar: Callable[..., Pergunta[Any]]) -> Publicacao:
    """Return how a question is offered; in no way, as a rule."""
    return _PUBLICADAS.get(perguntar, Publicacao(None, None))


@dataclass(frozen=True)
class Forma:
    """What an answer is made of: one row of a class or many, and whether it may be None."""

    linha: type[Linha]
    varias: bool
    opcional: bool


def forma(perguntar: Callable[..., Pergunta[Any]]) -> Forma:
    """Read the form of the answer from the question's own annotation."""
    (tipo,) = get_args(get_type_hints(perguntar)["return"])
    opcional = False
    if get_origin(tipo) in (Union, types.UnionType):
        opcional = type(None) in get_args(tipo)
        (tipo,) = (t for t in get_args(tipo) if t is not type(None))
    varias = get_origin(tipo) is list
    if varias:
        (tipo,) = get_args(tipo)
    if not (isinstance(tipo, type) and issubclass(tipo, Linha)):
        raise TypeError(f"{perguntar.__name__} has no rows: what offers it is written by hand")
    return Forma(tipo, varias, opcional)
