"""A private Citus cluster: a coordinator and workers, each a throwaway server of its own."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import TypeAlias

import psycopg
from psycopg import sql

from servidor import binarios
from servidor.privado import Servidor

Comando: TypeAlias = sql.SQL | sql.Composed

# A schema is a tenant. Triggers on its tables are "unsafe" until after Citus 14.0.
CONFIGURACAO = (
    "shared_preload_libraries = 'citus,pg_cron'",  # the first of the two has to be Citus
    "wal_level = logical",  # a tenant moves between nodes by logical replication
    "max_connections = 200",
    "max_prepared_transactions = 200",  # at least as many as connections, says Citus
    "max_worker_processes = 64",  # each database has a daemon of Citus
    "citus.enable_schema_based_sharding = on",
    "citus.enable_unsafe_triggers = on",
    "citus.enable_statistics_collection = off",
)


class Citus:
    """`with Citus() as citus:` starts the servers and ends them with the block.

    The programs are those of ESTOQUE_PG_BINDIR, which have to bring Citus along.
    """

    def __init__(
        self, trabalhadores: int = 2, conf: Sequence[str] = (), base: Path | None = None
    ) -> None:
        feitos = [Servidor(base, conf=(*CONFIGURACAO, *conf)) for _ in range(trabalhadores + 1)]
        self.nos: tuple[Servidor, ...] = tuple(feitos)
        self.coordenador = feitos[0]
        self._pilha = ExitStack()

    def __enter__(self) -> Citus:
        binarios.localizar()  # once, before all of them ask for it
        with ExitStack() as pilha:
            for no in self.nos:
                pilha.push(no)  # also what another's failure leaves half started has to end
            with ThreadPoolExecutor(len(self.nos)) as equipe:
                list(equipe.map(Servidor.iniciar, self.nos))
            for no in self.nos:
                # How a node calls itself is known only now that its socket has a folder.
                endereco = sql.Literal(no.host)
                self.em(no, "postgres", [
                    sql.SQL("ALTER SYSTEM SET citus.local_hostname = {}").format(endereco),
                    sql.SQL("SELECT pg_reload_conf()"),
                ])  # fmt: skip
            self._pilha = pilha.pop_all()
        return self

    def __exit__(
        self,
        tipo: type[BaseException] | None,
        erro: BaseException | None,
        rastro: TracebackType | None,
    ) -> None:
        self._pilha.__exit__(tipo, erro, rastro)

    def dsn(self, banco: str) -> str:
        """Of a database, at the coordinator."""
        return self.coordenador.dsn(banco)

    def no_de(self, host: str) -> Servidor:
        """The node that Citus calls by this name."""
        return next(no for no in self.nos if no.host == host)

    def criar(self, banco: str) -> str:
        """Make a database of the whole cluster, with nothing in it; its DSN at the coordinator."""
        nome = sql.Identifier(banco)
        self.em_todos("postgres", [sql.SQL("CREATE DATABASE {}").format(nome)])
        self.juntar(banco)
        return self.dsn(banco)

    def juntar(self, banco: str) -> None:
        """Put Citus into a database that every node has."""
        self.em_todos(banco, [sql.SQL("CREATE EXTENSION citus")])
        juntar = [
            sql.SQL("SELECT citus_set_coordinator_host({}, {})"),
            *[sql.SQL("SELECT citus_add_node({}, {})")] * (len(self.nos) - 1),
        ]
        self.em(self.coordenador, banco, [
            comando.format(sql.Literal(no.host), sql.Literal(no.port))
            for comando, no in zip(juntar, self.nos, strict=True)
        ])  # fmt: skip

    def remover(self, banco: str) -> None:
        comando = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(banco))
        self.em_todos("postgres", [comando])

    def em_todos(self, banco: str, comandos: Iterable[Comando]) -> None:
        """Run statements at every node, at once."""
        lista = list(comandos)
        with ThreadPoolExecutor(len(self.nos)) as equipe:
            list(equipe.map(lambda no: self.em(no, banco, lista), self.nos))

    def em(self, no: Servidor, banco: str, comandos: Iterable[Comando]) -> None:
        with psycopg.connect(no.dsn(banco), autocommit=True) as conn:
            for comando in comandos:
                conn.execute(comando)
