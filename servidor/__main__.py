"""`python -m servidor`: the durable server, from a shell or a Makefile."""

from __future__ import annotations

import os
from pathlib import Path

import click
from psycopg.conninfo import make_conninfo

from estoque_pg.cli.base import Grupo
from estoque_pg.idioma import t
from servidor.erros import ErroServidor
from servidor.pastas import PORTA, Ficha, apagar, pasta_padrao, trancada
from servidor.privado import Servidor
from servidor.processo import encerrar, pid_vivo

BANCO = "estoque_demo"  # the database that the demo fills

pasta = click.argument("pasta", metavar="[FOLDER]", type=click.Path(path_type=Path), required=False)


@click.group(cls=Grupo, context_settings={"help_option_names": ["-h", "--help"]})
def cli() -> None:
    """The private server of the project, or that of a FOLDER."""


@cli.command("parar")
@pasta
def cli_parar(pasta: Path | None) -> None:
    """Stop it; the data stay."""
    parado = _parar_duravel(pasta or pasta_padrao())
    click.echo(t("server stopped") if parado else t("no server is running"))


@cli.command("remover")
@pasta
def cli_remover(pasta: Path | None) -> None:
    """Stop it and remove it with its data."""
    base = pasta or pasta_padrao()
    if _remover_duravel(base):
        click.echo(t("{base} removed", base=base))
    else:
        click.echo(t("there is nothing to remove"))


@cli.command("onde")
@click.argument("banco", metavar="[DATABASE]", default=BANCO)
def cli_onde(banco: str) -> None:
    """Say where it listens, as --dsn takes it."""
    base = pasta_padrao()
    ficha = Ficha.ler(base) if _nossa(base) else None
    if ficha is None or pid_vivo(base / "dados") is None:
        raise ErroServidor(t("no server is running"), dica=t("`make demo` starts it"))
    click.echo(make_conninfo(host=ficha.socket, port=PORTA, user=Servidor.user, dbname=banco))


@cli.command("psql", context_settings={"ignore_unknown_options": True})
@click.argument("args", metavar="[DATABASE] [OPTIONS OF PSQL]", nargs=-1, type=click.UNPROCESSED)
def cli_psql(args: tuple[str, ...]) -> None:
    """Open psql in it, starting it where it is stopped."""
    banco, *opcoes = args if args and not args[0].startswith("-") else (BANCO, *args)
    *comando, alvo = Servidor(pasta_padrao(), duravel=True).iniciar().argv_psql(banco)
    os.execvp(comando[0], [*comando, *opcoes, alvo])


def _parar_duravel(base: Path) -> bool:
    if not _nossa(base):
        return False
    with trancada(base):
        return encerrar(base.resolve(), rapido=True)


def _remover_duravel(base: Path) -> bool:
    if not _nossa(base):
        if base.is_symlink():
            base.unlink()
        return False
    raiz = base.resolve()
    ficha = Ficha.ler(raiz)
    with trancada(raiz):
        encerrar(raiz, rapido=True)
        apagar(raiz, ficha.socket if ficha else "")
    if base.is_symlink():
        base.unlink()
    return True


def _nossa(base: Path) -> bool:
    """Tell whether there is a server's folder; one of somebody else's is refused, not removed."""
    try:
        if not base.exists():
            return False
        if not base.is_dir() or (any(base.iterdir()) and Ficha.ler(base) is None):
            raise ErroServidor(t("{base} was not made by estoque_pg, and is left alone", base=base))
    except PermissionError as erro:
        raise ErroServidor(
            t("{base} belongs to another user", base=base),
            dica=t("run this as that user, or as root"),
        ) from erro
    return True


if __name__ == "__main__":
    cli(prog_name="python -m servidor")
