"""The demo, which stands beside the package in a checkout and is no part of what is installed."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import click

from estoque_pg.erros import ErroEstoque
from estoque_pg.idioma import t

CHECKOUT = Path(__file__).resolve().parent.parent.parent
# Beside an installed package other people's `demo` and `servidor` may stand: files that are ours.
NOSSOS = ("demo/roteiro.py", "servidor/privado.py")


@click.command()
@click.option(
    "--pasta",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Folder of the private server; else one in the project.",
)
@click.option(
    "--semente", type=int, default=42, show_default=True, metavar="N", help="Seed of the data."
)
def demo(pasta: Path | None, semente: int) -> None:
    """Show it all on a private server.

    Starts the server, loads a year of an ERP, and lives one day of it. Runs in a checkout of
    the repository, where `make demo` prepares all it needs.

    \b
    Example:
      estoque demo
    """
    if not all((CHECKOUT / nome).is_file() for nome in NOSSOS):
        raise ErroEstoque(
            t("the demo is not part of the installed package"),
            dica=t("it lives in the repository: run `make demo` in a checkout of it"),
        )
    sys.path.insert(0, str(CHECKOUT))  # before a `demo` that the current folder may have
    importlib.import_module("demo").executar(pasta, semente)
