"""The demo."""

from __future__ import annotations

from pathlib import Path

import click


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

    Starts the server, loads a year of an ERP, and lives one day of it.

    \b
    Example:
      estoque demo
    """
    from estoque_pg.demo import executar  # imports the server's machinery: only when asked for

    executar(pasta, semente)
