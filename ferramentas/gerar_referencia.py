"""Writes docs/comandos.md: the help of every command, as the command itself prints it.

`make reference` runs it. With --conferir it only says whether the page is up to date.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import click

from estoque_pg.cli import cli

DESTINO = Path(__file__).resolve().parent.parent / "docs" / "comandos.md"
LARGURA = 88
CABECALHO = """\
# The command line

Generated from the help of the commands by `make reference`; edit the help.

The database is `--dsn`, else the environment variable `DATABASE_URL`, else libpq's own `PG*`
variables. Data go to standard output; notices, counts and errors go to standard error. An error is
one line, often with a hint. Colours, charts and shortened names appear on a terminal only: a pipe
gets plain text and every character.

`--formato` chooses how data are printed. `tabela`, the default, is for people: numbers and dates as
in Brazil. `json` has numbers as numbers and ISO dates. `csv` has a header row with the keys of the
JSON, quotes as in RFC 4180, a plain decimal point, ISO dates, nothing for NULL, and JSON text where
the JSON has a list. Both are UTF-8. `--json` is short for `--formato json`.

| exit code | meaning |
|---|---|
| 0 | ok |
| 1 | error, an unknown product code among them |
| 2 | wrong usage |
| 3 | migrations are pending, or the database is newer than the package |
| 4 | the audit found a divergence, or the status something to mend |
| 5 | cannot connect |

The shell completes commands, options and product codes after one of these, best put into its
start-up file. The codes come from the database that the line or the environment names.

| shell | line |
|---|---|
| bash (4.4 or later) | `eval "$(_ESTOQUE_COMPLETE=bash_source estoque)"` |
| zsh | `eval "$(_ESTOQUE_COMPLETE=zsh_source estoque)"` |
| fish | `_ESTOQUE_COMPLETE=fish_source estoque \\| source` |
"""


def comandos(grupo: click.Group, pai: click.Context) -> Iterator[tuple[str, str]]:
    """Each command's full name and help, in the order of the help; groups with their commands."""
    for nome in grupo.list_commands(pai):
        comando = grupo.commands[nome]
        contexto = click.Context(comando, info_name=nome, parent=pai, terminal_width=LARGURA)
        yield contexto.command_path, comando.get_help(contexto)
        if isinstance(comando, click.Group):
            yield from comandos(comando, contexto)


def texto() -> str:
    """The whole page."""
    raiz = click.Context(cli, info_name="estoque", terminal_width=LARGURA, **cli.context_settings)
    partes = [CABECALHO]
    for nome, ajuda in [("estoque", cli.get_help(raiz)), *comandos(cli, raiz)]:
        partes.append(f"\n## {nome}\n\n```text\n{ajuda.strip()}\n```\n")
    return "".join(partes)


def main() -> None:
    """Writes the page; with --conferir says whether it is up to date."""
    if "--conferir" not in sys.argv[1:]:
        DESTINO.write_text(texto(), encoding="utf-8")
    elif not DESTINO.exists() or DESTINO.read_text(encoding="utf-8") != texto():
        sys.exit("docs/comandos.md differs from the help: run `make reference`")


if __name__ == "__main__":
    main()
