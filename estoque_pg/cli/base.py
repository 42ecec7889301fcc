"""What all commands share: errors as a line and an exit code, output, the database options."""

from __future__ import annotations

import functools
import io
import json
import os
import shutil
import sys
import textwrap
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, TypeVar

import click
import psycopg

from estoque_pg import leitura, migracoes, planilha, tabela
from estoque_pg.adocao import Andamento
from estoque_pg.api import APIEstoqueTempoReal, responder, retrato
from estoque_pg.cli.ajuda import ensinar_click, traduzido
from estoque_pg.cli.saidas import saida_de
from estoque_pg.erros import (
    ArgumentoInvalido,
    ErroEstoque,
    MigracoesPendentes,
    citado,
    sem_conexao,
    traduzindo,
    traduzir,
)
from estoque_pg.idioma import com_idioma, idioma, t, tn
from estoque_pg.perguntas.argumentos import MAX_DIAS
from estoque_pg.perguntas.base import Pergunta
from estoque_pg.perguntas.linha import Linha
from estoque_pg.planilha import CSV, PLANILHA, XLSX
from estoque_pg.tabela import Marcado

F = TypeVar("F", bound=Callable[..., Any])
T = TypeVar("T")


# -- errors -----------------------------------------------------------------------------------


def relatar(erro: ErroEstoque) -> None:
    """Print one line and the hint, to stderr."""
    vermelho = tabela.colorir(t("error:"), tabela.VERMELHO, colorido(sys.stderr))
    linhas = [f"{vermelho} {tabela.limpo(erro.mensagem)}"]
    # Misfits, keys and the like: the server gives them line by line.
    linhas += [f"  {tabela.limpo(linha)}" for linha in (erro.detalhe or "").splitlines()]
    if erro.dica:
        linhas.append(t("hint: {dica}", dica=tabela.limpo(erro.dica)))
    escrever("\n".join(linhas), sys.stderr)


class Grupo(click.Group):
    """The command group: turns errors into a line and an exit code, survives a closed pipe."""

    def main(self, *args: Any, **kwargs: Any) -> Any:
        ensinar_click()
        with com_idioma(idioma()):
            return click.Group.main(traduzido(self), *args, **kwargs)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        comando = super().get_command(ctx, cmd_name)
        return comando and traduzido(comando)

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)  # as they are written below, not by the alphabet

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return self._invocar(ctx)
        except OSError as erro:
            # Whatever is left to print has nowhere to go: nothing may be flushed there again.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            if isinstance(erro, BrokenPipeError):  # the reader (head, less) has what it wanted
                ctx.exit(0)
            relatar(
                ErroEstoque(
                    t("cannot write the output: {strerror}", strerror=erro.strerror or erro)
                )
            )
            ctx.exit(1)

    def _invocar(self, ctx: click.Context) -> Any:
        try:
            resultado = super().invoke(ctx)
            sys.stdout.flush()
            return resultado
        except (ErroEstoque, psycopg.Error) as erro:
            nosso = traduzir(erro) if isinstance(erro, psycopg.Error) else erro
            relatar(nosso)
            ctx.exit(saida_de(nosso))


# -- output -----------------------------------------------------------------------------------


def colorido(saida: Any) -> bool:
    return bool(
        saida.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    )


def escrever(texto: str, saida: Any = None) -> None:
    saida = saida or sys.stdout
    if saida is sys.stderr:
        sys.stdout.flush()  # what was said before stands before, where both go to one place
    try:
        texto.encode(saida.encoding or "utf-8")
    except UnicodeEncodeError:
        codificacao = saida.encoding or "ascii"
        texto = texto.translate(tabela.ASCII).encode(codificacao, "replace").decode(codificacao)
    saida.write(texto + "\n")


def avisar(texto: str) -> None:
    escrever(texto, sys.stderr)


def escrever_json(objeto: Any) -> None:
    """Print data of any shape as JSON."""
    # In UTF-8 whatever the terminal's encoding, so that no code is ever garbled.
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8")
    sys.stdout.write(json.dumps(objeto, ensure_ascii=False, indent=2) + "\n")


def escrever_linhas(classe: type[Linha], linhas: Sequence[Linha]) -> None:
    """Print typed rows in the format asked for, all columns; a file of none has its header."""
    if em_arquivo():
        _escrever_arquivo(classe, linhas)
    else:
        escrever_json([r.todas() for r in linhas])


def escrever_linha(linha: Linha) -> None:
    """Print one typed row: an object in JSON; elsewhere a header and a line, or its table."""
    if em_arquivo():
        _escrever_arquivo(type(linha), linha)
    else:
        escrever_json(linha.todas())


def _escrever_arquivo(classe: type[Linha], resposta: Linha | Sequence[Linha]) -> None:
    """Print a file of rows, byte by byte."""
    dados = planilha.gerar(str(_pedido()), classe, resposta)
    sys.stdout.flush()
    sys.stdout.buffer.write(dados)


def largura() -> int | None:
    """Return the width to fit tables into; none when nobody looks."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def contagem(nome: str) -> tuple[str, str]:
    """Return the sentences that count things of an English name, as the catalogue has them."""
    return f"{{n}} {nome}", f"{{n}} {nome}s"


def contar(n: int, nome: str) -> str:
    """Say how many there are of something: 1 product, 1.234 products."""
    return tn(*contagem(nome), n, n=tabela.numero(n))


def tabular(colunas: list[str], linhas: list[list[object]], cede: int | None = None) -> None:
    escrever(tabela.tabela(colunas, linhas, colorido(sys.stdout), largura(), cede))


def paragrafo(texto: str) -> None:
    """Print sentences, on a terminal in lines that end between words."""
    colunas = largura()
    escrever(texto if colunas is None else textwrap.fill(texto, colunas))


def campo(rotulo: str, valor: str) -> None:
    """Print a value under its label, which is given translated."""
    escrever(rotulado(rotulo, valor))


def rotulado(rotulo: str, valor: str) -> str:
    """Return a value under its label."""
    return f"{rotulo:<12} {valor}"


def saldo(valor: Decimal) -> object:
    return Marcado(valor) if valor < 0 else valor


# -- the database -----------------------------------------------------------------------------


@dataclass(frozen=True)
class Banco:
    """Where to work: what --dsn and --schema say."""

    dsn: str
    schema: str | None

    @contextmanager
    def conectar(self, paciencia: int = 10) -> Iterator[psycopg.Connection[Any]]:
        """Open an autocommit connection.

        It may take `paciencia` seconds, unless the DSN or PGCONNECT_TIMEOUT says otherwise.
        """
        try:
            conn = psycopg.connect(
                self.dsn,
                autocommit=True,
                client_encoding="utf8",
                fallback_application_name="estoque",
                **({} if "PGCONNECT_TIMEOUT" in os.environ else self._paciencia(paciencia)),
            )
        except psycopg.Error as erro:
            raise sem_conexao(erro) from erro
        with conn:
            yield conn

    def responder(self, conn: psycopg.Connection[Any], pergunta: Pergunta[T]) -> T:
        """Carry one question out, in the schema."""
        return responder(conn, pergunta, self.schema)

    def _paciencia(self, segundos: int) -> dict[str, Any]:
        limite = psycopg.conninfo.conninfo_to_dict(self.dsn).get("connect_timeout", segundos)
        return {"connect_timeout": limite}

    @contextmanager
    def sessao(self) -> Iterator[psycopg.Connection[Any]]:
        """Open a connection; where our functions are missing, say what the schema lacks."""
        with self.conectar() as conn, self.explicando(conn), traduzindo():
            yield conn

    @contextmanager
    def retrato(self) -> Iterator[APIEstoqueTempoReal]:
        """Open the API on one snapshot and one `today`, for answers made of several queries."""
        with self.conectar() as conn, self.explicando(conn):
            with retrato(conn, self.schema) as api:
                yield api

    @contextmanager
    def explicando(self, conn: psycopg.Connection[Any]) -> Iterator[None]:
        """Where something of ours is missing, raise what the schema lacks."""
        try:
            yield
        except MigracoesPendentes as erro:
            estado = migracoes.estado(conn, self.schema)
            raise (migracoes.recusa(estado) or erro) from erro

    @contextmanager
    def api(self) -> Iterator[APIEstoqueTempoReal]:
        """Open the API on a connection of its own; shows for whom our SQL waits."""
        with self.sessao() as conn:
            conn.add_notice_handler(Andamento(mostrar_andamento).do_servidor)
            yield APIEstoqueTempoReal(conn, self.schema)


def mostrar_andamento(linha: str) -> None:
    """Show how far an installation is, or for whom something waits."""
    avisar("\n".join(map(tabela.limpo, linha.splitlines())))


Feito = tuple[dict[str, object], ErroEstoque | None]


def em_todos(banco: Banco, acao: Callable[[Banco], Feito], em_json: bool) -> None:
    """Do something to every install of the database; one that fails does not stop the others.

    The action gives what to print as JSON for its install, and the error it has to report, if it
    did not raise it. Ends with the exit code of the first that failed.
    """
    if banco.schema is not None:
        raise click.UsageError(t("--todos takes every schema: leave out --schema"))
    with banco.conectar() as conn:
        schemas = migracoes.instalacoes(conn)
        if not schemas:
            raise MigracoesPendentes(
                t("nothing is installed in database {dbname}", dbname=conn.info.dbname)
            )
    feitos: list[dict[str, object]] = []
    saida = 0
    for schema in schemas:
        feito: dict[str, object] = {}
        try:
            feito, falha = acao(Banco(banco.dsn, schema))
        except (ErroEstoque, psycopg.Error) as erro:
            falha = traduzir(erro) if isinstance(erro, psycopg.Error) else erro
        if falha is not None:
            saida = saida or saida_de(falha)
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
            raise click.BadParameter(t("a schema has a name"), param_hint="'--schema'")
        return comando(*args, banco=Banco(dsn, schema), **kwargs)

    return com_banco  # type: ignore[return-value]


TABELA, JSON = "tabela", "json"
_CHAVE = "estoque_pg.formato"


def _pedido() -> str | None:
    contexto = click.get_current_context(silent=True)
    return contexto.meta.get(_CHAVE) if contexto else None


def em_arquivo() -> bool:
    """Whether --formato asks for a file of rows, in which nothing else has a place."""
    return _pedido() in planilha.FORMATOS


def com_json(comando: F) -> F:
    """Add --json. The command gets `em_json`: print data, with `escrever_json` and its like."""
    return click.option("--json", "em_json", is_flag=True, help="Print JSON.")(comando)


def com_formato(comando: F) -> F:
    """Add --formato and its short form --json, to commands whose data are rows.

    The command gets `em_json` as with `com_json`; what prints data then writes the format asked
    for.
    """

    @click.option(
        "--formato",
        type=click.Choice([TABELA, CSV, PLANILHA, XLSX, JSON]),
        help="Print a table for people (the default), CSV, CSV as Brazilian Excel opens it"
        " (planilha), a workbook (xlsx) or JSON.",
    )
    @click.option("--json", "curto", is_flag=True, help="Short for --formato json.")
    @functools.wraps(comando)
    def com_formato(*args: Any, formato: str | None, curto: bool, **kwargs: Any) -> Any:
        if curto and formato not in (None, JSON):
            raise click.UsageError(
                t("--json and --formato {formato} exclude each other", formato=formato)
            )
        pedido = JSON if curto else formato
        if pedido == XLSX:
            planilha.exigir_xlsxwriter()
            if sys.stdout.isatty():
                raise click.UsageError(
                    t("a workbook is nothing for a terminal: --formato xlsx > file.xlsx")
                )
        click.get_current_context().meta[_CHAVE] = pedido
        return comando(*args, em_json=pedido not in (None, TABELA), **kwargs)

    return com_formato  # type: ignore[return-value]


def com_dias(padrao: int) -> Callable[[F], F]:
    return click.option(
        "--dias",
        type=click.IntRange(0, MAX_DIAS),
        default=padrao,
        show_default=True,
        metavar="N",
        help="How many days to look ahead.",
    )


def ler_quantidade(contexto: click.Context, parametro: click.Parameter, texto: str) -> Decimal:
    """Read a positive quantity: 1234.5, or 1.234,5 as in Brazil."""
    if not (lida := _ler_numero(texto)):
        raise click.BadParameter(t("{texto} is not a positive quantity", texto=citado(texto)))
    return lida


def ler_limiar(
    contexto: click.Context, parametro: click.Parameter, texto: str | None
) -> Decimal | None:
    """Read a quantity, zero as well; None where none is given."""
    if texto is None:
        return None
    if (lida := _ler_numero(texto)) is None:
        raise click.BadParameter(t("{texto} is no quantity from zero on", texto=citado(texto)))
    return lida


def _ler_numero(texto: str) -> Decimal | None:
    try:
        return leitura.numero(texto)
    except ArgumentoInvalido as erro:
        raise click.BadParameter(erro.mensagem) from None
