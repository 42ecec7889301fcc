"""The minute job in pg_cron, wherever that sits: what may need a second connection.

Connection and transaction are the caller's, and `schema` is meant, as with `APIEstoqueTempoReal`.
All functions raise `ErroEstoque`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg.conninfo import make_conninfo

from estoque_pg.api import responder
from estoque_pg.erros import CronAusente, ErroConexao, SemPermissao, traduzir
from estoque_pg.idioma import t
from estoque_pg.perguntas import internas
from estoque_pg.perguntas.internas import Cron
from estoque_pg.perguntas.linha import Linha


@dataclass(frozen=True, slots=True)
class Tarefa(Linha):
    """The minute job in pg_cron: its name there, and the database pg_cron sits in."""

    nome: str
    banco_do_cron: str


def agendar(conn: psycopg.Connection[Any], schema: str | None = None) -> Tarefa:
    """Put the minute job into pg_cron, every minute; doing it again makes it anew.

    Where pg_cron sits in another database of the server, this connects there with the same
    credentials. Raises CronAusente where there is none, SemPermissao without the rights.
    """
    tarefa = cron(conn, schema)
    try:
        responder(conn, internas.agendar(), schema)
        return Tarefa(tarefa.nome, tarefa.banco)
    except CronAusente as erro:
        with _alhures(conn, tarefa, erro) as outra:
            responder(outra, internas.cron_desagendar_alhures(tarefa.nome))
            responder(outra, internas.cron_agendar_alhures(tarefa))
            return Tarefa(tarefa.nome, outra.info.dbname)


def desagendar(conn: psycopg.Connection[Any], schema: str | None = None) -> bool:
    """Take the minute job out of pg_cron, wherever that sits; return whether it was there.

    Raises as `agendar` does.
    """
    tarefa = cron(conn, schema)
    try:
        return responder(conn, internas.desagendar(), schema)
    except CronAusente as erro:
        with _alhures(conn, tarefa, erro) as outra:
            return responder(outra, internas.cron_desagendar_alhures(tarefa.nome)) > 0


def cron(conn: psycopg.Connection[Any], schema: str | None = None) -> Cron:
    """Return what the minute job is called in pg_cron, for `tirar`."""
    return responder(conn, internas.cron(), schema)


def tirar(conn: psycopg.Connection[Any], tarefa: Cron) -> bool:
    """Take a job out of pg_cron when our own functions are gone; return whether it was there.

    Raises as `agendar` does.
    """
    if not responder(conn, internas.cron_ausente()):
        return responder(conn, internas.cron_desagendar_alhures(tarefa.nome)) > 0
    ausente = CronAusente(t('pg_cron is not in the database "{banco}"', banco=tarefa.banco))
    with _alhures(conn, tarefa, ausente) as outra:
        return responder(outra, internas.cron_desagendar_alhures(tarefa.nome)) > 0


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
            t(
                'cannot connect to the database "{banco}", where pg_cron sits: {mensagem}',
                banco=banco,
                mensagem=traduzir(erro).mensagem,
            ),
            dica=ausente.dica,
            sqlstate=erro.sqlstate,
        ) from erro
    with outra:
        if responder(outra, internas.cron_ausente()):
            raise CronAusente(
                t(
                    'pg_cron is neither in the database "{este}" nor in "{banco}"',
                    este=cron.banco,
                    banco=banco,
                ),
                dica=t(
                    "as superuser, with pg_cron in shared_preload_libraries, run there: CREATE "
                    "EXTENSION pg_cron; or let `estoque worker` do the job"
                ),
                sqlstate=ausente.sqlstate,
            ) from ausente
        try:
            yield outra
        except SemPermissao as erro:
            erro.dica = t(
                'as superuser, in the database "{banco}": {comandos}',
                banco=banco,
                comandos=f'GRANT USAGE ON SCHEMA cron TO "{info.user}"; GRANT EXECUTE ON FUNCTION'
                f' cron.schedule_in_database TO "{info.user}";',
            )
            raise
