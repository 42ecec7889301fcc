"""The reader behind the live pages: every change is told, whoever writes and however."""

from __future__ import annotations

import asyncio
import random
import threading
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import psycopg
import pytest
from apoio import Banco, Sessao

from estoque_pg import APIEstoqueTempoReal, APIEstoqueTempoRealAsync
from estoque_pg.painel.aovivo import AoVivo
from estoque_pg.perguntas import internas
from estoque_pg.perguntas.internas import Mudados

CODIGOS = [f"P{n:02}" for n in range(12)]
LINHAS = "SELECT cod_produto, saldo_atual, menor_estoque_d7, dia_ruptura FROM estoque_tempo_real"


@pytest.fixture
def mudados(banco: Banco) -> Callable[..., Mudados]:
    api = APIEstoqueTempoReal(banco.conectar())
    return lambda *args: api.responder(internas.mudados(*args))


def test_what_a_look_finds(banco: Banco, mudados: Callable[..., Mudados]) -> None:
    banco.mov("P1", 5)
    banco.mov("P2", 5)
    banco.mov("P3", 5)
    visto = mudados(None)
    assert (visto.produtos, visto.mudados, visto.hoje) == (3, {}, banco.D)

    # Where nobody writes, pg_cron now and then aside, nothing is read.
    vistos = [visto, *(visto := mudados(visto.marca) for _ in range(50))]
    assert {v.produtos for v in vistos} <= {None, 3}
    assert None in {v.produtos for v in vistos}
    assert not any(v.mudados for v in vistos)

    banco.cru("UPDATE estoque_tempo_real SET atualizado_em = now() WHERE cod_produto = 'P1'")
    visto = mudados(visto.marca)
    assert (visto.produtos, set(visto.mudados)) == (3, {"P1"})

    with Sessao(banco) as longa:
        longa.faz("BEGIN").result(10)
        longa.faz(_mov("P4", 1)).result(10)  # by the oldest transaction of all that run
        banco.mov("P1", 1)
        visto = mudados(visto.marca)
        assert set(visto.mudados) == {"P1"}
        longa.faz("SAVEPOINT um").result(10)
        longa.faz(_mov("P2", 1)).result(10)
        longa.faz("RELEASE um").result(10)
        longa.faz("SAVEPOINT dois").result(10)
        longa.faz(_mov("P3", 1)).result(10)
        longa.faz("ROLLBACK TO dois").result(10)
        for _ in range(3):
            visto = mudados(visto.marca)
            assert set(visto.mudados) == {"P1"}  # found again; told by its writer as known
        longa.faz("COMMIT").result(10)
        visto = mudados(visto.marca)
        assert (visto.produtos, set(visto.mudados)) == (4, {"P1", "P2", "P4"})

        longa.faz("BEGIN").result(10)
        longa.faz(_mov("P3", 1)).result(10)
        longa.faz("ROLLBACK").result(10)
    assert not mudados(visto.marca).mudados.keys() & {"P3"}
    banco.cru("UPDATE movimentacao_estoque SET cod_produto = 'P5' WHERE cod_produto = 'P3'")
    visto = mudados(visto.marca, ["P1", "P3"])
    assert (visto.produtos, set(visto.mudados)) == (4, {"P5"})
    assert (set(visto.ouvidos), visto.ouvidos["P3"]) == ({"P1", "P3"}, None)
    banco.cru("DELETE FROM movimentacao_estoque WHERE cod_produto = 'P5'")
    assert mudados(visto.marca).produtos == 3


def test_a_look_at_what_is_in_sight(banco: Banco, mudados: Callable[..., Mudados]) -> None:
    for codigo in ("P1", "P2", "P3"):
        banco.mov(codigo, 5)
    inicio = mudados(None, ["P1"])
    assert (inicio.produtos, inicio.rompidos) == (3, 0)
    banco.mov("P1", 1)
    banco.mov("P2", 1)
    banco.sep("P3", 9)
    visto = mudados(inicio.marca, ["P1"], False)
    assert (visto.produtos, visto.rompidos, set(visto.mudados)) == (None, 1, {"P3"})
    assert visto.ouvidos["P1"] not in (None, inicio.ouvidos["P1"])
    banco.mov("P3", 9)
    visto = mudados(inicio.marca, [], False)
    assert (visto.rompidos, visto.mudados, visto.ouvidos) == (0, {}, {})
    assert set(mudados(inicio.marca).mudados) == {"P1", "P2", "P3"}


def test_whom_a_look_at_what_is_in_sight_wakes(banco: Banco) -> None:
    for codigo in ("P1", "P2", "P3"):
        banco.mov(codigo, 5)

    async def acompanhar() -> None:
        acordadas: Counter[str | None] = Counter()

        async def pagina(vivo: AoVivo, codigo: str | None) -> None:
            async for _ in vivo.ouvir(codigo, vivo.versao):
                acordadas[codigo] += 1

        async with await psycopg.AsyncConnection.connect(banco.dsn, autocommit=True) as conn:
            vivo = AoVivo(APIEstoqueTempoRealAsync(conn).responder)
            await vivo.olhar()
            tarefas = [asyncio.create_task(pagina(vivo, c)) for c in ("P1", "P2", None)]
            await asyncio.sleep(0)

            async def olhar(tudo: bool) -> dict[str | None, int]:
                acordadas.clear()
                await vivo.olhar(tudo)
                await asyncio.sleep(0.01)
                return dict(acordadas)

            assert await olhar(False) == {}
            banco.mov("P1", 1)
            assert await olhar(False) == {"P1": 1, None: 1}
            assert await olhar(False) == {}
            banco.mov("P3", 1)  # no page shows it: seen when all products are looked at
            assert await olhar(False) == {}
            assert await olhar(True) == {None: 1}
            banco.sep("P3", 9)
            assert await olhar(False) == {None: 1}
            assert await olhar(True) == await olhar(False) == {}  # told already
            banco.mov("P3", 9)  # the rupture ends
            assert await olhar(False) == {None: 1}
            banco.unir("P2", "P1")
            assert await olhar(False) == {"P1": 1, "P2": 1, None: 1}
            vivo.encerrar()
            await asyncio.gather(*tarefas)

    asyncio.run(acompanhar())


def test_who_listens_ends_up_with_what_is_stored(banco: Banco) -> None:
    """Four sessions write as they like; a page per product reads again when it is told."""
    for codigo in CODIGOS:
        banco.mov(codigo, 5)
    lidas: dict[str, Any] = {}
    falhas: list[BaseException] = []

    def escrever(semente: int) -> None:
        try:
            with psycopg.connect(banco.dsn, autocommit=True) as conn:
                _escrever(conn, random.Random(semente))
        except BaseException as erro:
            falhas.append(erro)

    async def pagina(vivo: AoVivo, conn: psycopg.AsyncConnection[Any], codigo: str) -> None:
        async for _ in vivo.ouvir(codigo, ""):
            lidas[codigo] = await (
                await conn.execute(LINHAS + " WHERE cod_produto = %s", [codigo])
            ).fetchone()

    async def acompanhar() -> int:
        olhares = 0
        async with (
            await psycopg.AsyncConnection.connect(banco.dsn, autocommit=True) as leitora,
            await psycopg.AsyncConnection.connect(banco.dsn, autocommit=True) as paginas,
        ):
            vivo = AoVivo(APIEstoqueTempoRealAsync(leitora).responder)
            await vivo.olhar()
            tarefas = [asyncio.create_task(pagina(vivo, paginas, c)) for c in CODIGOS]
            sessoes = [threading.Thread(target=escrever, args=(n,)) for n in range(4)]
            for sessao in sessoes:
                sessao.start()
            while any(sessao.is_alive() for sessao in sessoes):
                await vivo.olhar(olhares % 3 == 0)
                olhares += 1
                await asyncio.sleep(0.01)
            await vivo.olhar()
            while any(ouvinte.mudou.is_set() for ouvinte in vivo._ouvintes):
                await asyncio.sleep(0.01)
            await paginas.execute("SELECT")  # after what the pages have asked
            vivo.encerrar()
            with suppress(asyncio.TimeoutError):
                await asyncio.wait_for(asyncio.gather(*tarefas), 10)
        return olhares

    olhares = asyncio.run(acompanhar())
    assert not falhas
    assert olhares > 3
    guardadas = {linha[0]: linha for linha in banco.conn.execute(LINHAS).fetchall()}
    assert lidas == {codigo: guardadas.get(codigo) for codigo in CODIGOS}
    banco.verificar()


def _escrever(conn: psycopg.Connection[Any], sorte: random.Random) -> None:
    """Transactions of one product each, in and out of savepoints, some of which are undone."""
    for _ in range(60):
        codigo = sorte.choice(CODIGOS)
        with conn.transaction(force_rollback=sorte.random() < 0.2):
            for _ in range(sorte.randint(1, 3)):
                with conn.transaction(force_rollback=sorte.random() < 0.3):
                    conn.execute(_mov(codigo, sorte.randint(-9, 9)).encode())
            if sorte.random() < 0.1:
                conn.execute("DELETE FROM movimentacao_estoque WHERE cod_produto = %s", [codigo])
            if sorte.random() < 0.2:
                conn.execute("SELECT pg_sleep(0.03)")


def _mov(codigo: str, quantidade: int) -> str:
    return (
        "INSERT INTO movimentacao_estoque (cod_produto, nome_produto, data_movimentacao,"
        " tipo_movimentacao, local_movimentacao, qtd_movimentacao, ativo)"
        f" VALUES ('{codigo}', 'x', '{Banco.D}', 'AJUSTE', 'CD', {quantidade}, true)"
    )
