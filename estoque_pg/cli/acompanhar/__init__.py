"""`acompanhar`: a screen that follows the stock as it changes.

`observador` asks, `tela` draws: the questions are asked by a thread, so that keys are answered at
once even while the database is away or a lock holds the question up.
"""

from __future__ import annotations

import os
import sys

import click

from estoque_pg.cli.acompanhar.observador import Alvo, Observador
from estoque_pg.cli.acompanhar.tela import colunas_da_lista, mostrar
from estoque_pg.cli.base import Banco, avisar, com_banco, escrever, tabular
from estoque_pg.cli.codigos import com_codigos, exigir
from estoque_pg.idioma import t
from estoque_pg.perguntas.argumentos import MAX_DIAS


@click.command()
@com_codigos("[CODIGO]...")
@click.option(
    "--dias",
    type=click.IntRange(0, MAX_DIAS),
    metavar="N",
    help="How many days to look ahead for ruptures.  [default: 7]",
)
@com_banco
def acompanhar(codigos: tuple[str, ...], dias: int | None, banco: Banco) -> None:
    """Follow the stock on a screen, as data change.

    The products that run out soon or, where codes are given, those products. What the last
    change touched is bold. Arrows and page keys move, Enter opens a product with its documents,
    / filters, ? names all keys; q or Ctrl-C ends it. It asks once a second, and survives a
    restart of the database. Where the output is no terminal, it prints the state once.

    \b
    Examples:
      estoque acompanhar
      estoque acompanhar --dias 14
      estoque acompanhar P001 P002
    """
    if codigos and dias is not None:
        raise click.UsageError(t("--dias is for ruptures: give it, or codes, not both"))
    alvo = Alvo(tuple(dict.fromkeys(codigos)), 7 if dias is None else dias)
    # The first question is asked before the screen opens: what is wrong is a line, as ever.
    with banco.conectar() as conn, banco.explicando(conn):
        primeira = banco.responder(conn, alvo.perguntar())
    exigir(codigos, {s.codigo_consultado for s in primeira if s.cod_produto is not None})
    if not sys.stdout.isatty() or not _teclado():
        if primeira:
            tabular(*colunas_da_lista(primeira, set()))
        else:
            escrever(alvo.nada)
        avisar(t("shown once: this is not a terminal"))
        return
    observador = Observador(banco, alvo, primeira)
    observador.start()
    try:
        mostrar(observador)
    finally:
        observador.parar()


def _teclado() -> bool:
    """See to it that keys can be read, also where the codes came through standard input."""
    if sys.stdin.isatty():
        return True
    try:
        terminal = os.open("/dev/tty", os.O_RDWR)
    except OSError:
        return False
    os.dup2(terminal, 0)
    os.close(terminal)
    return True
