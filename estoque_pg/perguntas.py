"""Every question and repair, described once: what is sent, and how the answer is read.

These functions are the methods of `APIEstoqueTempoReal` and `APIEstoqueTempoRealAsync`, which
differ in nothing but how they carry a `Pergunta` out: each is one statement of consultas.sql, so
one round trip, however many products it is about. All raise subclasses of `ErroEstoque`.

Those named `consultar_*` and `get_*` answer with JSON-ready dictionaries (floats, ISO dates), the
others with typed rows (`Decimal`, `date`). A code that is unified answers for its whole group,
under the canonical code. Days count from the business date, `hoje()`.
"""

from __future__ import annotations

import inspect
import json
import operator
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, Generic, TypeVar

import psycopg
from psycopg.rows import kwargs_row
from psycopg.types.json import set_json_loads
from psycopg.types.numeric import NumericLoader

from estoque_pg.consultas import CONSULTAS
from estoque_pg.erros import ArgumentoInvalido
from estoque_pg.linhas import (
    Contagem,
    DiaProjetado,
    Disponibilidade,
    Divergencia,
    Estatisticas,
    Linha,
    Produto,
    ProjecaoCompleta,
    Recalculo,
    Ruptura,
)

T = TypeVar("T")
U = TypeVar("U")
L = TypeVar("L", bound=Linha)
M = TypeVar("M", bound=Callable[..., Any])

Quantidade = Decimal | int | float | str

MAX_DIAS = 3650  # how far the command line and the HTTP service look ahead; here there is no limit


@dataclass(frozen=True)
class Pergunta(Generic[T]):
    """A statement, its parameters, what makes a row of columns, and an answer of rows."""

    consulta: bytes
    parametros: dict[str, Any]
    linha: Callable[..., Any]
    resposta: Callable[[list[Any]], T]

    def entao(self, formar: Callable[[T], U]) -> Pergunta[U]:
        """The same question, its answer in another form."""
        return Pergunta(
            self.consulta, self.parametros, self.linha, lambda linhas: formar(self.resposta(linhas))
        )


# -- dictionaries -------------------------------------------------------------------------------


def consultar_workspace(codigos: Sequence[str]) -> Pergunta[dict[str, Any]]:
    """Return the products of a list of codes, and the codes that nothing knows.

    Keys: `total`, the number of products; `produtos`, the dictionary of `consultar_produto` for
    each distinct known code, in the order asked for; `nao_encontrados`, the other codes, likewise.
    """

    def formar(achados: list[Produto]) -> dict[str, Any]:
        conhecidos = {p.codigo_consultado for p in achados}
        return {
            "total": len(achados),
            "produtos": [p.como_dict() for p in achados],
            "nao_encontrados": [c for c in dict.fromkeys(pedidos) if c not in conhecidos],
        }

    pedidos = _codigos(codigos)
    return produtos(pedidos).entao(formar)


def consultar_produto(codigo: str) -> Pergunta[dict[str, Any] | None]:
    """Return a product as it stands now, or None when no source knows the code.

    Keys: cod_produto, nome_produto, estoque_atual, menor_estoque_d7, dia_ruptura,
    movimentacoes_previstas: data, entrada, saida, saldo_dia, one for each date of the next seven
    days that has any.
    """
    return produtos([codigo]).entao(lambda achados: achados[0].como_dict() if achados else None)


def consultar_rupturas(dias: int = 7) -> Pergunta[list[dict[str, Any]]]:
    """Return the products that run out within today and `dias` days, soonest first.

    Keys: cod_produto, nome_produto, estoque_atual, menor_estoque_d7, dia_ruptura,
    dias_ate_ruptura. Raises ArgumentoInvalido when `dias` is negative.
    """
    return rupturas(dias).entao(_dicts)


def consultar_projecao(codigo: str, dias: int = 28) -> Pergunta[list[dict[str, Any]]]:
    """Return `dias` + 1 dictionaries, one per day from today; none for an unknown code.

    Keys: dia, data, saldo_inicial, entrada, saida, saldo_final. Raises ArgumentoInvalido when
    `dias` is negative.
    """
    return projecao(codigo, dias).entao(_dicts)


def consultar_disponibilidade(
    codigo: str, quantidade: Quantidade, dias: int = 28
) -> Pergunta[dict[str, Any] | None]:
    """Return since when `quantidade` can be promised without a later rupture, and how much.

    Keys: data_disponivel, quantidade_disponivel, both None when no day up to the horizon
    does. None for an unknown code. Raises ArgumentoInvalido unless `quantidade` > 0.
    """
    return disponibilidade(codigo, quantidade, dias).entao(lambda d: d.como_dict() if d else None)


def get_estatisticas() -> Pergunta[dict[str, Any]]:
    """Return the whole stock's figures.

    Keys: total_produtos, produtos_com_ruptura, produtos_estoque_negativo,
    produtos_estoque_zerado, movimentacoes_previstas_7d, percentual_ruptura.
    """
    return estatisticas().entao(Estatisticas.como_dict)


# -- typed rows ---------------------------------------------------------------------------------


def produtos(codigos: Sequence[str]) -> Pergunta[list[Produto]]:
    """Return one row per distinct known code, in the order asked for."""

    def em_ordem(linhas: list[Produto]) -> list[Produto]:
        por_codigo = {p.codigo_consultado: p for p in linhas}
        return [por_codigo[c] for c in dict.fromkeys(pedidos) if c in por_codigo]

    pedidos = _codigos(codigos)
    parametros = {"codigos": pedidos}
    return Pergunta(CONSULTAS["consultar"], parametros, Produto.de_linha, em_ordem)


def rupturas(dias: int = 7) -> Pergunta[list[Ruptura]]:
    """Return the products that run out within today and `dias` days, soonest first."""
    return _linhas(Ruptura, "rupturas", dias=_dias(dias))


def projecao(codigo: str, dias: int = 28) -> Pergunta[list[DiaProjetado]]:
    """Return one row per day from today to `dias` days ahead; none for an unknown code."""
    return _linhas(DiaProjetado, "projecao", codigo=_codigo(codigo), dias=_dias(dias))


def projecao_completa(codigo: str, dias: int = 28) -> Pergunta[ProjecaoCompleta | None]:
    """Return the product, its days, and since when any of it can be promised, in one answer.

    None for an unknown code. Raises ArgumentoInvalido when `dias` is negative.
    """
    parametros = {"codigo": _codigo(codigo), "dias": _dias(dias)}
    return Pergunta(
        CONSULTAS["projecao_completa"], parametros, ProjecaoCompleta.de_linha, _primeira
    )


def disponibilidade(
    codigo: str, quantidade: Quantidade, dias: int = 28
) -> Pergunta[Disponibilidade | None]:
    """Return since when the quantity can be promised; None for an unknown code."""
    return _linhas(
        Disponibilidade,
        "disponibilidade",
        codigo=_codigo(codigo),
        quantidade=_quantidade(quantidade),
        dias=_dias(dias),
    ).entao(_primeira)


def estatisticas() -> Pergunta[Estatisticas]:
    """Return the whole stock's figures."""
    return _linhas(Estatisticas, "estatisticas").entao(lambda linhas: linhas[0])


def verificar(codigos: Sequence[str] | None = None) -> Pergunta[list[Divergencia]]:
    """Recompute from the sources and return every difference; empty means exact."""
    lista = None if codigos is None else _codigos(codigos)
    return _linhas(Divergencia, "verificar", codigos=lista)


def contagem() -> Pergunta[Contagem]:
    """Return how many products and forecast rows there are to audit."""
    return _linhas(Contagem, "contagem").entao(lambda linhas: linhas[0])


# -- single values ------------------------------------------------------------------------------


def hoje() -> Pergunta[date]:
    """Return the business date, the `today` of every answer."""
    return _valor("hoje")


def codigo_canonico(codigo: str) -> Pergunta[str]:
    """Return the code its unification group goes by; the code itself when it has none."""
    return _valor("codigo", codigo=_codigo(codigo))


# -- maintenance --------------------------------------------------------------------------------


def recalcular(codigo: str) -> Pergunta[int]:
    """Rebuild one product (its whole group) from the sources; return how many changed."""
    return _valor("recalcular", codigo=_codigo(codigo))


def recalcular_produto(codigo: str) -> Pergunta[Recalculo | None]:
    """Rebuild one product as `recalcular` does; return its balance and whether it was wrong.

    None when no source knows the code and nothing of it was stored.
    """
    return _linhas(Recalculo, "recalcular_produto", codigo=_codigo(codigo)).entao(_primeira)


def recalcular_tudo() -> Pergunta[int]:
    """Rebuild every product from the sources; return how many changed."""
    return _valor("recalcular_tudo")


# -- how a question is put ----------------------------------------------------------------------


def exigir_banco(banco: object, conexao: type) -> None:
    """Raise ArgumentoInvalido for what is neither a connection of that class nor a pool."""
    if not isinstance(banco, conexao) and not callable(getattr(banco, "connection", None)):
        raise ArgumentoInvalido(
            f"banco must be a psycopg.{conexao.__name__} or a pool of them,"
            f" not {type(banco).__name__}"
        )


def como_metodo(metodo: M, perguntar: Callable[..., Pergunta[Any]]) -> M:
    """Give a method that puts a question the name, docstring and signature of the question."""
    assinatura = inspect.signature(perguntar)
    eu = inspect.Parameter("self", inspect.Parameter.POSITIONAL_ONLY)
    vars(metodo)["__signature__"] = assinatura.replace(
        parameters=[eu, *assinatura.parameters.values()],
        return_annotation=assinatura.return_annotation.removeprefix("Pergunta[")[:-1],
    )
    metodo.__name__ = metodo.__qualname__ = perguntar.__name__
    metodo.__doc__ = perguntar.__doc__
    return metodo


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


def _linhas(classe: type[L], nome: str, **parametros: Any) -> Pergunta[list[L]]:
    return Pergunta(CONSULTAS[nome], parametros, classe, lambda linhas: linhas)


def _valor(nome: str, **parametros: Any) -> Pergunta[Any]:
    def da_coluna(**colunas: Any) -> Any:
        (valor,) = colunas.values()
        return valor

    return Pergunta(CONSULTAS[nome], parametros, da_coluna, lambda linhas: linhas[0])


def _primeira(linhas: list[T]) -> T | None:
    return linhas[0] if linhas else None


def _dicts(linhas: Iterable[Linha]) -> list[dict[str, Any]]:
    return [linha.como_dict() for linha in linhas]


# -- arguments ----------------------------------------------------------------------------------


def _codigo(valor: str) -> str:
    if not isinstance(valor, str):
        raise ArgumentoInvalido(f"a product code is text, not {type(valor).__name__}")
    try:
        valor.encode()
    except UnicodeEncodeError:
        raise ArgumentoInvalido("a product code must be valid Unicode text") from None
    if "\0" in valor:
        raise ArgumentoInvalido("a product code cannot contain a NUL character")
    return valor


def _codigos(valores: Iterable[str]) -> list[str]:
    if isinstance(valores, (str, bytes)):
        raise ArgumentoInvalido("a list of codes is expected, not one code", dica="write [codigo]")
    if not isinstance(valores, Iterable):
        raise ArgumentoInvalido(f"a list of codes is expected, not {type(valores).__name__}")
    return [_codigo(v) for v in valores]


# What follows the database refuses as well, in the same words; it is refused here so that a slip
# does not end the transaction the caller is in.


def _fora(mensagem: str, dica: str) -> ArgumentoInvalido:
    return ArgumentoInvalido(mensagem, dica, sqlstate="22023")


def _dias(valor: int) -> int:
    dica = "Give the number of days from today."
    if isinstance(valor, bool) or not hasattr(valor, "__index__"):
        raise _fora(f"dias must be a whole number, not {valor!r}", dica)
    if valor < 0:
        raise _fora(f"dias must be zero or more, not {valor}", dica)
    return operator.index(valor)


def _quantidade(valor: Quantidade) -> Decimal:
    try:
        quantidade = Decimal(str(valor))
    except InvalidOperation:
        quantidade = Decimal("NaN")
    if not (quantidade.is_finite() and quantidade > 0):
        raise _fora(
            f"quantidade must be a positive number, not {valor}", "Give the quantity to promise."
        )
    return quantidade
