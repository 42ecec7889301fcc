"""Installing and migrating."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click
import psycopg

from estoque_pg import manutencao, migracoes, tabela
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
    mostrar_andamento,
)
from estoque_pg.erros import CronAusente, ErroConexao, SemPermissao
from estoque_pg.idioma import marcar, t
from estoque_pg.migracoes import Plano

_com_ensaio = click.option(
    "--dry-run",
    "ensaio",
    is_flag=True,
    help="Rehearse it, show what would be done and what is wrong, and change nothing.",
)


@click.command()
@click.option(
    "--tolerante",
    is_flag=True,
    help="Leave out source rows that cannot be counted, instead of refusing to install.",
)
@click.option("--sem-agendamento", is_flag=True, help="Leave the minute job unscheduled.")
@click.option(
    "--criar-schema",
    is_flag=True,
    help="Create the schema though the database has source tables in another.",
)
@_com_ensaio
@com_banco
@com_json
def install(
    banco: Banco,
    em_json: bool,
    tolerante: bool,
    sem_agendamento: bool,
    criar_schema: bool,
    ensaio: bool,
) -> None:
    """Install into a database, or bring it up to date.

    Creates the source tables that are missing, and adopts those that exist, with their data, while
    they are being written to. Puts the minute job into pg_cron where that is there. Running it
    again changes nothing, the schedule included.

    \b
    Examples:
      estoque install --dsn "dbname=erp" --schema estoque --dry-run
      estoque install --dsn "dbname=erp" --schema estoque
    """
    with _interrompivel():
        if ensaio:
            plano = migracoes.planejar_instalacao(
                banco.dsn,
                banco.schema,
                tolerante=tolerante,
                criar_schema=criar_schema,
                avisar=mostrar_andamento,
            )
            _relatar_plano(plano, em_json)
            return
        aplicadas = migracoes.instalar(
            banco.dsn,
            banco.schema,
            tolerante=tolerante,
            criar_schema=criar_schema,
            avisar=mostrar_andamento,
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
        avisar(
            t(
                "the minute job could not be put into pg_cron: {mensagem}",
                mensagem=tabela.limpo(erro.mensagem),
            )
        )
        if erro.dica:
            avisar(t("hint: {dica}", dica=tabela.limpo(erro.dica)))
    else:
        avisar(
            t(
                "minute job: scheduled in the pg_cron of database {banco_do_cron}",
                banco_do_cron=tarefa.banco_do_cron,
            )
        )


@click.command()
@com_todos
@_com_ensaio
@com_banco
@com_json
def migrate(banco: Banco, em_json: bool, todos: bool, ensaio: bool) -> None:
    """Apply the pending migrations to an existing install.

    With --todos one that fails is reported and the others go on.

    \b
    Examples:
      estoque migrate --dsn "dbname=erp" --schema estoque
      estoque migrate --todos
    """
    if not todos:
        if ensaio:
            plano = migracoes.planejar_migracao(banco.dsn, banco.schema, avisar=mostrar_andamento)
            _relatar_plano(plano, em_json)
            return
        aplicadas = migracoes.migrar(banco.dsn, banco.schema, avisar=mostrar_andamento)
        _relatar_migracoes(banco, aplicadas, em_json)
        return

    def migrar(cada: Banco) -> Feito:
        aplicadas = migracoes.migrar(cada.dsn, cada.schema, avisar=mostrar_andamento)
        if not em_json:
            feitas = ", ".join(aplicadas) or t("up to date")
            escrever(f"{tabela.limpo(cada.schema or '')}: {feitas}")
        return {"aplicadas": aplicadas}, None

    def planejar(cada: Banco) -> Feito:
        plano = migracoes.planejar_migracao(cada.dsn, cada.schema, avisar=mostrar_andamento)
        if not em_json:
            _mostrar_plano(plano)
        return plano.como_dict(), plano.erro

    em_todos(banco, planejar if ensaio else migrar, em_json)


def _relatar_plano(plano: Plano, em_json: bool) -> None:
    """Show what would be done; raise what it would fail with."""
    if em_json:
        escrever_json(plano.como_dict())
    else:
        _mostrar_plano(plano)
    if plano.erro is not None:
        raise plano.erro
    if plano.migracoes and not em_json:
        escrever(t("it would go through; nothing was changed"))


def _mostrar_plano(plano: Plano) -> None:
    nome = tabela.limpo(plano.schema)
    if plano.cria_schema:
        nome = t("{schema}, would be created", schema=nome)
    escrever(f"{t('schema'):<14} {nome}")
    if not plano.migracoes:
        escrever(t("nothing to apply: the schema is up to date"))
        return
    partes = [
        (t("would apply"), plano.migracoes),
        (t("would create"), plano.fontes_novas),
        (t("would adopt"), plano.fontes_adotadas),
        (t("would index"), plano.indices),
        (t("writers"), (t(_ESCRITORES[plano.escritores]),)),
    ]
    for titulo, nomes in partes:
        if nomes:
            escrever(f"{titulo:<14} {', '.join(map(tabela.limpo, nomes))}")


_ESCRITORES = {
    "go on": marcar("would go on"),
    "held off": marcar("would be held off while the results are counted"),
    "held off for moments": marcar("would be held off for moments: counted beside them"),
}


def _relatar_migracoes(banco: Banco, aplicadas: list[str], em_json: bool) -> None:
    if em_json:
        with banco.conectar() as conn:
            schema = migracoes.estado(conn, banco.schema).schema
        escrever_json({"schema": schema, "aplicadas": aplicadas})
        return
    for migracao in aplicadas:
        escrever(t("applied {migracao}", migracao=migracao))
    if not aplicadas:
        escrever(t("nothing to apply: the schema is up to date"))
