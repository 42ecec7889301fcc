"""Installing and migrating."""

from __future__ import annotations

import click

from estoque_pg import migracoes
from estoque_pg.cli.base import Banco, com_banco, com_json, escrever, escrever_json


@click.command()
@com_banco
@com_json
def install(banco: Banco, em_json: bool) -> None:
    """Install into a database, or bring it up to date.

    Creates the schema and the source tables that are missing, and adopts those that exist.
    Running it again changes nothing.

    \b
    Example:
      estoque install --dsn "dbname=erp" --schema estoque
    """
    _relatar_migracoes(banco, migracoes.instalar(banco.dsn, banco.schema), em_json)


@click.command()
@com_banco
@com_json
def migrate(banco: Banco, em_json: bool) -> None:
    """Apply the pending migrations to an existing install.

    \b
    Example:
      estoque migrate --dsn "dbname=erp" --schema estoque
    """
    _relatar_migracoes(banco, migracoes.migrar(banco.dsn, banco.schema), em_json)


def _relatar_migracoes(banco: Banco, aplicadas: list[str], em_json: bool) -> None:
    if em_json:
        escrever_json({"schema": banco.schema, "aplicadas": aplicadas})
        return
    for migracao in aplicadas:
        escrever(f"applied {migracao}")
    if not aplicadas:
        escrever("nothing to apply: the schema is up to date")
