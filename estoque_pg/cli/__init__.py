"""The command line: installs the schema, asks the questions, repairs and audits.

Data goes to stdout, everything else to stderr. Exit codes: 0 ok, 1 error, 2 wrong usage,
3 migrations pending or database newer, 4 divergence found or something to mend, 5 cannot connect.
"""

from __future__ import annotations

import click

from estoque_pg import __version__
from estoque_pg.cli import (
    acompanhar,
    avisos,
    demonstracao,
    grupo,
    incoerencias,
    instalacao,
    medicao,
    operacao,
    perguntas,
    planejamento,
    projecao,
    regra,
    schemas,
    servico,
    simples,
)
from estoque_pg.cli.base import Grupo
from estoque_pg.idioma import t


def _versao(contexto: click.Context, parametro: click.Parameter, pedida: bool) -> None:
    """Print it: click's own option would say so in the language of its import."""
    if pedida and not contexto.resilient_parsing:
        frase = t("%(prog)s, version %(version)s")
        click.echo(frase % {"prog": "estoque", "version": __version__})
        contexto.exit()


@click.group(cls=Grupo, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_versao,
    help="Show the version and exit.",
)
def cli() -> None:
    """Real-time stock on PostgreSQL: balances, forecasts and stock-outs.

    The database is --dsn, else DATABASE_URL, else libpq's PG* variables. `demo` shows it all
    on a private server.

    \b
    Completion of commands, options and product codes (or zsh_source, fish_source):
      eval "$(_ESTOQUE_COMPLETE=bash_source estoque)"

    \b
    Exit codes: 0 ok, 1 error, 2 wrong usage, 3 migrations pending or database newer,
                4 divergence found or something to mend, 5 cannot connect.
    """


_simples = simples.comandos()

# The help lists them in this order; naming one again leaves it in its place.
for _comando in (
    instalacao.install,
    instalacao.migrate,
    operacao.status,
    schemas.listar,
    schemas.uninstall,
    schemas.grant,
    schemas.vigiar,
    grupo.grupo,
    demonstracao.demo,
    perguntas.consultar,
    perguntas.produto,
    _simples["rupturas"],
    projecao.projecao,
    perguntas.disponibilidade,
    planejamento.explicar,
    planejamento.simular,
    planejamento.prometer,
    planejamento.abaixo_do_minimo,
    *_simples.values(),
    regra.regra,
    incoerencias.incoerencias,
    acompanhar.acompanhar,
    perguntas.recalcular,
    perguntas.verificar,
    operacao.fallback,
    operacao.worker,
    avisos.avisos,
    operacao.configurar,
    operacao.agendar,
    operacao.desagendar,
    servico.servir,
    medicao.bench,
):
    cli.add_command(_comando)


def main() -> None:
    """Run the command line."""
    cli(prog_name="estoque")
