"""Through a pooler in transaction mode: everything works, and nobody's session is changed."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from decimal import Decimal

import psycopg
import pytest
from apoio import Banco
from fastapi.testclient import TestClient
from pgbouncer import pgbouncer
from psycopg_pool import AsyncConnectionPool, ConnectionPool
from test_cli import estoque
from test_concorrencia import mov
from test_sessoes import PERGUNTAS

from estoque_pg import APIEstoqueTempoReal, APIEstoqueTempoRealAsync
from estoque_pg.http import criar_aplicacao
from estoque_pg.migracoes import instalar

CONSULTAS = (
    *PERGUNTAS,
    ("acompanhar", "P001"),
    ("recalcular", "P001"),
    ("recalcular", "--tudo"),
    ("status",),
    ("bench", "--vezes", "10"),
    ("vigiar",),
    ("grant", "pg_monitor", "--leitura"),
)
DA_SESSAO = (
    "SELECT name, setting FROM pg_settings WHERE source = 'session' AND name NOT IN"
    " ('client_encoding', 'application_name') ORDER BY 1"
)
PREPARADAS = "SELECT count(*) FROM pg_prepared_statements"


@pytest.fixture
def cena(banco: Banco) -> Banco:
    """Two companies in one database; the ERP writes to the first."""
    banco.mov("P001", 10)
    instalar(banco.dsn, "b", criar_schema=True)
    banco.cru(
        "INSERT INTO b.movimentacao_estoque (cod_produto, nome_produto, data_movimentacao,"
        " tipo_movimentacao, qtd_movimentacao, ativo)"
        " VALUES ('P001', 'Da b', '2025-08-01', 'E', 77, true)"
    )
    return banco


@pytest.fixture
def pooler(cena: Banco) -> Iterator[str]:
    with pgbouncer(cena.dsn) as dsn:
        yield dsn


def saldo(api: APIEstoqueTempoReal) -> Decimal | None:
    produto = api.produto("P001")
    return None if produto is None else produto.estoque_atual


def sessao(dsn: str) -> list[tuple[str, str]]:
    """What the one connection of the pooler has been set to, and whether anything is prepared."""
    with psycopg.connect(dsn, autocommit=True, prepare_threshold=None) as conn:
        assert conn.execute(PREPARADAS).fetchone() == (0,)
        return conn.execute(DA_SESSAO).fetchall()


@pytest.mark.parametrize("argumentos", CONSULTAS, ids=lambda a: " ".join(a))
def test_a_command_leaves_nothing_behind(cena: Banco, pooler: str, argumentos: tuple[str]) -> None:
    antes = sessao(pooler)
    feito = estoque(*argumentos, "--schema", "b", dsn=pooler)
    assert feito.exit_code == 0, feito.output
    assert sessao(pooler) == antes
    with psycopg.connect(pooler, autocommit=True, prepare_threshold=None) as erp:
        erp.execute(mov("P001").encode())
    saldos = (
        "SELECT a.saldo_atual, b.saldo_atual"
        " FROM estoque_tempo_real AS a, b.estoque_tempo_real AS b"
    )
    assert cena.conn.execute(saldos).fetchone() == (15, 77)


def test_the_api_of_a_company(pooler: str) -> None:
    antes = sessao(pooler)
    with ConnectionPool(pooler, min_size=1, max_size=4) as pool:
        for banco in (pool, psycopg.connect(pooler, autocommit=True)):
            b, nossa = APIEstoqueTempoReal(banco, schema="b"), APIEstoqueTempoReal(banco)
            for _ in range(10):  # more often than psycopg needs to prepare a statement
                assert saldo(b) == 77
                assert saldo(nossa) == 10
            if isinstance(banco, psycopg.Connection):
                banco.close()
    assert sessao(pooler) == antes


def test_many_at_once(cena: Banco) -> None:
    with pgbouncer(cena.dsn, conexoes=3) as dsn, ConnectionPool(dsn, min_size=8) as pool:
        achados: list[object] = []

        def perguntar() -> None:
            for _ in range(25):
                achados.append(saldo(APIEstoqueTempoReal(pool, schema="b")))

        fios = [threading.Thread(target=perguntar) for _ in range(8)]
        for fio in fios:
            fio.start()
        for fio in fios:
            fio.join()
        assert achados == [77] * 200


def test_many_at_once_with_asyncio(cena: Banco) -> None:
    async def todas(dsn: str) -> list[object]:
        async with AsyncConnectionPool(dsn, min_size=8, open=False) as pool:
            api = APIEstoqueTempoRealAsync(pool, schema="b")
            achados = await asyncio.gather(*(api.produto("P001") for _ in range(200)))
            return [p.estoque_atual for p in achados if p is not None]

    with pgbouncer(cena.dsn, conexoes=3) as dsn:
        assert asyncio.run(todas(dsn)) == [77] * 200


def test_the_service(pooler: str) -> None:
    antes = sessao(pooler)
    base = "/api/estoque/tempo-real"
    with TestClient(criar_aplicacao(pooler, schema="b")) as cliente:
        for _ in range(10):
            resposta = cliente.get(f"{base}/produto/P001")
            assert resposta.status_code == 200, resposta.text
            assert resposta.json()["produto"]["estoque_atual"] == 77
        assert cliente.get("/saude").status_code == 200
    assert sessao(pooler) == antes


@pytest.mark.parametrize(
    "comando", [("install",), ("migrate",), ("uninstall", "--sim"), ("worker", "--uma-vez")]
)
def test_what_needs_a_session_of_its_own_says_so(pooler: str, comando: tuple[str]) -> None:
    antes = sessao(pooler)
    feito = estoque(*comando, "--schema", "b", dsn=pooler)
    assert feito.exit_code == 5
    assert "goes through a pooler" in feito.stderr
    assert "address of the PostgreSQL server" in feito.stderr
    assert sessao(pooler) == antes
