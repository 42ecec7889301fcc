"""Installing and migrating."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click
import psycopg

from estoque_pg import manutencao, migracoes
from estoque_pg.cli import tabela
from estoque_pg.cli.base import (
    Banco,
    Feito,
    avisar,
    com_banco,
    com_json,
    com_todos,
    em_todos,
    escrever,
    escrever_json,
)
from estoque_pg.erros import CronAusente, ErroConexao, SemPermissao


@click.command()
@click.option(
    "--tolerante",
    is_flag=True,
    help="Leave out source rows that cannot be counted, instead of refusing to install.",
)
@click.option("--sem-agendamento", is_flag=True, help="Leave the minute job unscheduled.")
@com_banco
@com_json
def install(banco: Banco, em_json: bool, tolerante: bool, sem_agendamento: bool) -> None:
    """Install into a database, or bring it up to date.

    Creates the schema and the source tables that are missing, and adopts those that exist, with
    their data, while they are being written to. Puts the minute job into pg_cron where that is
    there. Running it again changes nothing, the schedule included.

    \b
    Example:
      estoque install --dsn "dbname=erp" --schema estoque
    """
    with _interrompivel():
        aplicadas = migracoes.instalar(
            banco.dsn, banco.schema, tolerante=tolerante, avisar=_andamento
        )
    _relatar_migracoes(banco, aplicadas, em_json)
    if aplicadas and not sem_agendamento:  # later, it is the administrator's to say
        with banco.sessao() as conn:
            _agendar(conn, banco.schema)


@contextmanager
def _interrompivel() -> Iterator[None]:
    """Let a kill or a lost terminal end the work as Ctrl+C does: with its indexes taken away."""
    antes = {s: signal.getsignal(s) for s in (signal.SIGTERM, signal.SIGHUP)}
    for sinal, anterior in antes.items():
        if anterior is signal.SIG_DFL:  # under nohup it is ignored, and stays so
            signal.signal(sinal, signal.default_int_handler)
    try:
        yield
    finally:
        for sinal, anterior in antes.items():
            if anterior is signal.SIG_DFL:
                signal.signal(sinal, anterior)


def _agendar(conn: psycopg.Connection[Any], schema: str | None) -> None:
    """Schedule the minute job; where that cannot be, say so: nothing exact depends on it."""
    try:
        tarefa = manutencao.agendar(conn, schema)
    except (CronAusente, SemPermissao, ErroConexao) as erro:
        avisar(f"the minute job could not be put into pg_cron: {tabela.limpo(erro.mensagem)}")
        if erro.dica:
            avisar(f"hint: {tabela.limpo(erro.dica)}")
    else:
        avisar(f"minute job: scheduled in the pg_cron of database {tarefa.banco_do_cron}")


@click.command()
@com_todos
@com_banco
@com_json
def migrate(banco: Banco, em_json: bool, todos: bool) -> None:
    """Apply the pending migrations to an existing install.

    With --todos one that fails is reported and the others go on.

    \b
    Examples:
      estoque migrate --dsn "dbname=erp" --schema estoque
      estoque migrate --todos
    """
    if not todos:
        aplicadas = migracoes.migrar(banco.dsn, banco.schema, avisar=_andamento)
        _relatar_migracoes(banco, aplicadas, em_json)
        return

    def migrar(cada: Banco) -> Feito:
        aplicadas = migracoes.migrar(cada.dsn, cada.schema, avisar=_andamento)
        if not em_json:
            escrever(f"{tabela.limpo(cada.schema or '')}: {', '.join(aplicadas) or 'up to date'}")
        return {"aplicadas": aplicadas}, None

    em_todos(banco, migrar, em_json)


def _andamento(linha: str) -> None:
    """Show how far an installation is."""
    avisar("\n".join(map(tabela.limpo, linha.splitlines())))


def _relatar_migracoes(banco: Banco, aplicadas: list[str], em_json: bool) -> None:
    if em_json:
        with banco.conectar() as conn:
            schema = migracoes.estado(conn, banco.schema).schema
        escrever_json({"schema": schema, "aplicadas": aplicadas})
        return
    for migracao in aplicadas:
        escrever(f"applied {migracao}")
    if not aplicadas:
        escrever("nothing to apply: the schema is up to date")
