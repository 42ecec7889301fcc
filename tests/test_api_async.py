"""The asynchronous twin, and what both do with transactions: pools, retries, lost connections."""

from __future__ import annotations

import asyncio
import inspect
import pydoc
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from apoio import Banco, Sessao
from psycopg_pool import AsyncConnectionPool, ConnectionPool
from test_concorrencia import mov
from test_perguntas import declaradas

from estoque_pg import APIEstoqueTempoReal, APIEstoqueTempoRealAsync, repeticao
from estoque_pg.erros import ArgumentoInvalido, ErroConexao, ErroEstoque, ErroSerializacao
from estoque_pg.metodos import perguntas_com_metodo
from estoque_pg.perguntas import grupos, internas


@pytest.fixture
def pool(banco: Banco) -> Iterator[ConnectionPool[psycopg.Connection[Any]]]:
    with ConnectionPool(banco.dsn, min_size=3, max_size=3, timeout=10, open=True) as pool:
        pool.wait()
        yield pool


@asynccontextmanager
async def pool_async(
    banco: Banco, **opcoes: Any
) -> AsyncIterator[AsyncConnectionPool[psycopg.AsyncConnection[Any]]]:
    async with AsyncConnectionPool(
        banco.dsn, min_size=3, max_size=3, timeout=10, open=False, **opcoes
    ) as pool:
        await pool.wait()
        yield pool


@pytest.fixture
def falhar(banco: Banco, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Makes the server fail so many recalculations to come, and counts those that were tried."""
    monkeypatch.setattr(repeticao, "ESPERA_INICIAL", 0.001)
    banco.mov("P1", 5)
    banco.cru("CREATE SEQUENCE tentativas")  # what it counts outlives the rollback
    tentadas = lambda: banco.valor("SELECT last_value FROM tentativas")  # noqa: E731

    def falhar(vezes: int, sqlstate: str = "40001") -> Any:
        banco.cru("ALTER SEQUENCE tentativas RESTART")
        banco.cru(
            "CREATE OR REPLACE FUNCTION estoque_recalcular_tudo() RETURNS bigint"
            f" LANGUAGE plpgsql AS $$ BEGIN IF nextval('tentativas') <= {vezes} THEN"
            f" RAISE EXCEPTION USING ERRCODE = '{sqlstate}', MESSAGE = 'try again'; END IF;"
            " RETURN _estoque_recalcular_tudo(); END $$"
        )
        return tentadas

    return falhar


# -- one API, twice -----------------------------------------------------------------------------


def metodos(classe: type) -> dict[str, Any]:
    """What a class offers for each entry of the one list, as whoever calls it finds it."""
    return {nome: getattr(classe, nome) for nome in perguntas_com_metodo()}


def test_both_have_the_same_methods_and_every_question_is_one() -> None:
    sincrona, assincrona = metodos(APIEstoqueTempoReal), metodos(APIEstoqueTempoRealAsync)
    assert list(sincrona) == list(assincrona)
    for nome, metodo in sincrona.items():
        gemeo = assincrona[nome]
        assert inspect.signature(metodo) == inspect.signature(gemeo), nome
        assert metodo.__name__ == nome
        assert metodo.__doc__ == gemeo.__doc__
        assert metodo.__doc__, nome
        assert inspect.iscoroutinefunction(gemeo), nome
        assert not inspect.iscoroutinefunction(metodo), nome
    # Those of groups are methods of GrupoEstoque: test_grupo.py.
    assert set(declaradas(sem=(internas, grupos))) == set(sincrona)
    assert str(inspect.signature(APIEstoqueTempoReal.projecao)) == (
        "(self, /, codigo: 'str', dias: 'int' = 28) -> 'list[DiaProjetado]'"
    )


def test_nothing_else_of_the_two_is_public() -> None:
    for classe in (APIEstoqueTempoReal, APIEstoqueTempoRealAsync):
        publicos = {nome for nome in dir(classe) if not nome.startswith("_")}
        assert publicos == {*perguntas_com_metodo(), "responder"}


def test_help_shows_the_methods_as_methods(banco: Banco) -> None:
    ajuda = pydoc.plain(pydoc.render_doc(APIEstoqueTempoReal))
    assert "projecao(self, /, codigo: 'str', dias: 'int' = 28) -> 'list[DiaProjetado]'" in ajuda
    assert "Return one row per day from today" in ajuda
    ligado = APIEstoqueTempoReal(banco.conn).projecao
    assert str(inspect.signature(ligado)) == (
        "(codigo: 'str', dias: 'int' = 28) -> 'list[DiaProjetado]'"
    )
    assert ligado.__doc__ == APIEstoqueTempoRealAsync.projecao.__doc__


def test_mypy_knows_arguments_and_answers_on_both_sides() -> None:
    feito = subprocess.run(
        [sys.executable, "-m", "mypy", "tests/tipos_da_api.py"],
        cwd=Path(__file__).parent.parent,
        capture_output=True,
        text=True,
    )
    assert feito.returncode == 0, feito.stdout


def test_constructor_opens_nothing(banco: Banco) -> None:
    conn = banco.conectar(autocommit=False)
    APIEstoqueTempoReal(conn)
    assert conn.info.transaction_status == psycopg.pq.TransactionStatus.IDLE
    APIEstoqueTempoReal(ConnectionPool("host=/nowhere", open=False))


# -- whose transaction --------------------------------------------------------------------------


def test_transaction_is_the_callers(banco: Banco) -> None:
    conn = banco.conectar(autocommit=False)
    conn.execute(mov("P1", 5))
    produto = APIEstoqueTempoReal(conn).consultar_produto("P1")
    assert produto is not None
    assert produto["estoque_atual"] == 5
    conn.rollback()
    assert APIEstoqueTempoReal(conn).consultar_produto("P1") is None
    conn.rollback()
    banco.verificar()


def test_asynchronous_transaction_is_the_callers(banco: Banco) -> None:
    async def rotina() -> None:
        async with await psycopg.AsyncConnection.connect(banco.dsn) as conn:
            api = APIEstoqueTempoRealAsync(conn)
            await conn.execute(mov("P1", 5))
            assert (await api.produtos(["P1"]))[0].estoque_atual == 5
            await conn.rollback()
            assert await api.consultar_produto("P1") is None

    asyncio.run(rotina())
    banco.verificar()


@pytest.mark.parametrize("autocommit", [True, False])
def test_with_a_pool_each_call_is_a_transaction(banco: Banco, autocommit: bool) -> None:
    banco.mov("P1", 5)
    banco.cru("UPDATE estoque_tempo_real SET saldo_atual = 0")
    opcoes = {"autocommit": autocommit}
    with ConnectionPool(banco.dsn, kwargs=opcoes, min_size=1, max_size=1, open=True) as pool:
        assert APIEstoqueTempoReal(pool).recalcular("P1") == 1
        banco.verificar()  # another session sees it: it is committed
        banco.cru("UPDATE estoque_tempo_real SET saldo_atual = 0")

        async def rotina() -> int:
            async with pool_async(banco, kwargs=opcoes) as pool:
                return await APIEstoqueTempoRealAsync(pool).recalcular("P1")

        assert asyncio.run(rotina()) == 1
    banco.verificar()


def test_many_at_once_over_one_pool(banco: Banco) -> None:
    for n in range(5):
        banco.mov(f"P{n}", n)

    async def rotina() -> list[Any]:
        async with pool_async(banco) as pool:
            api = APIEstoqueTempoRealAsync(pool)
            return list(
                await asyncio.gather(*(api.consultar_produto(f"P{n % 5}") for n in range(60)))
            )

    assert [p["estoque_atual"] for p in asyncio.run(rotina())] == [n % 5 for n in range(60)]


# -- retries ------------------------------------------------------------------------------------


@pytest.mark.parametrize("sqlstate", ["40001", "40P01"])
def test_where_the_transaction_is_ours_it_is_run_again(
    banco: Banco,
    falhar: Any,
    sqlstate: str,
    pool: ConnectionPool[psycopg.Connection[Any]],
) -> None:
    tentadas = falhar(2, sqlstate)
    assert APIEstoqueTempoReal(banco.conectar()).recalcular_tudo() == 0
    assert tentadas() == 3
    tentadas = falhar(3, sqlstate)
    assert APIEstoqueTempoReal(pool).recalcular_tudo() == 0
    assert tentadas() == 4

    async def rotina() -> None:
        async with pool_async(banco) as pool:
            assert await APIEstoqueTempoRealAsync(pool).recalcular_tudo() == 0
        async with await psycopg.AsyncConnection.connect(banco.dsn, autocommit=True) as conn:
            assert await APIEstoqueTempoRealAsync(conn).recalcular_tudo() == 0

    tentadas = falhar(2, sqlstate)
    asyncio.run(rotina())
    assert tentadas() == 4


def test_a_failure_that_persists_is_reported_with_a_hint(banco: Banco, falhar: Any) -> None:
    tentadas = falhar(1000)
    with pytest.raises(ErroSerializacao, match="try again") as erro:
        APIEstoqueTempoReal(banco.conectar()).recalcular_tudo()
    assert tentadas() == repeticao.TENTATIVAS
    assert f"tried {repeticao.TENTATIVAS} times" in (erro.value.dica or "")
    assert erro.value.sqlstate == "40001"
    assert isinstance(erro.value.__cause__, psycopg.errors.SerializationFailure)


def test_never_again_inside_the_callers_transaction(banco: Banco, falhar: Any) -> None:
    conn = banco.conectar(autocommit=False)
    tentadas = falhar(1)
    with pytest.raises(ErroSerializacao) as erro:
        APIEstoqueTempoReal(conn).recalcular_tudo()
    assert (tentadas(), erro.value.dica) == (1, ErroSerializacao.dica_padrao)
    conn.rollback()

    conn = banco.conectar()
    tentadas = falhar(1)
    with pytest.raises(ErroSerializacao), conn.transaction():
        APIEstoqueTempoReal(conn).recalcular_tudo()
    assert tentadas() == 1
    # A pipeline is a transaction too: what was sent before is lost with what fails.
    tentadas = falhar(1)

    def enfileirar() -> None:
        with conn.pipeline():
            conn.execute(mov("P1", 1))
            APIEstoqueTempoReal(conn).recalcular_tudo()

    with pytest.raises(ErroSerializacao):
        enfileirar()
    assert tentadas() == 1
    assert banco.saldo("P1") == 5

    async def rotina() -> None:
        async with await psycopg.AsyncConnection.connect(banco.dsn, autocommit=True) as conn:
            async with conn.transaction():
                await APIEstoqueTempoRealAsync(conn).recalcular_tudo()

    tentadas = falhar(1)
    with pytest.raises(ErroSerializacao):
        asyncio.run(rotina())
    assert tentadas() == 1
    banco.verificar()


def test_other_errors_are_not_tried_again(banco: Banco, falhar: Any) -> None:
    tentadas = falhar(1, "22012")
    with pytest.raises(ErroEstoque) as erro:
        APIEstoqueTempoReal(banco.conectar()).recalcular_tudo()
    assert (tentadas(), erro.value.sqlstate) == (1, "22012")


def test_waits_grow_and_differ() -> None:
    def esperas() -> list[float]:
        repeticao_ = repeticao.Repeticao(True)
        return [repeticao_.espera(ErroSerializacao("x")) for _ in range(repeticao.TENTATIVAS - 1)]

    um, outro = esperas(), esperas()
    assert um != outro
    for n, espera in enumerate(um):
        assert 0.025 * 2**n <= espera <= 0.075 * 2**n


def test_a_real_conflict_is_survived(banco: Banco) -> None:
    """Under REPEATABLE READ, a product that another session writes meanwhile."""
    banco.mov("P1", 5)
    conn = banco.conectar(options="-c default_transaction_isolation=repeatable\\ read")
    feitos: list[int] = []
    with Sessao(banco) as outra:
        outra.faz("BEGIN").result(10)
        outra.faz(mov("P1", 1)).result(10)
        fio = threading.Thread(
            target=lambda: feitos.append(APIEstoqueTempoReal(conn).recalcular("P1"))
        )
        fio.start()
        espera = "SELECT cardinality(pg_blocking_pids(%s)) > 0"
        while not banco.valor(espera, [conn.info.backend_pid]):
            assert fio.is_alive()
        outra.faz("COMMIT").result(10)
        fio.join(20)
    assert feitos == [0]
    banco.verificar()


def test_real_conflict_becomes_our_exception(banco: Banco) -> None:
    banco.mov("P1", 5)
    conn = banco.conectar(autocommit=False)
    conn.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
    conn.execute("SELECT 1 FROM movimentacao_estoque")
    with Sessao(banco) as outra:
        outra.faz(mov("P1", 1)).result(10)
    banco.cru("UPDATE estoque_tempo_real SET saldo_atual = saldo_atual + 1")
    with pytest.raises(ErroSerializacao):
        APIEstoqueTempoReal(conn).recalcular("P1")
    conn.rollback()
    banco.cru("SELECT estoque_recalcular('P1')")
    banco.verificar()


# -- lost connections ---------------------------------------------------------------------------

DERRUBAR = (
    "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    " AND backend_type = 'client backend'"
)


def test_a_lost_connection_is_an_error_of_its_own(banco: Banco) -> None:
    banco.mov("P1", 5)
    conn = banco.conectar()
    api = APIEstoqueTempoReal(conn)
    assert api.produtos(["P1"])
    banco.cru(DERRUBAR)
    for _ in range(2):
        with pytest.raises(ErroConexao) as erro:
            api.produtos(["P1"])
        assert "\n" not in erro.value.mensagem
        assert isinstance(erro.value.__cause__, psycopg.OperationalError)


def test_a_pool_loses_one_call_and_no_more(
    banco: Banco, pool: ConnectionPool[psycopg.Connection[Any]]
) -> None:
    banco.mov("P1", 5)
    api = APIEstoqueTempoReal(pool)
    for _ in range(2):
        banco.cru(DERRUBAR)  # all three of them
        with pytest.raises(ErroConexao):
            api.produtos(["P1"])
        for _ in range(4):
            assert api.produtos(["P1"])


def test_an_asynchronous_pool_loses_one_call_and_no_more(banco: Banco) -> None:
    banco.mov("P1", 5)

    async def rotina() -> None:
        async with pool_async(banco) as pool:
            api = APIEstoqueTempoRealAsync(pool)
            banco.cru(DERRUBAR)
            with pytest.raises(ErroConexao):
                await api.produtos(["P1"])
            for _ in range(4):
                assert await api.produtos(["P1"])

    asyncio.run(rotina())


def test_a_pool_without_a_database_is_a_lost_connection_too() -> None:
    with ConnectionPool("host=/nowhere", min_size=1, timeout=0.2, open=True) as pool:
        with pytest.raises(ErroConexao):
            APIEstoqueTempoReal(pool).hoje()
    with pytest.raises(ErroConexao):
        APIEstoqueTempoReal(pool).hoje()  # closed by now


def test_bad_arguments_are_refused_when_awaited(banco: Banco) -> None:
    async def rotina() -> None:
        async with pool_async(banco) as pool:
            with pytest.raises(ArgumentoInvalido):
                await APIEstoqueTempoRealAsync(pool).consultar_rupturas(-1)
            assert await APIEstoqueTempoRealAsync(pool).rupturas() == []

    asyncio.run(rotina())
