"""The questions and the repairs, over a psycopg connection or pool the caller owns."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from typing import Any, Protocol, TypeVar

import psycopg
from psycopg.pq import TransactionStatus

from estoque_pg.erros import ErroConexao, ErroSerializacao, SemPermissao, traduzindo
from estoque_pg.metodos import Metodos, MetodosDoGrupo, Sincrona, exigir_banco
from estoque_pg.perguntas.base import EXECUCAO, Pergunta, preparar
from estoque_pg.repeticao import Repeticao, livre

T = TypeVar("T")


class Pool(Protocol):
    """What is asked of a pool: `psycopg_pool.ConnectionPool` has it."""

    def connection(self) -> AbstractContextManager[psycopg.Connection[Any]]:
        """Lend a connection; commit when the block ends, roll back when it raises."""

    def check(self) -> None:
        """Replace the connections that have been lost."""


class SobreBanco(Sincrona):
    """Carries questions out on a connection or pool that the caller owns."""

    def __init__(self, banco: psycopg.Connection[Any] | Pool, schema: str | None = None) -> None:
        exigir_banco(banco, psycopg.Connection)
        self.banco = banco
        self.schema = schema

    def responder(self, pergunta: Pergunta[T]) -> T:
        """Carry a question out: what every method does with its own."""
        propria = not isinstance(self.banco, psycopg.Connection) or livre(self.banco)
        repeticao = Repeticao(propria)
        while True:
            try:
                with traduzindo(), self._conexao() as conn, psycopg.Cursor(conn) as cursor:
                    preparar(cursor, pergunta)
                    cursor.execute(pergunta.consulta(self.schema), pergunta.parametros, **EXECUCAO)
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


class APIEstoqueTempoReal(Metodos, SobreBanco):
    """Ask for balances, forecasts and ruptures; rebuild and audit them; keep the installation well.

    `banco` is a psycopg connection or a `psycopg_pool.ConnectionPool`. The constructor opens
    nothing and changes nothing. `schema` is that of the install; None means the one that the
    connection's search_path finds. Nothing of a session is changed, and nothing is prepared: a
    pooler may stand in between.

    A connection and its transaction stay the caller's: no method commits. With a pool each call
    borrows a connection and is a transaction of its own. Serialization failures and deadlocks
    (SQLSTATE 40001, 40P01) are retried, with growing waits, where the transaction is a method's
    own: with a pool, and on an autocommit connection outside a transaction.

    Every method is one round trip, and raises a subclass of `ErroEstoque`; `__cause__` is
    psycopg's own error. Methods named `consultar_*` and `get_*` return JSON-ready dictionaries,
    the others typed rows and values. `estoque_pg.perguntas` describes each.
    """


class GrupoEstoque(MetodosDoGrupo, SobreBanco):
    """Ask all companies of a group at once (`estoque grupo`); a database may have several groups.

    `banco` and all else is as with `APIEstoqueTempoReal`. Each answer names the companies that did
    not answer, in `empresas_fora`.

    >>> GrupoEstoque(conn, "holding").rupturas(7).produtos[0].empresa
    """

    def __init__(self, banco: psycopg.Connection[Any] | Pool, grupo: str) -> None:
        super().__init__(banco, grupo)


def responder(conn: psycopg.Connection[Any], pergunta: Pergunta[T], schema: str | None = None) -> T:
    """Carry one question out on a connection."""
    return APIEstoqueTempoReal(conn, schema).responder(pergunta)


@contextmanager
def retrato(
    conn: psycopg.Connection[Any], schema: str | None = None
) -> Iterator[APIEstoqueTempoReal]:
    """Ask several questions of one snapshot and one `today`, read only.

    In a transaction of the caller's it is no more than what that one sees; what fails inside is
    rolled back to where it began.
    """
    if conn.info.transaction_status != TransactionStatus.IDLE:
        with conn.transaction():
            yield APIEstoqueTempoReal(conn, schema)
        return
    antes = conn.isolation_level, conn.read_only
    conn.isolation_level, conn.read_only = psycopg.IsolationLevel.REPEATABLE_READ, True
    try:
        with conn.transaction():
            yield APIEstoqueTempoReal(conn, schema)
    finally:
        if not conn.closed:
            conn.isolation_level, conn.read_only = antes


@contextmanager
def tentando(api: APIEstoqueTempoReal) -> Iterator[None]:
    """Within `retrato`: roll what fails inside back to where it began."""
    assert isinstance(api.banco, psycopg.Connection)
    with api.banco.transaction():
        yield


@contextmanager
def se_puder(api: APIEstoqueTempoReal) -> Iterator[None]:
    """Within `retrato`: leave the rest of the block out where this role may not ask it."""
    with suppress(SemPermissao), tentando(api):
        yield
