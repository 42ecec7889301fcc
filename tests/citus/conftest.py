"""A cluster for the session: a coordinator, two workers, and a company that lies on one of them.

Every test has a database of its own on all nodes. The fixtures bear the names of those of the other
tests, so that tests written for one server run here too, where a module imports them.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import cast

import psycopg
import pytest
from apoio import Banco
from conftest import CONF

from citus.aglomerado import EMPRESA, ENTRADAS, BancoCitus, Entrada, ServicoCitus
from estoque_pg.migracoes import instalar
from servidor.citus import Citus

SEM_CITUS = "CITUS_BINDIR names no PostgreSQL with Citus: `make test-citus` says how to have one"


def pytest_configure() -> None:
    os.environ["ESTOQUE_PG_BINDIR"] = os.environ.get("CITUS_BINDIR") or pytest.exit(SEM_CITUS, 2)


@pytest.fixture(scope="session")
def servico() -> Iterator[ServicoCitus]:
    # What a crash must not lose is on disk before it is acknowledged.
    conf = [linha for linha in CONF if not linha.startswith(("max_connections", "wal_level"))]
    with Citus(conf=[*conf, "synchronous_commit = on"]) as citus:
        with psycopg.connect(citus.coordenador.dsn(), autocommit=True) as admin:
            yield ServicoCitus(citus, admin)


@pytest.fixture(scope="session")
def modelo(servico: ServicoCitus) -> str:
    """The template database: a company, and the product installed in it."""
    nome = servico.criar()
    instalar(servico.dsn(nome), EMPRESA, criar_schema=True)
    return nome


@pytest.fixture(params=ENTRADAS)
def entrada(request: pytest.FixtureRequest) -> Entrada:
    return cast(Entrada, request.param)


@pytest.fixture
def banco(servico: ServicoCitus, modelo: str, entrada: Entrada) -> Iterator[Banco]:
    with servico.banco(modelo, entrada) as banco:
        yield banco


@pytest.fixture(scope="session")
def modelo_povoado(servico: ServicoCitus, modelo: str) -> str:
    nome = servico.criar(modelo)
    banco = BancoCitus(servico.citus, nome, "coordenador")
    banco.povoar()
    banco.fechar()
    return nome


@pytest.fixture
def povoado(servico: ServicoCitus, modelo_povoado: str, entrada: Entrada) -> Iterator[Banco]:
    with servico.banco(modelo_povoado, entrada) as banco:
        yield banco


@pytest.fixture
def citus(servico: ServicoCitus) -> Citus:
    return servico.citus
