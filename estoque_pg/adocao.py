"""Installing into a database that is being written to: as little as possible while writers wait.

First everything is rehearsed, in a transaction that is rolled back: tables that do not fit and rows
that cannot be counted are found at no one's cost. Then the indexes on the sources are built beside
the writers. What is left for the installation itself is to hold the writers, put the triggers on,
and fill.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import tuple_row

from estoque_pg.consultas import CONSULTAS
from estoque_pg.relogio import fuso

_AVISO = "estoque_pg: "  # what our SQL puts before the notices that tell how far it is
_SEMPRE = (_AVISO + "left out", _AVISO + "warning")  # to be told where nothing is adopted, too
_PEQUENA = 8 << 20  # bytes; indexing less is quicker than waiting for every running transaction


class Andamento:
    """Tells how far an installation is, and for how long writers had to wait."""

    def __init__(self, avisar: Callable[[str], None] | None = None) -> None:
        self._avisar = avisar
        self._ditas: set[str] = set()
        self.adotando = False  # where there are no writers yet, nobody need know of waiting
        self._espera_desde: float | None = None

    def diga(self, linha: str) -> None:
        """Pass one line on, once."""
        if self._avisar is not None and linha not in self._ditas:
            self._ditas.add(linha)
            self._avisar(linha)

    def do_servidor(self, aviso: psycopg.errors.Diagnostic) -> None:
        """Pass on a notice of our own SQL."""
        texto = aviso.message_primary or ""
        if texto.startswith(_AVISO):
            if self.adotando or texto.startswith(_SEMPRE):
                self.diga(texto.removeprefix(_AVISO))
            if self.adotando and texto.endswith("holding writers off"):
                self._espera_desde = self._espera_desde or time.monotonic()

    def recomecou(self) -> None:
        """Forget the writers that waited for an attempt that was given up."""
        self._espera_desde = None

    def terminou(self) -> None:
        """Say, after the commit, how long it was since writers began to wait."""
        if self._espera_desde is not None:
            self.diga(f"writers were held off for {time.monotonic() - self._espera_desde:.2f} s")
            self._espera_desde = None


@contextlib.contextmanager
def indexadas(
    conn: psycopg.Connection[Any],
    indices: Iterable[tuple[str, str, list[str]]],
    andamento: Andamento,
) -> Iterator[None]:
    """Build indexes (name, table, columns) beside the writers; remove them if the block fails.

    The connection is in autocommit, its search_path the schema to install into. Tables that are
    not there yet are passed over.
    """
    feitos: list[sql.Identifier] = []
    try:
        for indice, tabela, colunas in indices:
            pronto = linhas(conn, "indice_valido", indice=sql.Identifier(indice).as_string(conn))
            if existe(conn, tabela) and pronto != [(True,)]:
                _indexar(conn, indice, tabela, colunas, feitos, andamento)
        yield
    except BaseException:
        with contextlib.suppress(psycopg.Error):
            for nome in reversed(feitos):
                conn.execute(sql.SQL("DROP INDEX CONCURRENTLY IF EXISTS {}").format(nome))
        raise


def transacoes(conn: psycopg.Connection[Any]) -> str:
    """Name the transactions that others have had open for a while; nothing where there are none."""
    return ", ".join(
        f"process {pid} ({', '.join(filter(None, (quem, programa)))}, since"
        f" {inicio.astimezone():%H:%M:%S} {fuso()})"
        for pid, quem, programa, inicio in linhas(conn, "transacoes")
    )


def existe(conn: psycopg.Connection[Any], tabela: str) -> bool:
    """Tell whether the search_path finds a table."""
    return bool(linhas(conn, "existe_tabela", tabela=tabela)[0][0])


def linhas(conn: psycopg.Connection[Any], nome: str, **parametros: Any) -> list[Any]:
    """Return what a statement of consultas.sql answers, as tuples."""
    with psycopg.Cursor(conn, row_factory=tuple_row) as cursor:
        return cursor.execute(CONSULTAS[nome], parametros).fetchall()


def _indexar(
    conn: psycopg.Connection[Any],
    indice: str,
    tabela: str,
    colunas: list[str],
    feitos: list[sql.Identifier],
    andamento: Andamento,
) -> None:
    """Build an index without holding writers off, on each partition where there are some.

    _estoque_indexar_fontes then finds it, or adopts those of the partitions.
    """
    for nome, schema, propria, tamanho, resumo in linhas(conn, "folhas", tabela=tabela):
        if tamanho < _PEQUENA:
            continue
        novo = indice if propria else f"{indice[:40]}_{resumo}"
        alvo = sql.Identifier(schema, novo)
        estado = linhas(conn, "indice_valido", indice=alvo.as_string(conn))
        if estado == [(True,)]:
            continue
        andamento.diga(f"indexing {nome} ({', '.join(colunas)}) beside its writers")
        if estado:  # left over from an attempt that was cut off
            conn.execute(sql.SQL("DROP INDEX CONCURRENTLY {}").format(alvo))
        if abertas := transacoes(conn):
            andamento.diga(f"that waits for the transactions open already: {abertas}")
        feitos.append(alvo)
        conn.execute(
            sql.SQL("CREATE INDEX CONCURRENTLY {} ON {} ({})").format(
                sql.Identifier(novo),
                sql.Identifier(schema, nome),
                sql.SQL(", ").join(map(sql.Identifier, colunas)),
            )
        )
