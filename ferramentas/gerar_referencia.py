"""Writes what the documents say of every command, method and endpoint, from these themselves.

docs/comandos.md is the help of each command; the tables of docs/python.md and docs/http.md stand
between two marks there. `make reference` runs it; with --conferir it only says whether the pages
are up to date.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from estoque_pg import APIEstoqueTempoReal
from estoque_pg.cli import cli
from estoque_pg.http import criar_aplicacao
from estoque_pg.http.rotas import BASE
from estoque_pg.metodos import perguntas_com_metodo

DOCS = Path(__file__).resolve().parent.parent / "docs"
COMECO, FIM = "<!-- written by `make reference` -->\n", "<!-- up to here -->\n"
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
the JSON has a list; of `simular` its products. Both are UTF-8. `--json` is short for
`--formato json`.

Two more are spreadsheets, with titles and sentences in the language of people. `planilha` is CSV as
Brazilian Excel opens it: semicolons, decimal commas, dd/mm/aaaa, and a text that Excel would change
(0123, MAR5, =1+1) as the formula `="0123"`. `xlsx` is a workbook with real numbers and dates, a
header that stays and a filter (`estoque rupturas --formato xlsx > rupturas.xlsx`); it needs the
extra `xlsx`: `pip install 'estoque-pg[xlsx]'`. What is a list in the JSON is words in one cell.

What people read is Portuguese where `ESTOQUE_IDIOMA`, or else the locale (`LANGUAGE`, `LC_ALL`,
`LC_MESSAGES`, `LANG`), says `pt`: `ESTOQUE_IDIOMA=pt_BR estoque rupturas --help`. Data are the same
in every language.

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


def metodos() -> str:
    """The methods that answer with rows and values, for docs/python.md."""
    linhas = ["| method | answers with | |", "|---|---|---|"]
    for nome, perguntar in perguntas_com_metodo().items():
        if nome.startswith(("consultar_", "get_")):
            continue
        assinatura = inspect.signature(getattr(APIEstoqueTempoReal, nome))
        parametros = ", ".join(
            p.name if p.default is p.empty else f"{p.name}={p.default}"
            for p in list(assinatura.parameters.values())[1:]
        )
        resposta = f"`{assinatura.return_annotation}`".replace(" | None`", "` or `None`")
        resumo = (perguntar.__doc__ or "").partition("\n")[0]
        linhas.append(f"| `{nome}({parametros})` | {resposta} | {resumo} |")
    return "\n".join(linhas) + "\n"


def enderecos() -> str:
    """The endpoints, for docs/http.md."""
    linhas = ["| endpoint | answers |", "|---|---|"]
    for caminho, metodos_dele in criar_aplicacao("").openapi()["paths"].items():
        for metodo, operacao in metodos_dele.items():
            consulta = "&".join(
                f"{p['name']}={_exemplo(p)}"
                for p in operacao.get("parameters", [])
                if p["in"] == "query" and p["name"] != "formato"  # which nearly all have
            )
            endereco = f"{metodo.upper()} {caminho}" + (f"?{consulta}" if consulta else "")
            resumo = operacao["description"].rstrip(".")
            if "404" in operacao["responses"]:
                de_grupo = caminho.startswith(f"{BASE}/grupos/")
                resumo += "; 404 for " + ("a group not served" if de_grupo else "an unknown code")
            linhas.append(f"| `{endereco}` | {resumo} |")
    return "\n".join(linhas) + "\n"


def _exemplo(parametro: dict[str, Any]) -> object:
    if parametro["schema"].get("type") == "array":
        return "P001"
    return parametro["schema"].get("default", parametro.get("example", 10))


def entre_as_marcas(pagina: Path, tabela: str) -> str:
    """The page with the table in its place."""
    antes, _, resto = pagina.read_text(encoding="utf-8").partition(COMECO)
    _, _, depois = resto.partition(FIM)
    return f"{antes}{COMECO}\n{tabela}\n{FIM}{depois}"


def paginas() -> dict[Path, str]:
    """Each page, as it should be."""
    python, http = DOCS / "python.md", DOCS / "http.md"
    return {
        DOCS / "comandos.md": texto(),
        python: entre_as_marcas(python, metodos()),
        http: entre_as_marcas(http, enderecos()),
    }


def main() -> None:
    """Writes the pages; with --conferir says whether they are up to date."""
    for pagina, conteudo in paginas().items():
        if "--conferir" not in sys.argv[1:]:
            pagina.write_text(conteudo, encoding="utf-8")
        elif not pagina.exists() or pagina.read_text(encoding="utf-8") != conteudo:
            sys.exit(f"docs/{pagina.name} is not what the code says: run `make reference`")


if __name__ == "__main__":
    main()
