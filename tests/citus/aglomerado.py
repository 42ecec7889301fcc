"""The cluster of the tests: databases cloned on every node, and what a test sees of one of them."""

from __future__ import annotations

import itertools
import re
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import date
from typing import Any, Literal
from zlib import crc32

import psycopg
import pytest
import sqlparse
from apoio import Banco, Parametros, congelar
from conftest import Servico
from oraculo import Conexao, Linha, Oraculo
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from servidor import Servidor
from servidor.citus import Citus

EMPRESA = "empresa"  # the schema of the company that every test has
NENHUM = "nenhum"  # the template database of a cluster without any company

# Through which node a session comes in: the coordinator, that on which the company lies, another.
Entrada = Literal["coordenador", "no", "outro"]
CADA_ENTRADA: tuple[Entrada, ...] = ("coordenador", "no", "outro")
ENTRADAS = CADA_ENTRADA[:2]

# What Citus takes from its coordinator alone.
_SO_LA = re.compile(r"\s*(CREATE|ALTER|DROP|GRANT|REVOKE|COMMENT)\b", re.IGNORECASE)


def em(dsn: str, esquema: str) -> str:
    """The connection string with a search_path, as an application of one company has it."""
    return make_conninfo(dsn, options=f"-csearch_path={esquema}")


def nome_do_banco(dsn: str) -> str:
    return str(conninfo_to_dict(dsn)["dbname"])


def no_da_empresa(conn: Conexao, esquema: str = EMPRESA) -> str:
    """The host of the node on which a company lies."""
    linha = conn.execute(
        "SELECT n.nodename FROM pg_dist_schema AS e"
        " JOIN pg_dist_colocation AS c USING (colocationid)"
        " JOIN pg_dist_partition AS d USING (colocationid)"
        " JOIN pg_dist_shard AS f USING (logicalrelid)"
        " JOIN pg_dist_placement AS l USING (shardid)"
        " JOIN pg_dist_node AS n USING (groupid)"
        " WHERE e.schemaid = quote_ident(%s)::regnamespace LIMIT 1",
        [esquema],
    ).fetchone()
    assert linha is not None, f"{esquema} is no company of Citus"
    return str(linha[0])


@pytest.fixture
def uma_entrada(request: pytest.FixtureRequest) -> Entrada:
    """One of the two, always the same for a test: for modules with many, imported as `entrada`."""
    return ENTRADAS[crc32(request.node.name.encode()) % len(ENTRADAS)]


class BancoCitus(Banco):
    """A company in a database of the cluster, entered at one of the nodes."""

    def __init__(
        self,
        citus: Citus,
        nome: str,
        entrada: Entrada | Servidor,
        esquema: str = EMPRESA,
        oraculo: type[Oraculo] = Oraculo,
    ) -> None:
        self.citus = citus
        self.nome = nome
        self.esquema = esquema
        self.coordenador = self._ao_coordenador()
        servidor = self.ao(entrada) if isinstance(entrada, str) else entrada
        super().__init__(em(servidor.dsn(nome), esquema), oraculo)
        self._abertas.append(self.coordenador)

    def _ao_coordenador(self) -> Conexao:
        dsn = em(self.citus.dsn(self.nome), self.esquema)
        conn: Conexao = psycopg.connect(dsn, autocommit=True)
        return conn

    def reconectar(self) -> None:
        """After a node was gone."""
        self.fechar()
        self.coordenador = self._ao_coordenador()
        self.conn = psycopg.connect(self.dsn, autocommit=True)
        self._abertas = [self.conn, self.coordenador]

    @property
    def no(self) -> Servidor:
        """The node on which the company lies now."""
        return self.citus.no_de(no_da_empresa(self.coordenador, self.esquema))

    def ao(self, entrada: Entrada) -> Servidor:
        if entrada == "coordenador":
            return self.citus.coordenador
        if entrada == "no":
            return self.no
        return next(n for n in self.citus.nos[1:] if n is not self.no)

    def congelar(self, dia: date) -> None:
        congelar(self.coordenador, dia)

    def cru(self, sql: str, params: Parametros = None) -> list[Linha]:
        if not _SO_LA.match(sql):
            return super().cru(sql, params)
        for comando in sqlparse.split(sql):  # and never several at once
            self.coordenador.execute(comando.encode(), params)
        return []

    def espera(self, conn: Conexao) -> bool:
        """For more than a moment: Citus itself has locks that two sessions meet in passing."""
        for _ in range(3):
            if not self._parada(conn):
                return False
            time.sleep(0.02)
        return True

    def _parada(self, conn: Conexao) -> bool:
        """Here, or on the node of the company, where another process does what this one sent."""
        if super().espera(conn):
            return True
        with psycopg.connect(self.no.dsn(self.nome), autocommit=True) as no:
            linha = no.execute(
                "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE application_name LIKE %s"
                " AND cardinality(pg_blocking_pids(pid)) > 0)",
                [f"citus_internal gpid={self.gpid(conn)}"],
            ).fetchone()
        return linha == (True,)

    def gpid(self, conn: Conexao) -> int:
        """What Citus calls a session on all nodes: of its node and its process."""
        linha = self.coordenador.execute(
            "SELECT citus_calculate_gpid(nodeid, %s) FROM pg_dist_node WHERE nodename = %s",
            [conn.info.backend_pid, conn.info.host],
        ).fetchone()
        assert linha is not None
        return int(linha[0])


class ServicoCitus(Servico):
    """As the server of the other tests: it makes databases, here on every node."""

    def __init__(self, citus: Citus, admin: Conexao) -> None:
        super().__init__(citus.coordenador, admin)
        self.citus = citus
        self._donos = itertools.count(1)
        citus.criar(NENHUM)

    def criar(self, modelo: str = NENHUM) -> str:
        """A clone of a template on every node: what Citus knows of a database stands in it."""
        nome = f"c{next(self._donos)}"

        def clonar(no: Servidor) -> None:
            with psycopg.connect(no.dsn(), autocommit=True) as conn:
                _clonar(conn, nome, modelo)

        with ThreadPoolExecutor(len(self.citus.nos)) as equipe:
            list(equipe.map(clonar, self.citus.nos))
        return nome

    def remover(self, nome: str) -> None:
        self.citus.remover(nome)

    @contextmanager
    def banco(self, modelo: str, entrada: Entrada = "coordenador") -> Iterator[Banco]:
        nome = self.criar(modelo)
        banco = BancoCitus(self.citus, nome, entrada)
        try:
            yield banco
        finally:
            banco.fechar()
            self.remover(nome)


def _clonar(conn: psycopg.Connection[Any], nome: str, modelo: str) -> None:
    """Citus keeps sessions of its own in every database, and nobody may be in a template."""
    copiar = sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy").format(
        sql.Identifier(nome), sql.Identifier(modelo)
    )
    limite = time.monotonic() + 20
    while True:
        conn.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [modelo]
        )
        try:
            conn.execute(copiar)
            return
        except psycopg.errors.ObjectInUse:
            assert time.monotonic() < limite, f"{modelo} stays in use"
            time.sleep(0.02)
