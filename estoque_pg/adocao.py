"""Installing into a database that is being written to: as little as possible while writers wait.

A migration that holds writers off says so by a line `-- end of the rehearsal`. What stands above it
is rehearsed first, in a transaction that is rolled back: tables that do not fit and rows that
cannot be counted are found at no one's cost. Then the indexes it asks for are built beside the
writers. What is left for the migration itself is to hold the writers, put the triggers on, and
fill.
"""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import tuple_row

from estoque_pg.consultas import CONSULTAS
from estoque_pg.relogio import fuso

_FIM_DO_ENSAIO = "-- end of the rehearsal"
_TABELA = re.compile(r"^CREATE TABLE IF NOT EXISTS (\w+) ", re.MULTILINE)
_INDICE = re.compile(r"^CREATE INDEX IF NOT EXISTS (\w+) ON (\w+) \((.+)\);$", re.MULTILINE)
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
                self._espera_desde = time.monotonic()

    def terminou(self) -> None:
        """Say, after the commit, how long it was since writers began to wait."""
        if self._espera_desde is not None:
            self.diga(f"writers were held off for {time.monotonic() - self._espera_desde:.2f} s")
            self._espera_desde = None


@contextlib.contextmanager
def preparada(
    conn: psycopg.Connection[Any],
    migracao: Path,
    criar_schema: Callable[[], None],
    andamento: Andamento,
) -> Iterator[None]:
    """Rehearse a migration and build its indexes; take them away again if the block fails.

    The connection is in autocommit, its search_path the schema to install into, which
    `criar_schema` makes when it is missing. Does nothing where no table is adopted.
    """
    ensaio, marca, resto = migracao.read_text(encoding="utf-8").partition(_FIM_DO_ENSAIO)
    if novas := [t for t in _TABELA.findall(ensaio) if not _existe(conn, t)]:
        andamento.diga(f"source tables that are missing and will be created: {', '.join(novas)}")
    indices = [(i, t, c) for i, t, c in _INDICE.findall(resto) if _existe(conn, t)]
    if not marca or not indices:
        yield
        return
    andamento.adotando = True
    andamento.diga("checking the source tables")
    with conn.transaction(force_rollback=True):
        criar_schema()
        conn.execute(ensaio.encode())
    feitos: list[sql.Identifier] = []
    try:
        for indice, tabela, colunas in indices:
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
        for pid, quem, programa, inicio in _linhas(conn, "transacoes")
    )


def _existe(conn: psycopg.Connection[Any], tabela: str) -> bool:
    return bool(_linhas(conn, "existe_tabela", tabela=tabela)[0][0])


def _linhas(conn: psycopg.Connection[Any], nome: str, **parametros: Any) -> list[Any]:
    with psycopg.Cursor(conn, row_factory=tuple_row) as cursor:
        return cursor.execute(CONSULTAS[nome], parametros).fetchall()


def _indexar(
    conn: psycopg.Connection[Any],
    indice: str,
    tabela: str,
    colunas: str,
    feitos: list[sql.Identifier],
    andamento: Andamento,
) -> None:
    """Build an index without holding writers off, on each partition where there are some.

    The migration's own CREATE INDEX then finds it, or adopts those of the partitions.
    """
    for nome, schema, propria, tamanho, resumo in _linhas(conn, "folhas", tabela=tabela):
        if tamanho < _PEQUENA:
            continue
        novo = indice if propria else f"{indice[:40]}_{resumo}"
        alvo = sql.Identifier(schema, novo)
        estado = _linhas(conn, "indice_valido", indice=alvo.as_string(conn))
        if estado == [(True,)]:
            continue
        andamento.diga(f"indexing {nome} ({colunas}) beside its writers")
        if estado:  # left over from an attempt that was cut off
            conn.execute(sql.SQL("DROP INDEX CONCURRENTLY {}").format(alvo))
        if abertas := transacoes(conn):
            andamento.diga(f"that waits for the transactions open already: {abertas}")
        feitos.append(alvo)
        conn.execute(
            sql.SQL("CREATE INDEX CONCURRENTLY {} ON {} (" + colunas + ")").format(
                sql.Identifier(novo), sql.Identifier(schema, nome)
            )
        )
