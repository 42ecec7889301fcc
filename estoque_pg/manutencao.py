"""The minute job from Python: run it, set it, put it into pg_cron, wherever that sits.

Connection and transaction are the caller's, as with `APIEstoqueTempoReal`; serialization failures
and deadlocks are retried on an idle autocommit connection. All functions raise `ErroEstoque`.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

import psycopg
from psycopg.conninfo import make_conninfo
from psycopg.rows import class_row, scalar_row

from estoque_pg.consultas import CONSULTAS
from estoque_pg.erros import (
    CronAusente,
    ErroConexao,
    ErroSerializacao,
    SemPermissao,
    traduzindo,
    traduzir,
)
from estoque_pg.linhas import Linha
from estoque_pg.repeticao import Repeticao, livre

L = TypeVar("L", bound=Linha)


@dataclass(frozen=True, slots=True)
class Conferencia(Linha):
    """What a run of the fallback did: products compared, and of those corrected and failed."""

    processados: int
    corrigidos: int
    falhas: int


@dataclass(frozen=True, slots=True)
class Execucao(Linha):
    """A run of the minute job; `virados` products were turned to today, `motor` drove it."""

    id: int
    inicio: datetime
    fim: datetime
    processados: int
    corrigidos: int
    falhas: int
    virados: int
    motor: str


@dataclass(frozen=True, slots=True)
class Ajuste(Linha):
    """The settings of the minute job: products a run, and its time in seconds."""

    lote: int
    orcamento: float


@dataclass(frozen=True, slots=True)
class Tarefa(Linha):
    """The minute job in pg_cron: its name there, and the database pg_cron sits in."""

    nome: str
    banco_do_cron: str


@dataclass(frozen=True, slots=True)
class Cron(Linha):
    """The minute job as pg_cron knows it; `banco_do_cron` is None where this role may not know."""

    nome: str
    horario: str
    comando: str
    banco: str
    banco_do_cron: str | None


def fallback(conn: psycopg.Connection[Any], lote: int = 10) -> Conferencia:
    """Compare the `lote` products longest not looked at with the sources, and mend them.

    Zeros while another run is under way, and on a standby. Raises ArgumentoInvalido for a `lote`
    below 1.
    """
    return _linhas(conn, Conferencia, "fallback", lote=lote)[0]


def minuto(conn: psycopg.Connection[Any]) -> Execucao | None:
    """Run the minute job; None while another run is under way, and on a standby."""
    linhas = _linhas(conn, Execucao, "minuto")
    return linhas[0] if linhas else None


def configurar(
    conn: psycopg.Connection[Any], lote: int | None = None, orcamento: float | None = None
) -> Ajuste:
    """Set what is given of `lote` (products) and `orcamento` (seconds); return the settings.

    Raises ArgumentoInvalido for what is not positive.
    """
    return _linhas(conn, Ajuste, "configurar", lote=lote, orcamento=orcamento)[0]


def agendar(conn: psycopg.Connection[Any]) -> Tarefa:
    """Put the minute job into pg_cron, every minute; doing it again makes it anew.

    Where pg_cron sits in another database of the server, this connects there with the same
    credentials. Raises CronAusente where there is none, SemPermissao without the rights.
    """
    tarefa = cron(conn)
    try:
        _escalar(conn, "agendar")
        return Tarefa(tarefa.nome, tarefa.banco)
    except CronAusente as erro:
        with _alhures(conn, tarefa, erro) as outra:
            _escalar(outra, "cron_desagendar_alhures", nome=tarefa.nome)
            _escalar(
                outra,
                "cron_agendar_alhures",
                nome=tarefa.nome,
                horario=tarefa.horario,
                comando=tarefa.comando,
                banco=tarefa.banco,
            )
            return Tarefa(tarefa.nome, outra.info.dbname)


def desagendar(conn: psycopg.Connection[Any]) -> bool:
    """Take the minute job out of pg_cron, wherever that sits; return whether it was there.

    Raises as `agendar` does.
    """
    tarefa = cron(conn)
    try:
        return bool(_escalar(conn, "desagendar"))
    except CronAusente as erro:
        with _alhures(conn, tarefa, erro) as outra:
            return bool(_escalar(outra, "cron_desagendar_alhures", nome=tarefa.nome))


def cron(conn: psycopg.Connection[Any]) -> Cron:
    """Return what the minute job is called in pg_cron, for `tirar`."""
    return _linhas(conn, Cron, "cron")[0]


def tirar(conn: psycopg.Connection[Any], tarefa: Cron) -> bool:
    """Take a job out of pg_cron when our own functions are gone; return whether it was there.

    Raises as `agendar` does.
    """
    if not _escalar(conn, "cron_ausente"):
        return bool(_escalar(conn, "cron_desagendar_alhures", nome=tarefa.nome))
    ausente = CronAusente(f'pg_cron is not in the database "{tarefa.banco}"')
    with _alhures(conn, tarefa, ausente) as outra:
        return bool(_escalar(outra, "cron_desagendar_alhures", nome=tarefa.nome))


# -- inside -------------------------------------------------------------------------------------


@contextmanager
def _alhures(
    conn: psycopg.Connection[Any], cron: Cron, ausente: CronAusente
) -> Iterator[psycopg.Connection[Any]]:
    """Open a transaction in the database of pg_cron; raise `ausente` where there is none."""
    banco = cron.banco_do_cron or "postgres"  # pg_cron's own default
    info = conn.info
    try:
        outra = psycopg.connect(
            make_conninfo(**info.get_parameters() | {"dbname": banco}), password=info.password
        )
    except psycopg.Error as erro:
        raise ErroConexao(
            f'cannot connect to the database "{banco}", where pg_cron sits:'
            f" {traduzir(erro).mensagem}",
            dica=ausente.dica,
            sqlstate=erro.sqlstate,
        ) from erro
    with outra:
        if _escalar(outra, "cron_ausente"):
            raise CronAusente(
                f'pg_cron is neither in the database "{cron.banco}" nor in "{banco}"',
                dica="as superuser, with pg_cron in shared_preload_libraries, run there:"
                " CREATE EXTENSION pg_cron; or let `estoque worker` do the job",
                sqlstate=ausente.sqlstate,
            ) from ausente
        try:
            yield outra
        except SemPermissao as erro:
            erro.dica = (
                f'as superuser, in the database "{banco}": GRANT USAGE ON SCHEMA cron TO'
                f' "{info.user}"; GRANT EXECUTE ON FUNCTION cron.schedule_in_database TO'
                f' "{info.user}";'
            )
            raise


def _linhas(
    conn: psycopg.Connection[Any], classe: type[L], nome: str, **parametros: Any
) -> list[L]:
    repeticao = Repeticao(livre(conn))
    while True:
        try:
            with traduzindo(), psycopg.Cursor(conn, row_factory=class_row(classe)) as cursor:
                return cursor.execute(CONSULTAS[nome], parametros).fetchall()
        except ErroSerializacao as erro:
            time.sleep(repeticao.espera(erro))


def _escalar(conn: psycopg.Connection[Any], consulta: str, /, **parametros: Any) -> Any:
    with traduzindo(), psycopg.Cursor(conn, row_factory=scalar_row) as cursor:
        return cursor.execute(CONSULTAS[consulta], parametros).fetchone()
