"""The installs of a database: which there are, who may use them, and how one is taken out."""

from __future__ import annotations

import contextlib
import sys
from dataclasses import dataclass
from typing import Annotated, Any

import click
import psycopg

from estoque_pg import manutencao, migracoes, tabela
from estoque_pg.cli.base import (
    Banco,
    avisar,
    com_banco,
    com_formato,
    com_json,
    contar,
    escrever,
    escrever_json,
    escrever_linhas,
    mostrar_andamento,
    tabular,
)
from estoque_pg.erros import CronAusente, ErroConexao, MigracoesPendentes, SemPermissao
from estoque_pg.idioma import t, tn
from estoque_pg.perguntas import internas
from estoque_pg.perguntas.internas import Cron
from estoque_pg.perguntas.linha import Coluna, Linha


@dataclass(frozen=True, slots=True)
class Instalacao(Linha):
    """An install of the database; `erro` says why it cannot be used as it is."""

    schema: Annotated[str | None, Coluna("schema")]
    versao: Annotated[str, Coluna("version")]
    em_dia: Annotated[bool, Coluna("up to date")]
    erro: Annotated[str | None, Coluna("error")]


@click.command("list")
@com_banco
@com_formato
def listar(banco: Banco, em_json: bool) -> None:
    """Name the installs of a database.

    \b
    Example:
      estoque list --dsn "dbname=erp"
    """
    with banco.conectar() as conn:
        schemas = [banco.schema] if banco.schema else migracoes.instalacoes(conn)
        estados = [e for e in (migracoes.estado(conn, s) for s in schemas) if e.instalado]
    linhas = [(e, migracoes.recusa(e)) for e in estados]
    if em_json:
        escrever_linhas(
            Instalacao,
            [
                Instalacao(
                    e.schema,
                    max((*e.aplicadas, *e.desconhecidas)),
                    e.em_dia,
                    erro.mensagem if erro else None,
                )
                for e, erro in linhas
            ],
        )
    elif linhas:
        tabular(
            [t("schema"), t("version"), t("state")],
            [
                [
                    e.schema,
                    max((*e.aplicadas, *e.desconhecidas)),
                    erro.mensagem if erro else t("up to date"),
                ]
                for e, erro in linhas
            ],
        )
    avisar(contar(len(linhas), "install"))


@click.command()
@click.option("--sim", is_flag=True, help="Do not ask.")
@com_banco
@com_json
def uninstall(banco: Banco, em_json: bool, sim: bool) -> None:
    """Remove everything of ours from a schema.

    Balances, forecasts, functions, triggers and indexes go; the source tables and their rows stay
    as they are, and so does the schema. Asks for the schema's name unless --sim is given.

    \b
    Example:
      estoque uninstall --schema empresa_b --sim
    """
    with banco.conectar() as conn:
        estado = migracoes.estado(conn, banco.schema)
        nome = estado.schema
        if nome is None or not (estado.instalado or estado.pela_metade):
            raise migracoes.recusa(estado) or MigracoesPendentes(t("nothing is installed"))
        if not sim:
            if not sys.stdin.isatty():
                raise click.UsageError(t("give --sim to uninstall without being asked"))
            pergunta = t("Type the schema's name ({nome}) to remove estoque_pg from it", nome=nome)
            if click.prompt(pergunta, err=True, default="", show_default=False) != nome:
                raise click.UsageError(t("that is not its name: nothing was removed"))
    with Banco(banco.dsn, nome).conectar() as conn:
        tarefa = None
        with contextlib.suppress(MigracoesPendentes):  # a version that had no job
            tarefa = manutencao.cron(conn, nome)
        desfeitas = migracoes.desfazer(banco.dsn, nome, avisar=mostrar_andamento)
        # Only now: what could not be removed keeps its job. One left behind fails every minute.
        if tarefa is not None:
            _tirar(conn, tarefa)
    if em_json:
        escrever_json({"schema": nome, "desfeitas": desfeitas})
    else:
        quais = ", ".join(desfeitas) or t("what an installation that was cut off had left")
        escrever(
            t(
                "removed from {nome}: {quais}; the schema and the source tables stay",
                nome=tabela.limpo(nome),
                quais=quais,
            )
        )


def _tirar(conn: psycopg.Connection[Any], tarefa: Cron) -> None:
    """Take the minute job out of pg_cron; where that cannot be, say that it may be left."""
    try:
        manutencao.tirar(conn, tarefa)
    except CronAusente:
        pass  # and so is the job
    except (SemPermissao, ErroConexao) as erro:
        avisar(
            t(
                'pg_cron may still have the job "{nome}": {mensagem}',
                nome=tabela.limpo(tarefa.nome),
                mensagem=tabela.limpo(erro.mensagem),
            )
        )


@click.command()
@click.argument("papel", metavar="ROLE")
@click.option("--leitura", is_flag=True, help="What a reading application needs.")
@click.option("--escrita", is_flag=True, help="What an application that writes the sources needs.")
@click.option("--backup", is_flag=True, help="What pg_dump of the schema needs.")
@com_banco
@com_json
def grant(
    papel: str, leitura: bool, escrita: bool, backup: bool, banco: Banco, em_json: bool
) -> None:
    """Give a role the rights an application needs, and no more.

    Prints the statements it runs, which are plain GRANTs.

    \b
    Example:
      estoque grant painel --leitura
      estoque grant copista --backup
    """
    if not (leitura or escrita or backup):
        raise click.UsageError(t("say what the role is to do: --leitura, --escrita, --backup"))
    with banco.api() as api:
        comandos = api.conceder(papel, leitura, escrita, backup)
    if em_json:
        escrever_json({"papel": papel, "comandos": comandos})
    else:
        for comando in comandos:
            escrever(f"{comando};")


@click.command()
@com_banco
@com_json
def vigiar(banco: Banco, em_json: bool) -> None:
    """Put back what is not as it was installed, triggers first of all.

    Needed after a partition was added to a source, after triggers were disabled, after the schema
    was renamed, and where `estoque status` names tables, keys, indexes, functions or rights. What
    was written past the triggers meanwhile is counted then, and so is a restored copy.

    \b
    Example:
      estoque vigiar
    """
    with banco.api() as api:
        # What cannot be asked yet is mended first; large tables can wait for another time then.
        faltam = not api.responder(internas.funcoes_perdidas()) and any(
            parte.tipo == "index" for parte in api.alterados()
        )
    if faltam:
        migracoes.reindexar(banco.dsn, banco.schema, avisar=mostrar_andamento)
    with banco.api() as api:
        repostos = api.vigiar()
    if em_json:
        escrever_json({"repostos": repostos})
    elif repostos:
        escrever(
            tn(
                "{n} trigger or part put back",
                "{n} triggers or parts put back",
                repostos,
                n=tabela.numero(repostos),
            )
        )
    else:
        escrever(t("everything is in place"))
