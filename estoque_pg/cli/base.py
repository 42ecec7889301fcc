"""What all commands share: errors as a line and an exit code, output, the database options."""

from __future__ import annotations

import functools
import json
import os
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, TypeVar

import click
import psycopg
from psycopg import sql

from estoque_pg import migracoes, tabela
from estoque_pg.api import APIEstoqueTempoReal
from estoque_pg.consultas import CONSULTAS
from estoque_pg.erros import ErroConexao, ErroEstoque, MigracoesPendentes, traduzindo, traduzir
from estoque_pg.tabela import Marcado

F = TypeVar("F", bound=Callable[..., Any])


# -- errors -----------------------------------------------------------------------------------


def relatar(erro: ErroEstoque) -> None:
    """Print one line and the hint, to stderr."""
    vermelho = tabela.colorir("error:", tabela.VERMELHO, colorido(sys.stderr))
    linhas = [f"{vermelho} {tabela.limpo(erro.mensagem)}"]
    # Misfits, keys and the like: the server gives them line by line.
    linhas += [f"  {tabela.limpo(linha)}" for linha in (erro.detalhe or "").splitlines()]
    if erro.dica:
        linhas.append(f"hint: {tabela.limpo(erro.dica)}")
    escrever("\n".join(linhas), sys.stderr)


class Grupo(click.Group):
    """The command group: turns errors into a line and an exit code, survives a closed pipe."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)  # as they are written below, not by the alphabet

    def invoke(self, ctx: click.Context) -> Any:
        try:
            resultado = super().invoke(ctx)
            sys.stdout.flush()
            return resultado
        except (ErroEstoque, psycopg.Error) as erro:
            nosso = traduzir(erro) if isinstance(erro, psycopg.Error) else erro
            sys.stdout.flush()  # what was found comes before what went wrong
            relatar(nosso)
            ctx.exit(nosso.saida)
        except OSError as erro:
            # Whatever is left to print has nowhere to go: nothing may be flushed there again.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            if isinstance(erro, BrokenPipeError):  # the reader (head, less) has what it wanted
                ctx.exit(0)
            relatar(ErroEstoque(f"cannot write the output: {erro.strerror or erro}"))
            ctx.exit(1)


# -- output -----------------------------------------------------------------------------------


def colorido(saida: Any) -> bool:
    return bool(
        saida.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    )


def escrever(texto: str, saida: Any = None) -> None:
    saida = saida or sys.stdout
    try:
        texto.encode(saida.encoding or "utf-8")
    except UnicodeEncodeError:
        codificacao = saida.encoding or "ascii"
        texto = texto.translate(tabela.ASCII).encode(codificacao, "replace").decode(codificacao)
    saida.write(texto + "\n")


def avisar(texto: str) -> None:
    escrever(texto, sys.stderr)


def escrever_json(objeto: Any) -> None:
    escrever(json.dumps(objeto, ensure_ascii=False, indent=2))


def largura() -> int | None:
    """Return the width to fit tables into; none when nobody looks."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def contar(n: int, nome: str) -> str:
    return f"{tabela.numero(n)} {nome}{'' if n == 1 else 's'}"


def tabular(colunas: list[str], linhas: list[list[object]]) -> None:
    escrever(tabela.tabela(colunas, linhas, colorido(sys.stdout), largura()))


def saldo(valor: Decimal) -> object:
    return Marcado(valor) if valor < 0 else valor


# -- the database -----------------------------------------------------------------------------


@dataclass(frozen=True)
class Banco:
    """Where to work: what --dsn and --schema say."""

    dsn: str
    schema: str | None

    @contextmanager
    def conectar(self) -> Iterator[psycopg.Connection[Any]]:
        """Open an autocommit connection whose search_path finds the schema."""
        try:
            conn = psycopg.connect(
                self.dsn,
                autocommit=True,
                client_encoding="utf8",
                fallback_application_name="estoque",
                **({} if "PGCONNECT_TIMEOUT" in os.environ else self._paciencia()),
            )
        except psycopg.Error as erro:
            raise ErroConexao(traduzir(erro).mensagem, sqlstate=erro.sqlstate) from erro
        with conn:
            if self.schema is not None:
                caminho = sql.Identifier(self.schema).as_string(conn) + ", pg_temp"
                conn.execute(CONSULTAS["search_path"], {"caminho": caminho})
            yield conn

    def _paciencia(self) -> dict[str, Any]:
        limite = psycopg.conninfo.conninfo_to_dict(self.dsn).get("connect_timeout", 10)
        return {"connect_timeout": limite}

    @contextmanager
    def sessao(self) -> Iterator[psycopg.Connection[Any]]:
        """Open a connection; where our functions are missing, say what the schema lacks."""
        with self.conectar() as conn:
            try:
                with traduzindo():
                    yield conn
            except MigracoesPendentes as erro:
                estado = migracoes.estado(conn, self.schema)
                raise (migracoes.recusa(estado) or erro) from erro

    @contextmanager
    def api(self) -> Iterator[APIEstoqueTempoReal]:
        """Open the API on a connection of its own."""
        with self.sessao() as conn:
            yield APIEstoqueTempoReal(conn)


Feito = tuple[dict[str, object], ErroEstoque | None]


def em_todos(banco: Banco, acao: Callable[[Banco], Feito], em_json: bool) -> None:
    """Do something to every install of the database; one that fails does not stop the others.

    The action gives what to print as JSON for its install, and the error it has to report, if it
    did not raise it. Ends with the exit code of the first that failed.
    """
    if banco.schema is not None:
        raise click.UsageError("--todos takes every schema: leave out --schema")
    with banco.conectar() as conn:
        schemas = migracoes.instalacoes(conn)
        if not schemas:
            raise MigracoesPendentes(f"nothing is installed in database {conn.info.dbname}")
    feitos: list[dict[str, object]] = []
    saida = 0
    for schema in schemas:
        feito: dict[str, object] = {}
        try:
            feito, falha = acao(Banco(banco.dsn, schema))
        except (ErroEstoque, psycopg.Error) as erro:
            falha = traduzir(erro) if isinstance(erro, psycopg.Error) else erro
        if falha is not None:
            saida = saida or falha.saida
            feito["erro"] = falha.mensagem
            if not em_json:
                falha.mensagem = f"{schema}: {falha.mensagem}"
                relatar(falha)
        feitos.append({"schema": schema, **feito})
    if em_json:
        escrever_json(feitos)
    if saida:
        click.get_current_context().exit(saida)


com_todos = click.option("--todos", is_flag=True, help="Every install of the database, one by one.")


def com_banco(comando: F) -> F:
    """Add --dsn and --schema; the command gets one `banco` for both."""

    @click.option(
        "--dsn",
        metavar="DSN",
        help="Database, as a libpq string or URI. Else DATABASE_URL, else the PG* variables.",
    )
    @click.option(
        "--schema", metavar="NAME", help="Schema of the install; else the current schema."
    )
    @functools.wraps(comando)
    def com_banco(*args: Any, dsn: str | None, schema: str | None, **kwargs: Any) -> Any:
        if dsn is None:
            dsn = os.environ.get("DATABASE_URL", "")
        if schema == "":
            raise click.BadParameter("a schema has a name", param_hint="'--schema'")
        return comando(*args, banco=Banco(dsn, schema), **kwargs)

    return com_banco  # type: ignore[return-value]


com_json = click.option("--json", "em_json", is_flag=True, help="Print JSON.")


def com_dias(padrao: int) -> Callable[[F], F]:
    return click.option(
        "--dias",
        type=click.IntRange(0, 36500),
        default=padrao,
        show_default=True,
        metavar="N",
        help="How many days to look ahead.",
    )


def ler_quantidade(contexto: click.Context, parametro: click.Parameter, texto: str) -> Decimal:
    """Read a positive quantity: 1234.5, or 1.234,5 as in Brazil."""
    limpo = texto.strip()
    if re.fullmatch(r"[1-9]\d{0,2}\.\d{3}", limpo):
        # One thousand or one and a bit: the tables write the former, JSON the latter.
        opcoes = f"{limpo.replace('.', '')} or {limpo.replace('.', ',')}"
        raise click.BadParameter(f"{limpo} is ambiguous: write {opcoes}")
    if re.fullmatch(r"\d{1,3}(\.\d{3})*,\d+|\d{1,3}(\.\d{3}){2,}|\d+,\d+", limpo):
        limpo = limpo.replace(".", "").replace(",", ".")
    if not re.fullmatch(r"[0-9]+(\.[0-9]+)?", limpo) or not Decimal(limpo):
        raise click.BadParameter(f"{texto} is not a positive quantity")
    return Decimal(limpo)
