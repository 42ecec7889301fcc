"""Installing, migrating, and what is installed."""

from __future__ import annotations

import click

from estoque_pg import __version__, migracoes, tabela
from estoque_pg.cli.base import (
    Banco,
    avisar,
    com_banco,
    com_json,
    em_todos,
    escrever,
    escrever_json,
)


@click.command()
@click.option(
    "--tolerante",
    is_flag=True,
    help="Leave out source rows that cannot be counted, instead of refusing to install.",
)
@com_banco
@com_json
def install(banco: Banco, em_json: bool, tolerante: bool) -> None:
    """Install into a database, or bring it up to date.

    Creates the schema and the source tables that are missing, and adopts those that exist, with
    their data, while they are being written to. Running it again changes nothing.

    \b
    Example:
      estoque install --dsn "dbname=erp" --schema estoque
    """
    aplicadas = migracoes.instalar(banco.dsn, banco.schema, tolerante=tolerante, avisar=_andamento)
    _relatar_migracoes(banco, aplicadas, em_json)


@click.command()
@click.option("--todos", is_flag=True, help="Every install of the database, one by one.")
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

    def migrar(cada: Banco) -> dict[str, object]:
        aplicadas = migracoes.migrar(cada.dsn, cada.schema, avisar=_andamento)
        if not em_json:
            escrever(f"{tabela.limpo(cada.schema or '')}: {', '.join(aplicadas) or 'up to date'}")
        return {"aplicadas": aplicadas}

    em_todos(banco, migrar, em_json)


def _andamento(linha: str) -> None:
    """Show how far an installation is."""
    avisar("\n".join(map(tabela.limpo, linha.splitlines())))


def _relatar_migracoes(banco: Banco, aplicadas: list[str], em_json: bool) -> None:
    if em_json:
        escrever_json({"schema": banco.schema, "aplicadas": aplicadas})
        return
    for migracao in aplicadas:
        escrever(f"applied {migracao}")
    if not aplicadas:
        escrever("nothing to apply: the schema is up to date")


@click.command()
@com_banco
@com_json
def status(banco: Banco, em_json: bool) -> None:
    """Show what is installed.

    Read-only. Exit code 3 unless schema and package match.

    \b
    Example:
      estoque status --schema estoque
    """
    with banco.conectar() as conn:
        estado = migracoes.estado(conn, banco.schema)
        servidor = conn.info.parameter_status("server_version") or ""
        if em_json:
            escrever_json(
                {
                    "versao": __version__,
                    "servidor": servidor,
                    "banco": conn.info.dbname,
                    "schema": estado.schema,
                    "instalado": estado.instalado,
                    "em_dia": estado.em_dia,
                    "aplicadas": estado.aplicadas,
                    "pendentes": estado.pendentes,
                    "desconhecidas": estado.desconhecidas,
                    "alteradas": estado.alteradas,
                }
            )
        else:
            escrever(f"database  {conn.info.dbname} (PostgreSQL {servidor})")
            escrever(f"schema    {tabela.limpo(estado.schema or '(none)')}")
            escrever(f"package   estoque_pg {__version__}")
            for migracao in estado.aplicadas:
                nota = "  (THE FILE DIFFERS NOW)" if migracao in estado.alteradas else ""
                escrever(f"applied   {migracao}{nota}")
            for migracao in estado.pendentes:
                escrever(f"pending   {migracao}")
            for migracao in estado.desconhecidas:
                escrever(f"unknown   {migracao} (from a newer package)")
            if estado.em_dia:
                escrever("up to date")
    if (erro := migracoes.recusa(estado)) is not None:
        raise erro
