"""Installing into a database that is being written to: as little as possible while writers wait.

First everything is rehearsed, in a transaction that is rolled back: tables that do not fit and rows
that cannot be counted are found at no one's cost. Then the indexes on the sources are built beside
the writers. What is left for the installation itself is to hold the writers, put the triggers on,
and fill. Where the sources are large it fills beside the writers, too: what they write meanwhile is
noted, and only putting that right holds them off.
"""

from __future__ import annotations

import contextlib
import signal
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Any

import psycopg
from psycopg import sql
from psycopg.pq import TransactionStatus
from psycopg.rows import tuple_row

from estoque_pg.consultas import CONSULTAS
from estoque_pg.erros import em_palavras
from estoque_pg.idioma import t
from estoque_pg.instalacao import passo
from estoque_pg.relogio import fuso

_AVISO = "estoque_pg: "  # what our SQL puts before the notices that tell how far it is
_SEMPRE = tuple(
    _AVISO + o_que for o_que in ("left out", "warning", "the source tables are in use")
)  # to be told where nothing is adopted, too
_PEQUENA = 8 << 20  # bytes; indexing less is quicker than waiting for every running transaction
_GRANDE = 64 << 20  # bytes of all sources together; less is counted in well under a second
# Name, table, columns, and what follows the table in CREATE INDEX.
Indice = tuple[str, str, list[str], str]
ANOTACAO = "_estoque_anotacao"  # the notes, as instalacao/vivo_anotar.sql makes them


class Andamento:
    """Tells how far an installation is, and for how long writers had to wait."""

    def __init__(self, avisar: Callable[[str], None] | None = None) -> None:
        self._avisar = avisar
        self._ditas: set[str] = set()
        self.adotando = False  # where there are no writers yet, nobody need know of waiting
        self._espera_desde: float | None = None
        self._esperaram: float | None = None  # seconds in all

    def diga(self, linha: str) -> None:
        """Pass one line on, once."""
        if self._avisar is not None and linha not in self._ditas:
            self._ditas.add(linha)
            self._avisar(linha)

    def do_servidor(self, aviso: psycopg.errors.Diagnostic) -> None:
        """Pass on a notice of our own SQL."""
        try:
            self._do_servidor(aviso)
        except KeyboardInterrupt:
            # libpq has called us, and lets no exception through: asked again when it is back.
            threading.Timer(0.1, signal.raise_signal, [signal.SIGINT]).start()

    def _do_servidor(self, aviso: psycopg.errors.Diagnostic) -> None:
        texto = aviso.message_primary or ""
        if texto.startswith(_AVISO):
            if self.adotando or texto.startswith(_SEMPRE):
                dito, _dica, detalhe = em_palavras(aviso)
                linhas = [t(dito or ""), *(detalhe or "").splitlines()]
                self.diga("\n".join(linhas).removeprefix(_AVISO))
            if self.adotando and texto.endswith("holding writers off"):
                self._espera_desde = self._espera_desde or time.monotonic()

    def recomecou(self) -> None:
        """Forget the writers that waited for an attempt that was given up."""
        self._espera_desde = None

    def soltou(self) -> None:
        """Take note of a commit that lets the writers go on."""
        if self._espera_desde is not None:
            self._esperaram = (self._esperaram or 0) + time.monotonic() - self._espera_desde
            self._espera_desde = None

    def terminou(self) -> None:
        """Say, after the last commit, for how long writers had to wait."""
        self.soltou()
        if self._esperaram is not None:
            self.diga(
                t("writers were held off for {segundos} s", segundos=f"{self._esperaram:.2f}")
            )


@contextlib.contextmanager
def indexadas(
    conn: psycopg.Connection[Any],
    indices: Iterable[Indice],
    andamento: Andamento,
    *,
    todas: bool = False,
) -> Iterator[None]:
    """Build indexes beside the writers; remove them if the block fails.

    The connection is in autocommit, its search_path the schema to install into. Tables that are
    not there yet are passed over, and so are small ones, unless `todas` are to be indexed.
    """
    limite = 1 if todas else _PEQUENA
    feitos: list[sql.Identifier] = []
    try:
        for indice in indices:
            if existe(conn, indice[1]) and not indexada(conn, indice[0]):
                _indexar(conn, indice, limite, feitos, andamento)
        yield
    except BaseException:
        with contextlib.suppress(psycopg.Error):
            _sossegar(conn)
            for nome in reversed(feitos):
                conn.execute(sql.SQL("DROP INDEX CONCURRENTLY IF EXISTS {}").format(nome))
        raise


def sao_grandes(conn: psycopg.Connection[Any], tabelas: Iterable[str]) -> bool:
    """Tell whether tables have so many rows that they are better counted beside their writers."""
    folhas = (f for t in tabelas if existe(conn, t) for f in linhas(conn, "folhas", tabela=t))
    return sum(int(tamanho) for _, _, _, tamanho, _ in folhas) >= _GRANDE


def pela_metade(conn: psycopg.Connection[Any], schema: str) -> bool:
    """Tell whether a schema has notes: an installation is under way in it, or was cut off."""
    tabela = sql.Identifier(schema, ANOTACAO).as_string(conn)
    return bool(linhas(conn, "pela_metade", tabela=tabela)[0][0])


def anotar(conn: psycopg.Connection[Any], fontes: str, trava: int) -> None:
    """Have what is written to the sources noted, from the commit of this on.

    `fontes` is what the statement fontes_a_anotar tells of them, `trava` the advisory lock that
    this session holds: without it nothing is noted. Gives way to writers, by raising.
    """
    with conn.transaction():
        conn.execute(
            "SELECT set_config('estoque_pg.fontes', %s, true),"
            " set_config('estoque_pg.trava', %s, true)",
            (fontes, str(trava)),
        )
        passo(conn, "vivo_anotar")


def desanotar(conn: psycopg.Connection[Any]) -> None:
    """Take the notes away, and the triggers that write them where they are left."""
    _sossegar(conn)
    passo(conn, "vivo_limpar")


def _sossegar(conn: psycopg.Connection[Any]) -> None:
    """Leave a transaction that nobody ended, since Ctrl+C met those who would have."""
    if conn.info.transaction_status != TransactionStatus.IDLE:
        conn.execute("ROLLBACK")  # the connection is in autocommit


def donos(conn: psycopg.Connection[Any], trava: int) -> str:
    """Name the sessions that hold an advisory lock."""
    return ", ".join(_processo(*dono) for dono in linhas(conn, "donos_da_trava", trava=trava))


def transacoes(conn: psycopg.Connection[Any]) -> str:
    """Name the transactions that others have had open for a while; nothing where there are none."""
    return _desde(linhas(conn, "transacoes"))


def usam(conn: psycopg.Connection[Any], leitores: bool = False) -> str:
    """Name the sessions that hold tables of the schema as writers do, or also as readers do."""
    return _desde(linhas(conn, "usam", leitores=leitores))


def _desde(sessoes: Iterable[tuple[int, str | None, str | None, datetime]]) -> str:
    """Name sessions, and since when their transactions are open."""
    return ", ".join(
        _processo(
            pid, quem, programa, t("since {hora}", hora=f"{inicio.astimezone():%H:%M:%S} {fuso()}")
        )
        for pid, quem, programa, inicio in sessoes
    )


def _processo(pid: int, *dele: str | None) -> str:
    """Name a session of the server by what may be known of it."""
    return t("process {pid} ({dele})", pid=pid, dele=", ".join(filter(None, dele)))


def existe(conn: psycopg.Connection[Any], tabela: str) -> bool:
    """Tell whether the search_path finds a table."""
    return bool(linhas(conn, "existe_tabela", tabela=tabela)[0][0])


def indexada(conn: psycopg.Connection[Any], indice: str) -> bool:
    """Tell whether the search_path finds an index, and finds it whole."""
    nome = sql.Identifier(indice).as_string(conn)
    return linhas(conn, "indice_valido", indice=nome) == [(True,)]


def linhas(conn: psycopg.Connection[Any], nome: str, **parametros: Any) -> list[Any]:
    """Return what a statement of consultas.sql answers, as tuples."""
    with psycopg.Cursor(conn, row_factory=tuple_row) as cursor:
        # Binary, as the questions are: times are read whatever the DateStyle.
        return cursor.execute(CONSULTAS[nome], parametros, binary=True).fetchall()


def _indexar(
    conn: psycopg.Connection[Any],
    indice: Indice,
    limite: int,
    feitos: list[sql.Identifier],
    andamento: Andamento,
) -> None:
    """Build an index without holding writers off, on each partition where there are some.

    _estoque_indexar_fontes then finds it, or adopts those of the partitions.
    """
    proprio, tabela, colunas, definicao = indice
    for nome, schema, propria, tamanho, resumo in linhas(conn, "folhas", tabela=tabela):
        if tamanho < limite:
            continue
        novo = proprio if propria else f"{proprio[:40]}_{resumo}"
        alvo = sql.Identifier(schema, novo)
        estado = linhas(conn, "indice_valido", indice=alvo.as_string(conn))
        if estado == [(True,)]:
            continue
        andamento.diga(
            t(
                "indexing {nome} ({colunas}) beside its writers",
                nome=nome,
                colunas=", ".join(colunas),
            )
        )
        if estado:  # left over from an attempt that was cut off
            conn.execute(sql.SQL("DROP INDEX CONCURRENTLY {}").format(alvo))
        if abertas := transacoes(conn):
            andamento.diga(
                t("that waits for the transactions open already: {abertas}", abertas=abertas)
            )
        feitos.append(alvo)
        conn.execute(
            sql.SQL("CREATE INDEX CONCURRENTLY {} ON {} {}").format(
                sql.Identifier(novo), sql.Identifier(schema, nome), sql.SQL(definicao)
            )
        )
