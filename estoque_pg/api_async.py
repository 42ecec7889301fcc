"""The asynchronous twin of `estoque_pg.api`: the same questions, for asyncio."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar

import psycopg

from estoque_pg import perguntas
from estoque_pg.erros import ErroConexao, ErroSerializacao, traduzindo
from estoque_pg.perguntas import Pergunta, como_metodo, exigir_banco, preparar
from estoque_pg.repeticao import Repeticao, livre

P = ParamSpec("P")
T = TypeVar("T")


class PoolAsync(Protocol):
    """What is asked of a pool: `psycopg_pool.AsyncConnectionPool` has it."""

    def connection(self) -> AbstractAsyncContextManager[psycopg.AsyncConnection[Any]]:
        """Lend a connection; commit when the block ends, roll back when it raises."""

    async def check(self) -> None:
        """Replace the connections that have been lost."""


def _metodo(
    perguntar: Callable[P, Pergunta[T]],
) -> Callable[Concatenate[APIEstoqueTempoRealAsync, P], Coroutine[Any, Any, T]]:
    """Make a method of a question: the same arguments, docstring and answer."""

    async def metodo(self: APIEstoqueTempoRealAsync, /, *args: P.args, **kwargs: P.kwargs) -> T:
        return await self._responder(perguntar(*args, **kwargs))

    return como_metodo(metodo, perguntar)


class APIEstoqueTempoRealAsync:
    """`APIEstoqueTempoReal` for asyncio: the same methods, each to be awaited.

    `banco` is a `psycopg.AsyncConnection` or a `psycopg_pool.AsyncConnectionPool`; who owns the
    transaction, what is retried and what is raised are as there.
    """

    def __init__(self, banco: psycopg.AsyncConnection[Any] | PoolAsync) -> None:
        exigir_banco(banco, psycopg.AsyncConnection)
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

    async def _responder(self, pergunta: Pergunta[T]) -> T:
        propria = not isinstance(self.banco, psycopg.AsyncConnection) or livre(self.banco)
        repeticao = Repeticao(propria)
        while True:
            try:
                with traduzindo():
                    async with self._conexao() as conn, psycopg.AsyncCursor(conn) as cursor:
                        preparar(cursor, pergunta)
                        await cursor.execute(pergunta.consulta, pergunta.parametros)
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
