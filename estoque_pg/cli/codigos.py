"""Product codes as arguments: one by one, from standard input, completed by the shell."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import click
import psycopg
from click.shell_completion import CompletionItem

from estoque_pg import tabela
from estoque_pg.cli.base import Banco, avisar
from estoque_pg.erros import ErroEstoque, ProdutoDesconhecido, citado
from estoque_pg.idioma import t, tn
from estoque_pg.perguntas import internas, saldos

F = TypeVar("F", bound=Callable[..., Any])

ENTRADA = "-"
_MOSTRADOS = 20  # unknown codes named in an error; the rest are counted


# -- arguments --------------------------------------------------------------------------------


def com_codigo(comando: F) -> F:
    """Add the argument CODIGO, one code."""
    return click.argument("codigo", shell_complete=completar)(comando)


def com_codigos(metavar: str) -> Callable[[F], F]:
    """Add the argument `codigos`, any number of codes; `-` stands for standard input."""
    return click.argument(
        "codigos", nargs=-1, metavar=metavar, callback=_expandir, shell_complete=completar
    )


def _expandir(
    contexto: click.Context, parametro: click.Parameter, valores: tuple[str, ...]
) -> tuple[str, ...]:
    if contexto.resilient_parsing or ENTRADA not in valores:
        return valores
    lidos = ler_entrada()
    if not lidos:
        raise click.UsageError(t("standard input holds no code"))
    onde = valores.index(ENTRADA)
    resto = (v for v in valores[onde + 1 :] if v != ENTRADA)
    return (*valores[:onde], *lidos, *resto)


def ler_entrada() -> list[str]:
    """Read codes from standard input, one per line, as they are; empty lines go.

    Nothing else separates, and nothing is cut off: a code may begin or end with blanks.
    """
    if sys.stdin.isatty():
        avisar(t("codes, one per line; end with Ctrl-D"))
    dados = sys.stdin.buffer.read()
    try:
        texto = dados.decode("utf-8-sig")  # spreadsheets begin their text with a mark
    except UnicodeDecodeError as erro:
        linha = dados.count(b"\n", 0, erro.start) + 1
        raise ErroEstoque(
            t("line {linha} of standard input is not UTF-8 text", linha=linha),
            dica=t("save or convert it as UTF-8"),
        ) from erro
    # Not splitlines(): that also splits at signs which a code may hold.
    linhas = texto.replace("\r", "\n").split("\n")
    return [codigo for codigo in linhas if codigo.strip()]


def exigir(codigos: Sequence[str], achados: set[str]) -> None:
    """Fail when some code is not among those found, naming it."""
    if faltam := [c for c in dict.fromkeys(codigos) if c not in achados]:
        raise desconhecido(faltam)


def desconhecido(faltam: Sequence[str]) -> ProdutoDesconhecido:
    """Return the error that names the codes which nothing knows."""
    nomes = ", ".join(map(citado, faltam[:_MOSTRADOS]))
    if len(faltam) > _MOSTRADOS:
        nomes = t("{nomes} and {n} more", nomes=nomes, n=tabela.numero(len(faltam) - _MOSTRADOS))
    # A whole line of a file, or a list pasted as one argument.
    juntos = any(sinal in c for c in faltam for sinal in ",;\t")
    return ProdutoDesconhecido(
        tn("unknown product: {nomes}", "unknown products: {nomes}", len(faltam), nomes=nomes),
        dica=t("codes are separate arguments, or lines of standard input") if juntos else None,
    )


# -- completion -------------------------------------------------------------------------------


def completar(
    contexto: click.Context, parametro: click.Parameter, incompleto: str
) -> list[CompletionItem]:
    """Offer the known codes that begin so, with their names where the shell shows them.

    Whatever goes wrong, it offers nothing and says nothing: somebody is typing.
    """
    dsn = contexto.params.get("dsn")
    banco = Banco(
        os.environ.get("DATABASE_URL", "") if dsn is None else dsn, contexto.params.get("schema")
    )
    try:
        with banco.conectar(paciencia=2) as conn, conn.transaction():
            banco.responder(conn, internas.limitar(1000))
            conhecidos = banco.responder(conn, saldos.completar(incompleto))
    except (ErroEstoque, psycopg.Error):
        return []
    return [
        CompletionItem(
            _na_linha(c.codigo), help=tabela.limpo(c.nome_produto) if c.nome_produto else None
        )
        for c in conhecidos
        if c.codigo.isprintable()
    ]


def _na_linha(codigo: str) -> str:
    """Write a code as the command line takes it: bash, unlike the others, leaves that to us."""
    no_bash = os.environ.get("_ESTOQUE_COMPLETE", "").startswith("bash")
    return shlex.quote(codigo) if no_bash else codigo
