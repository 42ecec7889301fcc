"""The asynchronous twin of `estoque_pg.api`: the same questions, for asyncio."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Protocol, TypeVar

import psycopg

from estoque_pg.erros import ErroConexao, ErroSerializacao, traduzindo
from estoque_pg.metodos import Assincrona, Metodos, MetodosDoGrupo, exigir_banco
from estoque_pg.perguntas.base import EXECUCAO, Pergunta, preparar
from estoque_pg.repeticao import Repeticao, livre

T = TypeVar("T")


class PoolAsync(Protocol):
    """What is asked of a pool: `psycopg_pool.AsyncConnectionPool` has it."""

    def connection(self) -> AbstractAsyncContextManager[psycopg.AsyncConnection[Any]]:
        """Lend a connection; commit when the block ends, roll back when it raises."""

    async def check(self) -> None:
        """Replace the connections that have been lost."""


class SobreBancoAsync(Assincrona):
    """Carries questions out on a connection or pool that the caller owns."""

    def __init__(
        self, banco: psycopg.AsyncConnection[Any] | PoolAsync, schema: str | None = None
    ) -> None:
        exigir_banco(banco, psycopg.AsyncConnection)
        self.banco = banco
        self.schema = schema

    async def responder(self, pergunta: Pergunta[T]) -> T:
        """Carry a question out: what every method does with its own."""
        propria = not isinstance(self.banco, psycopg.AsyncConnection) or livre(self.banco)
        repeticao = Repeticao(propria)
        while True:
            try:
                with traduzindo():
                    async with self._conexao() as conn, psycopg.AsyncCursor(conn) as cursor:
                        preparar(cursor, pergunta)
                        await cursor.execute(
                            pergunta.consulta(self.schema), pergunta.parametros, **EXECUCAO
                        )
                        return pergunta.resposta(await cursor.fetchall())
            except ErroSerializacao as erro:
                await asyncio.sleep(repeticao.espera(erro))
            except ErroConexao:
                # One lost connection is seldom alone: the next call shall find a sound one.
                if not isinstance(self.banco, psycopg.AsyncConnection):
                    await self.banco.check()
                raise

    @asynccontextmanager
    async def _conexao(self) -> AsyncIterator[psycopg.AsyncConnection[Any]]:
        if isinstance(self.banco, psycopg.AsyncConnection):
            yield self.banco
        else:
            async with self.banco.connection() as conn:
                yield conn


class APIEstoqueTempoRealAsync(Metodos, SobreBancoAsync):
    """`APIEstoqueTempoReal` for asyncio: the same methods, each to be awaited.

    `banco` is a `psycopg.AsyncConnection` or a `psycopg_pool.AsyncConnectionPool`;
    `schema`, who owns the transaction, what is retried and what is raised are as there.
    """


class GrupoEstoqueAsync(MetodosDoGrupo, SobreBancoAsync):
    """`GrupoEstoque` for asyncio: the same methods, each to be awaited."""

    def __init__(self, banco: psycopg.AsyncConnection[Any] | PoolAsync, grupo: str) -> None:
        super().__init__(banco, grupo)
