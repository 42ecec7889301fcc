"""The questions and the repairs, over a psycopg connection or pool the caller owns."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar

import psycopg

from estoque_pg import perguntas
from estoque_pg.erros import ErroConexao, ErroSerializacao, traduzindo
from estoque_pg.perguntas import Pergunta, como_metodo, exigir_banco, preparar
from estoque_pg.repeticao import Repeticao, livre

P = ParamSpec("P")
T = TypeVar("T")


class Pool(Protocol):
    """What is asked of a pool: `psycopg_pool.ConnectionPool` has it."""

    def connection(self) -> AbstractContextManager[psycopg.Connection[Any]]:
        """Lend a connection; commit when the block ends, roll back when it raises."""

    def check(self) -> None:
        """Replace the connections that have been lost."""


def _metodo(
    perguntar: Callable[P, Pergunta[T]],
) -> Callable[Concatenate[APIEstoqueTempoReal, P], T]:
    """Make a method of a question: the same arguments, docstring and answer."""

    def metodo(self: APIEstoqueTempoReal, /, *args: P.args, **kwargs: P.kwargs) -> T:
        return self._responder(perguntar(*args, **kwargs))

    return como_metodo(metodo, perguntar)


class APIEstoqueTempoReal:
    """Ask for balances, forecasts and ruptures; rebuild and audit them.

    `banco` is a psycopg connection or a `psycopg_pool.ConnectionPool`. The constructor opens
    nothing and changes nothing. The schema is the one the connection's search_path finds.

    A connection and its transaction stay the caller's: no method commits. With a pool each call
    borrows a connection and is a transaction of its own. Serialization failures and deadlocks
    (SQLSTATE 40001, 40P01) are retried, with growing waits, where the transaction is a method's
    own: with a pool, and on an autocommit connection outside a transaction.

    Every method is one round trip, and raises a subclass of `ErroEstoque`; `__cause__` is
    psycopg's own error. Methods named `consultar_*` and `get_*` return JSON-ready dictionaries,
    the others typed rows and values. `estoque_pg.perguntas` describes each.
    """

    def __init__(self, banco: psycopg.Connection[Any] | Pool) -> None:
        exigir_banco(banco, psycopg.Connection)
        self.banco = banco

    consultar_workspace = _metodo(perguntas.consultar_workspace)
    consultar_produto = _metodo(perguntas.consultar_produto)
    consultar_rupturas = _metodo(perguntas.consultar_rupturas)
    consultar_projecao = _metodo(perguntas.consultar_projecao)
    consultar_disponibilidade = _metodo(perguntas.consultar_disponibilidade)
    get_estatisticas = _metodo(perguntas.get_estatisticas)

    produtos = _metodo(perguntas.produtos)
    rupturas = _metodo(perguntas.rupturas)
    projecao = _metodo(perguntas.projecao)
    projecao_completa = _metodo(perguntas.projecao_completa)
    disponibilidade = _metodo(perguntas.disponibilidade)
    estatisticas = _metodo(perguntas.estatisticas)
    verificar = _metodo(perguntas.verificar)
    contagem = _metodo(perguntas.contagem)

    hoje = _metodo(perguntas.hoje)
    codigo_canonico = _metodo(perguntas.codigo_canonico)

    recalcular = _metodo(perguntas.recalcular)
    recalcular_produto = _metodo(perguntas.recalcular_produto)
    recalcular_tudo = _metodo(perguntas.recalcular_tudo)

    def _responder(self, pergunta: Pergunta[T]) -> T:
        propria = not isinstance(self.banco, psycopg.Connection) or livre(self.banco)
        repeticao = Repeticao(propria)
        while True:
            try:
                with traduzindo(), self._conexao() as conn, psycopg.Cursor(conn) as cursor:
                    preparar(cursor, pergunta)
                    cursor.execute(pergunta.consulta, pergunta.parametros)
                    return pergunta.resposta(cursor.fetchall())
            except ErroSerializacao as erro:
                time.sleep(repeticao.espera(erro))
            except ErroConexao:
                # One lost connection is seldom alone: the next call shall find a sound one.
                if not isinstance(self.banco, psycopg.Connection):
                    self.banco.check()
                raise

    @contextmanager
    def _conexao(self) -> Iterator[psycopg.Connection[Any]]:
        if isinstance(self.banco, psycopg.Connection):
            yield self.banco
        else:
            with self.banco.connection() as conn:
                yield conn
