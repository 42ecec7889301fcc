"""The exceptions of the package, and the one place where a SQLSTATE becomes one of them.

Every error is one readable line (`mensagem`), with what to do about it (`dica`) where that is
known. The mapping goes by SQLSTATE only: messages are for people and may be translated by the
server.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import ClassVar

import psycopg

from estoque_pg.idioma import dizer, marcar, t, tem


class ErroEstoque(Exception):
    """Base of every error of this package."""

    dica_padrao: ClassVar[str | None] = None

    def __init__(
        self,
        mensagem: str,
        dica: str | None = None,
        sqlstate: str | None = None,
        detalhe: str | None = None,
    ) -> None:
        super().__init__(mensagem)
        self.mensagem = mensagem
        self.dica = dica if dica is not None else t(self.dica_padrao or "") or None
        self.sqlstate = sqlstate
        self.detalhe = detalhe


class ErroConexao(ErroEstoque):
    """The database cannot be reached, or it refuses the connection."""

    dica_padrao = marcar(
        "check --dsn, DATABASE_URL or the PG* variables (host, port, user, database), and that the"
        " server is running"
    )


class MigracoesPendentes(ErroEstoque):
    """The schema lacks migrations of this package, or nothing is installed in it."""

    dica_padrao = marcar(
        "`estoque status` says what is installed and what is missing; `estoque install` installs"
        " (choose the schema with --schema)"
    )


class BancoMaisNovo(ErroEstoque):
    """The schema has migrations this package does not know: a newer package wrote them."""

    dica_padrao = marcar("upgrade the estoque_pg package; an older one must not touch this schema")


class MigracaoAlterada(ErroEstoque):
    """A migration file differs from what was applied under its name."""

    dica_padrao = marcar(
        "package and database are of different builds: install the released package of the version"
        " that the database was installed with, or a later one (`pip install --force-reinstall`)"
    )


class ManutencaoNecessaria(ErroEstoque):
    """The status found what somebody has to mend: triggers, functions, products, corrections."""

    dica_padrao = marcar("each line marked ! says what mends it")


class DivergenciaEncontrada(ErroEstoque):
    """The audit found stored values that differ from the sources."""

    dica_padrao = marcar("run `estoque recalcular --tudo` to rebuild them from the sources")


class EmpresasFora(ErroEstoque):
    """Companies of a group did not answer; the others did. `detalhe` has a line for each."""

    dica_padrao = marcar("`estoque grupo mostrar` says where each company is")


class ErroSerializacao(ErroEstoque):
    """A serialization failure or deadlock (40001, 40P01): the transaction must be run again."""

    dica_padrao = marcar("run the transaction again; nothing of it was kept")


class ProdutoDesconhecido(ErroEstoque):
    """No source row and no unification mentions the code."""

    dica_padrao = marcar("codes are text: '0123' and '123' are two products")


class ArgumentoInvalido(ErroEstoque, ValueError):
    """An argument out of its domain (22023, 22003): negative `dias`, NaN, a NULL, a huge number."""


class QuantidadeInvalida(ErroEstoque):
    """EP001: NaN, infinite or out-of-range quantity in a source row."""


class UnificacaoInvalida(ErroEstoque):
    """EP002: a code unified with itself, a cycle, or two active destinations for one origin."""


class FonteIncompativel(ErroEstoque):
    """EP003: an existing source table does not fit; the message lists every misfit."""


class CronAusente(ErroEstoque):
    """EP004: pg_cron is not in this database, so no job can be scheduled from it."""


class GatilhoAlheio(ErroEstoque):
    """EP007: a table that is no source of the schema bears triggers that count for it."""


class SemPermissao(ErroEstoque):
    """42501: the role lacks a privilege."""

    dica_padrao = marcar("ask the owner of the schema for the privilege, or use another role")


def citado(texto: str) -> str:
    """Return a code or another text of the user's as messages quote it, here as in the database.

    Blanks at its ends, and a text that is empty, are seen then.
    """
    return "'" + texto.replace("'", "''") + "'"


# The package's own SQLSTATEs (class EP), and the standard ones that deserve a class of their own.
POR_SQLSTATE: dict[str, type[ErroEstoque]] = {
    "EP001": QuantidadeInvalida,
    "EP002": UnificacaoInvalida,
    "EP003": FonteIncompativel,
    "EP004": CronAusente,
    "EP007": GatilhoAlheio,
    "22003": ArgumentoInvalido,
    "22008": ArgumentoInvalido,
    "22023": ArgumentoInvalido,
    "40001": ErroSerializacao,
    "40P01": ErroSerializacao,
    "42501": SemPermissao,
    # Undefined function, table, column or schema: the package is not installed where we look.
    "42883": MigracoesPendentes,
    "42P01": MigracoesPendentes,
    "42703": MigracoesPendentes,
    "3F000": MigracoesPendentes,
    # Server shutting down, starting up, dropped database, too many connections.
    "57P01": ErroConexao,
    "57P02": ErroConexao,
    "57P03": ErroConexao,
    "57P04": ErroConexao,
    "53300": ErroConexao,
    "3D000": ErroConexao,
}


def em_palavras(diag: psycopg.errors.Diagnostic) -> tuple[str | None, str | None, str | None]:
    """Return message, hint and detail that the server gave, in the language of this moment.

    What our SQL raises bears its parts in fields: CONSTRAINT is the message's model, DATATYPE an
    array of its values or an object of `valores`, `dica` and the lines of `detalhe`. All else is
    as the server says it.
    """
    modelo, dica, detalhe = diag.constraint_name, diag.message_hint, diag.message_detail
    if modelo is None or not tem(modelo):
        return diag.message_primary, dica, detalhe
    partes = json.loads(diag.datatype_name or "[]")
    if isinstance(partes, list):
        partes = {"valores": partes}
    return (
        dizer([modelo, *partes.get("valores", ())]),
        dizer(partes["dica"]) if "dica" in partes else t(dica or "") or None,
        "\n".join(map(dizer, partes["detalhe"]))
        if "detalhe" in partes
        else t(detalhe or "") or None,
    )


def traduzir(erro: psycopg.Error) -> ErroEstoque:
    """Return the package's exception for a database error (raise it `from` the original)."""
    estado = erro.sqlstate
    classe = POR_SQLSTATE.get(estado or "")
    if classe is None and estado is not None and estado[:2] in ("08", "28"):
        classe = ErroConexao
    if classe is None and estado is None and isinstance(erro, psycopg.OperationalError):
        classe = ErroConexao  # libpq gives no SQLSTATE when no connection came about
    if classe is None:
        classe = ErroEstoque
    mensagem, dica, detalhe = em_palavras(erro.diag)
    if mensagem is None:
        # Errors of libpq itself have neither; what they say after the first line is the detail.
        mensagem, _, resto = str(erro).strip().partition("\n")
        for inicio in ("connection failed: ", "connection is bad: "):  # psycopg's own words
            mensagem = mensagem.removeprefix(inicio)
        detalhe = "\n".join(linha.strip() for linha in resto.splitlines()) or None
    return classe(
        mensagem or type(erro).__name__,
        # Of a name that is missing the server knows nothing that would help here.
        dica=dica if classe is not MigracoesPendentes else None,
        sqlstate=estado,
        detalhe=detalhe,
    )


def sem_conexao(erro: psycopg.Error) -> ErroConexao:
    """Return the exception for a connection that did not come about."""
    falha = traduzir(erro)
    dica = falha.dica
    if isinstance(erro, psycopg.ProgrammingError):  # no server was asked
        dica = t("a DSN is written 'host=... user=... dbname=...' or postgresql://user@host/dbname")
    elif not isinstance(falha, ErroConexao):
        dica = None
    return ErroConexao(falha.mensagem, dica, falha.sqlstate, falha.detalhe)


@contextmanager
def traduzindo() -> Iterator[None]:
    """Raise what `traduzir` makes of a database error inside the block."""
    try:
        yield
    except psycopg.Error as erro:
        raise traduzir(erro) from erro
