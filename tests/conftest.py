"""One throw-away server for the session, one template database, one clone of it for each test."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest
from apoio import Banco
from oraculo import Conexao
from psycopg import sql
from pytest_postgresql import factories

from estoque_pg.migracoes import instalar
from servidor import Servidor, obter_extras

CONF = ("max_connections=120", "wal_level=logical", "deadlock_timeout='200ms'", "timezone='UTC'")


@dataclass
class Servico:
    """The server, and how databases are made on it."""

    servidor: Servidor
    admin: Conexao

    def __post_init__(self) -> None:
        self._numeros = itertools.count(1)

    def dsn(self, nome: str) -> str:
        return self.servidor.dsn(nome)

    def criar(self, modelo: str = "template1") -> str:
        """A new database from a template. Copying files is the quick way where files are small."""
        nome = f"t{next(self._numeros)}"
        estrategia = "STRATEGY file_copy" if self.admin.info.server_version >= 150000 else ""
        self.admin.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {} " + estrategia).format(
                sql.Identifier(nome), sql.Identifier(modelo)
            )
        )
        return nome

    def remover(self, nome: str) -> None:
        self.admin.execute(
            sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(nome))
        )


@pytest.fixture(scope="session")
def servico() -> Iterator[Servico]:
    obter_extras()  # before the first server starts: one that has plpgsql_check, if possible
    with Servidor(conf=CONF) as servidor:
        with psycopg.connect(servidor.dsn(), autocommit=True) as admin:
            yield Servico(servidor, admin)


@pytest.fixture(scope="session")
def modelo(servico: Servico) -> str:
    """The template database: installed once, never written to."""
    nome = servico.criar()
    instalar(servico.dsn(nome), None)
    return nome


@pytest.fixture
def banco(servico: Servico, modelo: str) -> Iterator[Banco]:
    """An installed, empty database of the test's own, standing on Banco.D."""
    nome = servico.criar(modelo)
    banco = Banco(servico.dsn(nome))
    try:
        yield banco
    finally:
        banco.fechar()
        servico.remover(nome)


@pytest.fixture
def vazio(servico: Servico) -> Iterator[str]:
    """The conninfo of a database with nothing in it at all."""
    nome = servico.criar()
    yield servico.dsn(nome)
    servico.remover(nome)


# A client of pytest-postgresql on top of the same server, for tests that want an untouched
# database installed by the public entry point rather than cloned.


@pytest.fixture(scope="session")
def processo(servico: Servico) -> Any:
    """What pytest-postgresql reads of a server process."""
    return SimpleNamespace(
        host=servico.servidor.host,
        port=servico.servidor.port,
        user="postgres",
        password=None,
        options="",
        maintenance_dbname="postgres",
        template_dbname=None,
        version=servico.admin.info.server_version / 10000,
    )


def _carregar(**kw: Any) -> None:
    partes = {c: kw[c] for c in ("host", "port", "user", "dbname")}
    instalar(psycopg.conninfo.make_conninfo(**partes), None)


postgresql_externo = factories.postgresql_noproc(
    depends_on="processo", dbname="externo", load=[_carregar]
)
postgresql = factories.postgresql("postgresql_externo")
