"""One throw-away server for the session, one template database, one clone of it for each test.

`make test` runs as many sessions side by side as there are processors, each with a server of its
own: nothing that a test does to its server can be seen by one that runs beside it.
"""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
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

collect_ignore = ["citus"]  # `make test-citus` runs those, on a server with Citus
CONF = ("max_connections=120", "wal_level=logical", "deadlock_timeout='200ms'", "timezone='UTC'")


def pytest_configure() -> None:
    """Programs that tests start shall find what a terminal gives them, however we were started."""
    # In the background, or under nohup, a session is deaf to these signals, and what it starts
    # would inherit that. A handler is not inherited: this one leaves the session itself deaf.
    for sinal in (signal.SIGINT, signal.SIGHUP):
        if signal.getsignal(sinal) is signal.SIG_IGN:
            signal.signal(sinal, lambda *_: None)
    # Screens and errors are compared in English, whatever the language of who runs the tests.
    os.environ["ESTOQUE_IDIOMA"] = "en"
    # readline, which pytest loads, tells the sessions it starts how large its own terminal is.
    for nome in ("COLUMNS", "LINES"):
        os.environ.pop(nome, None)


def pytest_xdist_auto_num_workers() -> int:
    """One more than the processors we may use: many tests wait, for locks and for clocks.

    Not more than 8: each session's server takes memory, too.
    """
    return min(len(os.sched_getaffinity(0)) + 1, 8)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest tests begin first, so that no processor idles while the last of them ends."""
    items.sort(key=lambda item: item.get_closest_marker("lento") is None)


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

    @contextmanager
    def banco(self, modelo: str) -> Iterator[Banco]:
        """A clone of a template, opened, for as long as it is wanted."""
        nome = self.criar(modelo)
        banco = Banco(self.dsn(nome))
        try:
            yield banco
        finally:
            banco.fechar()
            self.remover(nome)

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
    with servico.banco(modelo) as banco:
        yield banco


@pytest.fixture(scope="session")
def modelo_povoado(servico: Servico, modelo: str) -> str:
    """A second template, with rows in it: hundreds of tests begin with the same dozen."""
    nome = servico.criar(modelo)
    banco = Banco(servico.dsn(nome))
    banco.povoar()
    banco.fechar()
    return nome


@pytest.fixture
def povoado(servico: Servico, modelo_povoado: str) -> Iterator[Banco]:
    """As `banco`, with the rows of Banco.povoar."""
    with servico.banco(modelo_povoado) as banco:
        yield banco


@pytest.fixture
def vazio(servico: Servico) -> Iterator[str]:
    """The conninfo of a database with nothing in it at all."""
    nome = servico.criar()
    yield servico.dsn(nome)
    servico.remover(nome)


@pytest.fixture
def despejo(servico: Servico) -> Callable[..., str]:
    """pg_dump of the schema as text: comments, rights and column order included."""
    programa = servico.servidor.bindir / "pg_dump"
    if not programa.exists():
        pytest.skip("this server comes without pg_dump")

    def despejar(dsn: str, *opcoes: str) -> str:
        feito = subprocess.run(
            [programa, "--schema-only", "--restrict-key=x", *opcoes, "-d", dsn],
            capture_output=True,
            text=True,
            env=os.environ,
        )
        if "restrict-key" in feito.stderr:  # an older pg_dump does not know it
            feito = subprocess.run(
                [programa, "--schema-only", *opcoes, "-d", dsn], capture_output=True, text=True
            )
        assert feito.returncode == 0, feito.stderr
        return "\n".join(
            linha for linha in feito.stdout.splitlines() if linha and not linha.startswith("--")
        )

    return despejar


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
