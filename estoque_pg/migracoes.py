"""The migration runner: the one way into a database, and the only module that knows yoyo.

yoyo reads and splits the files, orders them and keeps its book. What it lacks is done here:

- one session advisory lock around everything, the list of what is pending computed inside it;
  the server frees it when this process dies, which a lock row in a table would not survive;
- all that is pending commits in one transaction, with its marks and checksums and with the steps
  of installing around it (estoque_pg.instalacao). Where large sources are counted beside their
  writers, triggers that note what these write are committed before, and nothing else;
- the checksum is of the content, so an edited migration is refused, as is a database that has
  migrations this package lacks;
- all bookkeeping lives in the install schema, under names that leave an ERP's own yoyo alone;
- during a migration the search_path is exactly the schema and pg_temp, because the functions
  are created with SET search_path FROM CURRENT.
"""

from __future__ import annotations

import getpass
import glob
import hashlib
import itertools
import os
import random
import re
import socket
import time
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, TypeVar

import psycopg
from psycopg import sql, waiting
from psycopg.pq import TransactionStatus
from psycopg.rows import tuple_row
from yoyo import internalmigrations, read_migrations
from yoyo.backends.core.postgresql import PostgresqlPsycopgBackend
from yoyo.exceptions import BadMigration

from estoque_pg import citus
from estoque_pg.adocao import (
    ANOTACAO,
    Andamento,
    Indice,
    anotar,
    desanotar,
    donos,
    existe,
    indexada,
    indexadas,
    linhas,
    pela_metade,
    sao_grandes,
    transacoes,
    usam,
)
from estoque_pg.consultas import CONSULTAS
from estoque_pg.erros import (
    ArgumentoInvalido,
    BancoMaisNovo,
    ErroConexao,
    ErroEstoque,
    FonteIncompativel,
    MigracaoAlterada,
    MigracoesPendentes,
    sem_conexao,
    traduzindo,
    traduzir,
)
from estoque_pg.idioma import dizer, t
from estoque_pg.instalacao import passo

T = TypeVar("T")

TRAVA = 0x6573746F7175  # "estoqu": one lock for all installs of a database
TENTATIVAS = 60  # to get hold of tables that others use; about a minute
RODADAS = 10  # of putting right what was noted, before the one that holds writers off
AO_LIMPAR = 5  # the same, to take notes away that do no harm
TABELA_MIGRACAO = "_yoyo_estoque_migration"
TABELA_LOG = "_yoyo_estoque_log"
TABELA_VERSAO = "_yoyo_estoque_version"
TABELA_SOMA = "estoque_migracao_soma"
_FONTE = re.compile(r"^CREATE TABLE IF NOT EXISTS (\w+) ", re.MULTILINE)
_ALTERADA = re.compile(
    r"^(?:ALTER|DROP) TABLE (?:IF EXISTS )?(?:ONLY )?(\w+)"
    r"|^CREATE (?:UNIQUE )?INDEX (?:IF NOT EXISTS )?\w+\s+ON (\w+)",
    re.MULTILINE,
)
_NOSSO = re.compile(r"^CREATE (?:TABLE|VIEW|TYPE) (?!IF NOT EXISTS)(\w+)", re.MULTILINE)
# The function that lists our indexes on the sources, and a row of its list.
_INDICES = re.compile(
    r"FUNCTION _estoque_indices_das_fontes\(\)$.*?^END;$", re.MULTILINE | re.DOTALL
)
_INDICE = re.compile(r"^ +\('(\w+)', '\w+', ARRAY\[", re.MULTILINE)
# A migration that nothing of the triggers depends on says so, and no writer waits for it.
_SEGUEM = re.compile(r"^-- writers go on$", re.MULTILINE)
# A table that a migration changes is not waited for while writers queue behind us.
DAR_PASSAGEM = "SELECT set_config('lock_timeout', '2s', true)"
EXISTE = "SELECT EXISTS (SELECT FROM pg_catalog.pg_namespace WHERE nspname = %s)"


@dataclass(frozen=True, slots=True)
class Estado:
    """How the migrations of the package and those of a schema compare."""

    schema: str | None
    aplicadas: tuple[str, ...]
    pendentes: tuple[str, ...]
    desconhecidas: tuple[str, ...]  # applied, but not in this package: the database is newer
    alteradas: tuple[str, ...]  # applied, and the package's file differs now
    existe: bool  # the schema itself
    alhures: tuple[str, ...]  # where nothing is installed: the schemas that have an install
    pela_metade: bool  # nothing is installed, but an installation was begun

    @property
    def instalado(self) -> bool:
        """Whether anything of the package is in the schema."""
        return bool(self.aplicadas or self.desconhecidas)

    @property
    def em_dia(self) -> bool:
        """Whether schema and package match exactly."""
        return not (self.pendentes or self.desconhecidas or self.alteradas)


@dataclass(frozen=True, slots=True)
class Plano:
    """What an installation or an upgrade would do, found out by a rehearsal that was undone."""

    schema: str
    cria_schema: bool
    migracoes: tuple[str, ...]  # that would be applied; none: the schema is up to date
    fontes_novas: tuple[str, ...]  # source tables that would be created
    fontes_adotadas: tuple[str, ...]
    indices: tuple[str, ...]  # that would be built on tables that exist: "table (columns)"
    escritores: str  # "go on", "held off", or "held off for moments": counted beside them
    erro: ErroEstoque | None  # what it would fail with: all that does not fit, all bad rows

    def como_dict(self) -> dict[str, Any]:
        """The same, ready for JSON."""
        return {
            "schema": self.schema,
            "cria_schema": self.cria_schema,
            "migracoes": list(self.migracoes),
            "fontes_novas": list(self.fontes_novas),
            "fontes_adotadas": list(self.fontes_adotadas),
            "indices": list(self.indices),
            "escritores": self.escritores,
            "erro": self.erro.mensagem if self.erro else None,
            "detalhe": (self.erro.detalhe or "").splitlines() if self.erro else [],
            "dica": self.erro.dica if self.erro else None,
        }


def instalar(
    conninfo: str,
    schema: str | None = None,
    pasta: Path | None = None,
    *,
    tolerante: bool = False,
    criar_schema: bool = False,
    avisar: Callable[[str], None] | None = None,
) -> list[str]:
    """Install into `schema`, or bring it up to date.

    `schema` None means the connection's current schema. One that is missing is created with
    `criar_schema`, or where no schema of the database has source tables: a name with a typing
    error makes no company. `tolerante` leaves out source rows that cannot be counted instead of
    refusing to install. `avisar` is told, a line at a time, what is being done, and at the end for
    how long writers were held off.

    Returns the migrations applied, in order; an empty list when there was nothing to do. Raises
    FonteIncompativel when a source table that exists does not fit, QuantidadeInvalida or
    UnificacaoInvalida for rows that cannot be counted, each with nothing changed.
    """
    with _sessao(conninfo, avisar) as conn:
        nome = _schema_a_instalar(conn, schema, pasta, tolerante, criar_schema)
        return _aplicar(conn, nome, pasta, Andamento(avisar))


def planejar_instalacao(
    conninfo: str,
    schema: str | None = None,
    pasta: Path | None = None,
    *,
    tolerante: bool = False,
    criar_schema: bool = False,
    avisar: Callable[[str], None] | None = None,
) -> Plano:
    """Tell what `instalar` would do with the same arguments; nothing is changed.

    What it would fail with is the plan's `erro`. Raises ErroEstoque where that cannot be found out.
    """
    with _sessao(conninfo, avisar) as conn:
        nome = _schema_a_instalar(conn, schema, pasta, tolerante, criar_schema)
        return _planejar(conn, nome, pasta, Andamento(avisar))


def planejar_migracao(
    conninfo: str,
    schema: str | None = None,
    pasta: Path | None = None,
    *,
    avisar: Callable[[str], None] | None = None,
) -> Plano:
    """Tell what `migrar` would do with the same arguments; nothing is changed."""
    with _sessao(conninfo, avisar) as conn:
        nome = _schema_instalado(conn, schema, pasta)
        return _planejar(conn, nome, pasta, Andamento(avisar))


def migrar(
    conninfo: str,
    schema: str | None = None,
    pasta: Path | None = None,
    *,
    avisar: Callable[[str], None] | None = None,
) -> list[str]:
    """Bring an existing install up to date; returns the migrations applied."""
    with _sessao(conninfo, avisar) as conn:
        nome = _schema_instalado(conn, schema, pasta)
        return _aplicar(conn, nome, pasta, Andamento(avisar))


def reindexar(
    conninfo: str,
    schema: str | None = None,
    *,
    avisar: Callable[[str], None] | None = None,
) -> None:
    """Build the indexes of ours that large sources lack, beside their writers.

    `vigiar` builds what is missing as well, while writers wait for it. `avisar` as with `instalar`.
    """
    with _sessao(conninfo, avisar) as conn:
        _Backend(conn, _schema(conn, schema))  # sets the search_path
        with (
            _falha(t("building the indexes")),
            indexadas(conn, linhas(conn, "indices_das_fontes"), Andamento(avisar)),
        ):
            pass


def desfazer(
    conninfo: str,
    schema: str | None = None,
    pasta: Path | None = None,
    *,
    ate: str | None = None,
    avisar: Callable[[str], None] | None = None,
) -> list[str]:
    """Roll migrations back, newest first, in one transaction: those after `ate`, or all of them.

    Without `ate` everything of ours goes, the bookkeeping included; the source tables are the
    ERP's and stay, and so does the schema. With it the schema is then as that version's package
    made it, and that package is the one to go on with. `avisar` is told whom it waits for.

    Returns the migrations rolled back. Raises ArgumentoInvalido for an `ate` that is not applied.
    """
    with _sessao(conninfo, avisar) as conn:
        nome = _schema(conn, schema)
        atual = estado(conn, nome, pasta)
        andamento = Andamento(avisar)
        if not atual.instalado:
            if atual.pela_metade:
                _Backend(conn, nome)  # sets the search_path
                with _falha(t("removing what an installation has left")):
                    _com_paciencia(conn, lambda: desanotar(conn), andamento, leitores=True)
            return []
        _recusar(atual)
        if ate is not None and ate not in atual.aplicadas:
            raise ArgumentoInvalido(
                t("{ate} is not applied", ate=ate),
                dica=t("applied: {aplicadas}", aplicadas=", ".join(atual.aplicadas)),
            )
        vao = [m for m in _ler(pasta) if m.id in atual.aplicadas and (ate is None or m.id > ate)]
        if not vao:
            return []

        def acao() -> None:
            if ate is None:
                _tirar(conn, nome, vao, pela_lista=not atual.pendentes)
            else:
                _voltar(conn, nome, vao)

        with _falha(t("removing {id}", id=vao[0].id)):
            _com_paciencia(conn, acao, andamento, leitores=True)
        return [m.id for m in reversed(vao)]


def _tirar(
    conn: psycopg.Connection[Any], schema: str, migracoes: list[Any], *, pela_lista: bool
) -> None:
    """Take everything away in one commit.

    `pela_lista` goes by what the database knows of its parts, whatever has become of them since;
    an older version, whose list is of functions alone, goes by the rollbacks.
    """
    backend = _Backend(conn, schema)
    with backend.transaction():
        conn.execute(DAR_PASSAGEM)
        if pela_lista:
            passo(conn, "desinstalar_repor")
        # Triggers go, and with them every table of ours: readers are in the way, too.
        nossas = [t for m in migracoes for t in _NOSSO.findall(_texto(m))]
        _travar(conn, [*linhas(conn, "arvore_das_fontes"), *_tabelas(conn, nossas)])
        indices = _indices_das_fontes(conn)
        if pela_lista:
            passo(conn, "desinstalar")
        else:
            _desaplicar(backend, migracoes)
        _remover_indices(conn, schema, indices)
        backend.remover_tabelas()
        if pela_metade(conn, schema):  # could not be taken away at the installation
            passo(conn, "vivo_limpar")


def _voltar(conn: psycopg.Connection[Any], schema: str, migracoes: list[Any]) -> None:
    """Roll migrations back in one commit, with the steps of installing around it."""
    backend = _Backend(conn, schema)
    segura = not all(_seguem(_texto(m)) for m in migracoes)
    with backend.transaction():
        antes = _direitos(conn, schema)
        conn.execute(DAR_PASSAGEM)
        if segura:
            passo(conn, "2_travar")
        _travar(conn, _tabelas(conn, _alteradas(map(_texto_da_volta, migracoes))), segura)
        indices = _indices_das_fontes(conn)
        _desaplicar(backend, migracoes)
        _remover_indices(conn, schema, indices - _indices_das_fontes(conn))
        if segura:
            passo(conn, "3_carregar")
        passo(conn, "4_encerrar", antes=antes)


def _desaplicar(backend: _Backend, migracoes: list[Any]) -> None:
    for migracao in reversed(migracoes):
        _carregar(migracao)
        migracao.process_steps(backend, "rollback")
        backend.unmark_one(migracao, log=False)
        backend.apagar_soma(migracao.id)


def _indices_das_fontes(conn: psycopg.Connection[Any]) -> set[str]:
    return {indice for indice, *_ in linhas(conn, "indices_das_fontes")}


def _remover_indices(conn: psycopg.Connection[Any], schema: str, indices: set[str]) -> None:
    for indice in sorted(indices):
        conn.execute(sql.SQL("DROP INDEX IF EXISTS {}").format(sql.Identifier(schema, indice)))


def estado(
    conn: psycopg.Connection[Any], schema: str | None = None, pasta: Path | None = None
) -> Estado:
    """Compare `schema` (None: the current one) with the package, writing nothing.

    It needs no more than USAGE on the schema, and works where nothing is installed.
    """
    somas = _somas(_ler(pasta))
    with traduzindo():
        nome = schema if schema is not None else _atual(conn)
        registro = _registro(conn, nome) if nome is not None else {}
        existe = bool(nome is not None and _valor(conn, EXISTE, nome))
        iniciada = nome is not None and existe and not registro and pela_metade(conn, nome)
    return Estado(
        schema=nome,
        aplicadas=tuple(i for i in somas if i in registro),
        pendentes=tuple(i for i in somas if i not in registro),
        desconhecidas=tuple(i for i in registro if i not in somas),
        alteradas=tuple(i for i in somas if i in registro and registro[i] != somas[i]),
        existe=existe,
        alhures=() if registro else tuple(instalacoes(conn)),
        pela_metade=iniciada,
    )


def _schema_instalado(conn: psycopg.Connection[Any], pedido: str | None, pasta: Path | None) -> str:
    """Return the schema to bring up to date; refuse one that has no install."""
    schema = _schema(conn, pedido)
    atual = estado(conn, schema, pasta)
    if not atual.instalado and (erro := recusa(atual)):
        raise erro
    return schema


def _schema_a_instalar(
    conn: psycopg.Connection[Any],
    pedido: str | None,
    pasta: Path | None,
    tolerante: bool,
    criar: bool,
) -> str:
    """Return the schema to install into, and set the session for it.

    One that does not exist is refused, unless it is asked for or the database is empty.
    """
    conn.execute(
        "SELECT set_config('estoque_pg.tolerante', %s, false)", ["on" if tolerante else "off"]
    )
    schema = _schema(conn, pedido)
    if criar or _valor(conn, EXISTE, schema):
        return schema
    fontes = {t for m in _ler(pasta) for t in _FONTE.findall(_texto(m))}
    com_fontes = [n for (n,) in linhas(conn, "schemas_com_fontes", fontes=sorted(fontes))]
    onde = sorted({*com_fontes, *instalacoes(conn)})
    if onde:
        lista = ", ".join(onde[:5]) + (", ..." if onde[5:] else "")
        raise ArgumentoInvalido(
            t('the schema "{schema}" does not exist', schema=schema),
            dica=t(
                "source tables or an install are in: {lista}; to make a new schema give "
                "--criar-schema (criar_schema=True)",
                lista=lista,
            ),
        )
    return schema


def instalacoes(conn: psycopg.Connection[Any]) -> list[str]:
    """Return the schemas of the database that the package is installed in, by name.

    Of schemas the role may not use, nothing is told.
    """
    with traduzindo(), psycopg.Cursor(conn, row_factory=tuple_row) as cursor:
        cursor.execute(CONSULTAS["instalacoes"], {"tabela": TABELA_SOMA})
        return [nome for (nome,) in cursor.fetchall()]


# -- the session ------------------------------------------------------------------------------


_LIMITES = (
    "statement_timeout",
    "lock_timeout",
    "idle_in_transaction_session_timeout",
    "idle_session_timeout",
)


@contextmanager
def _sessao(
    conninfo: str, avisar: Callable[[str], None] | None = None
) -> Iterator[psycopg.Connection[Any]]:
    """Open a connection that holds the lock, with the settings migrations are written for.

    Whom it waits for `avisar` is told, once.
    """
    try:
        conn = _Conexao.connect(
            conninfo,
            autocommit=True,  # yoyo sends BEGIN and COMMIT itself
            client_encoding="utf8",
            fallback_application_name="estoque install",
            cursor_factory=_CursorCalado,
        )
    except psycopg.Error as erro:
        raise sem_conexao(erro) from erro
    with traduzindo(), conn:
        exigir_direta(conn)
        conn.execute("SET default_transaction_isolation = 'read committed'")
        conn.execute("SET standard_conforming_strings = on")
        citus.preparar(conn)
        # Whether the sources fit is said by the step that follows, in words of ours.
        conn.execute("SET check_function_bodies = off")
        # The time limits of a role or database are meant for daily queries, not for an install that
        # waits its turn, nor for its clearing up. What has to give way sets a limit of its own.
        for limite in _LIMITES:
            conn.execute(f"SET {limite} = 0".encode())
        # Asked for again and again, not waited for: a statement that waits is a transaction that
        # runs, and the holder may be waiting for all of those to build an index beside them.
        while not _valor(conn, "SELECT pg_try_advisory_lock(%s)", TRAVA):
            if avisar is not None and (quem := donos(conn, TRAVA)):
                avisar(t("waiting for another installation in this database: {quem}", quem=quem))
                avisar = None  # once
            time.sleep(0.05)
        yield conn


def exigir_direta(conn: psycopg.Connection[Any]) -> None:
    """Raise ErroConexao for a session that a pooler lends out between two statements of ours.

    What is set in it, or locked by it, would be somebody else's the next moment.
    """
    if _valor(conn, "SELECT pg_backend_pid()") != conn.info.backend_pid:
        raise ErroConexao(
            t("this needs a session of its own, and the connection goes through a pooler"),
            dica=t("give --dsn the address of the PostgreSQL server itself"),
        )


class _Conexao(psycopg.Connection[Any]):
    """A connection that goes on after a Ctrl+C: what was begun is taken away by it."""

    def wait(self, gen: Any, interval: float = 0.1, *args: Any, **kwargs: Any) -> Any:
        """Wait for the server. After a Ctrl+C, too, until it has let go of the statement.

        psycopg's own way of that closes the connection where the statement fails by itself just
        then, for a lock say, and leaves it at work where the signal met psycopg's own code.
        """
        try:
            return waiting.wait(gen, self.pgconn.socket, interval, *args, **kwargs)
        except KeyboardInterrupt:
            if self.info.transaction_status == TransactionStatus.ACTIVE:
                self.cancel_safe(timeout=5)
                while self.pgconn.get_result() is not None:
                    pass
            raise


class _CursorCalado(psycopg.Cursor[Any]):
    """A cursor that shows no description: yoyo prints every result that has one."""

    @property
    def description(self) -> None:
        return None


def _atual(conn: psycopg.Connection[Any]) -> str | None:
    nome: str | None = _valor(conn, "SELECT current_schema()::text")
    return nome


def _valor(conn: psycopg.Connection[Any], consulta: str, *parametros: Any) -> Any:
    # A cursor of our own: the caller's connection may return rows as anything.
    with psycopg.Cursor(conn, row_factory=tuple_row) as cursor:
        linha = cursor.execute(consulta.encode(), parametros or None).fetchone()
    return linha[0] if linha else None


def _schema(conn: psycopg.Connection[Any], pedido: str | None) -> str:
    """Return the schema to install into; refuse what PostgreSQL would misunderstand."""
    if pedido is None:
        atual = _atual(conn)
        if atual is None:
            raise ErroEstoque(
                t("the connection has no current schema"), dica=t("name one with --schema")
            )
        return atual
    try:
        octetos = len(pedido.encode())
    except UnicodeEncodeError:
        raise ArgumentoInvalido(t("a schema name must be valid Unicode text")) from None
    if not 0 < octetos <= 63 or "\0" in pedido:
        raise ArgumentoInvalido(t("a schema name has 1 to 63 bytes, none of them NUL"))
    if pedido == "$user":
        # Even quoted, a search_path takes it for "the schema named like the user".
        raise ArgumentoInvalido(t('"$user" cannot be the name of a schema to install into'))
    if pedido.startswith("pg_") or pedido == "information_schema":
        raise ArgumentoInvalido(t('schema "{pedido}" belongs to PostgreSQL', pedido=pedido))
    return pedido


# -- files ------------------------------------------------------------------------------------


def pasta_padrao() -> Path:
    """Return the folder of the migrations: in the package, or beside it in a checkout."""
    pacote = Path(__file__).resolve().parent
    empacotada = pacote / "migrations"
    return empacotada if empacotada.is_dir() else pacote.parent / "migrations"


def tabelas_nossas() -> frozenset[str]:
    """Return the names of our tables, views and types, those of the bookkeeping included."""
    escrituracao = {TABELA_MIGRACAO, TABELA_LOG, TABELA_VERSAO, TABELA_SOMA, ANOTACAO}
    return frozenset(escrituracao.union(*map(_NOSSO.findall, _textos())))


def indices_nossos() -> frozenset[str]:
    """Return the names of our indexes on the sources."""
    listas = (lista for texto in _textos() for lista in _INDICES.findall(texto))
    return frozenset(nome for lista in listas for nome in _INDICE.findall(lista))


def _textos() -> list[str]:
    arquivos = sorted(pasta_padrao().glob("*.sql"))
    return [a.read_text(encoding="utf-8") for a in arquivos if ".rollback." not in a.name]


def _ler(pasta: Path | None) -> Any:
    origem = pasta if pasta is not None else pasta_padrao()
    migracoes = read_migrations(glob.escape(str(origem)))
    if not migracoes:
        raise ErroEstoque(
            t("no migrations found in {origem}", origem=origem),
            dica=t("the package is incomplete: reinstall it"),
        )
    return migracoes


def _somas(migracoes: Any) -> dict[str, str]:
    return {m.id: _soma(Path(m.path)) for m in migracoes}


def _soma(arquivo: Path) -> str:
    # A checkout with other line ends is still the same migration.
    return hashlib.sha256(arquivo.read_bytes().replace(b"\r\n", b"\n")).hexdigest()


# -- bookkeeping ------------------------------------------------------------------------------


def _registro(conn: psycopg.Connection[Any], schema: str) -> dict[str, str]:
    """Return id and checksum of what is applied, in order of id; empty when not installed."""
    tabela = sql.Identifier(schema, TABELA_SOMA)
    if _valor(conn, "SELECT to_regclass(%s::text)", tabela.as_string(conn)) is None:
        return {}
    with psycopg.Cursor(conn, row_factory=tuple_row) as cursor:
        linhas = cursor.execute(
            sql.SQL('SELECT id, sha256 FROM {} ORDER BY id COLLATE "C"').format(tabela)
        ).fetchall()
    return {str(i): str(soma) for i, soma in linhas}


def recusa(atual: Estado) -> ErroEstoque | None:
    """Return the error that says why schema and package do not match; None when they do."""
    onde = t("the current schema: there is none")
    if atual.schema:
        onde = t('schema "{schema}"', schema=atual.schema)
    if atual.desconhecidas:
        lista = ", ".join(atual.desconhecidas)
        return BancoMaisNovo(
            t("{onde} has migrations this package lacks: {lista}", onde=onde, lista=lista)
        )
    if atual.alteradas:
        lista = ", ".join(atual.alteradas)
        return MigracaoAlterada(
            t(
                "{onde} was not built from what this package has under the name of: {lista}",
                onde=onde,
                lista=lista,
            )
        )
    if atual.aplicadas and atual.pendentes and min(atual.pendentes) < max(atual.aplicadas):
        return MigracaoAlterada(
            t(
                "{onde} has {aplicadas} but not the earlier {pendentes}",
                onde=onde,
                aplicadas=max(atual.aplicadas),
                pendentes=min(atual.pendentes),
            ),
            dica=t(
                "the package lacks a part, or is none that was released: install the released "
                "one again (`pip install --force-reinstall`)"
            ),
        )
    if not atual.instalado:
        if atual.schema and not atual.existe:
            onde = t("{onde}, which does not exist", onde=onde)
        mensagem = t("estoque_pg is not installed in {onde}", onde=onde)
        dica = None
        if atual.pela_metade:
            mensagem = t(
                "{mensagem}: an installation is under way, or was cut off", mensagem=mensagem
            )
            dica = t(
                "`estoque install` begins again, `estoque uninstall` takes away what it has left"
            )
        elif atual.alhures:
            lista = ", ".join(atual.alhures[:5]) + (", ..." if atual.alhures[5:] else "")
            dica = t(
                "choose with --schema: it is installed in {lista}; or run `estoque install`",
                lista=lista,
            )
        return MigracoesPendentes(mensagem, dica)
    if atual.pendentes:
        lista = ", ".join(atual.pendentes)
        return MigracoesPendentes(
            t("{onde} lacks: {lista}", onde=onde, lista=lista), dica=t("run `estoque migrate`")
        )
    return None


def _recusar(atual: Estado) -> None:
    """Raise for what applying the pending migrations would not mend."""
    erro = recusa(atual)
    if erro is not None and not isinstance(erro, MigracoesPendentes):
        raise erro


def _aplicar(
    conn: psycopg.Connection[Any], schema: str, pasta: Path | None, andamento: Andamento
) -> list[str]:
    atual = estado(conn, schema, pasta)
    _recusar(atual)
    if not atual.pendentes:
        return []
    conn.add_notice_handler(andamento.do_servidor)
    if not atual.existe:
        andamento.diga(t('the schema "{schema}" is missing and will be created', schema=schema))
    # By name, which is how the files are numbered. yoyo's own order goes by the dependencies of
    # a list it shares between all callers of the process.
    obra = _Obra(
        conn, schema, [m for m in _ler(pasta) if m.id in atual.pendentes], atual, andamento
    )
    with _falha(t("migration {id}", id=obra.migracoes[0].id)):
        indices = obra.ensaiar()
        with (
            indexadas(conn, indices, andamento, todas=obra.ao_vivo),
            obra.anotando() if obra.ao_vivo else nullcontext(),
        ):
            try:
                _com_paciencia(conn, obra.realizar, andamento)
            except KeyboardInterrupt:
                if not obra.feita():  # it may have met the commit
                    raise
        if obra.ao_vivo:
            obra.desanotar()  # out here: it is installed, and needs its indexes, come what may
    andamento.terminou()
    return [m.id for m in obra.migracoes]


def _planejar(
    conn: psycopg.Connection[Any], schema: str, pasta: Path | None, andamento: Andamento
) -> Plano:
    atual = estado(conn, schema, pasta)
    _recusar(atual)
    if not atual.pendentes:
        return Plano(schema, False, (), (), (), (), "go on", None)
    conn.add_notice_handler(andamento.do_servidor)
    obra = _Obra(
        conn, schema, [m for m in _ler(pasta) if m.id in atual.pendentes], atual, andamento
    )
    faltam: list[str] = []
    erro: ErroEstoque | None
    try:
        with _falha(t("migration {id}", id=obra.migracoes[0].id)):
            indices, erro = obra.planejar()
            faltam = [
                f"{tabela} ({', '.join(colunas)})"
                for indice, tabela, colunas, _ in indices
                if existe(conn, tabela) and not indexada(conn, indice)
            ]
    except ErroEstoque as falha:
        if isinstance(falha.__cause__, psycopg.OperationalError):
            raise  # it could not be found out
        erro = falha
    adota = [t for t in obra.fontes_do_erp if t not in obra.novas]
    return Plano(
        schema=schema,
        cria_schema=not atual.existe,
        migracoes=tuple(m.id for m in obra.migracoes),
        fontes_novas=tuple(obra.novas),
        fontes_adotadas=tuple(adota),
        indices=tuple(faltam),
        escritores=(
            "go on"
            if not obra.segura or (obra.nova and not adota)
            else "held off for moments"
            if obra.ao_vivo
            else "held off"
        ),
        erro=erro,
    )


class _Obra:
    """What is pending for a schema, and the steps of installing around it."""

    def __init__(
        self,
        conn: psycopg.Connection[Any],
        schema: str,
        migracoes: list[Any],
        atual: Estado,
        andamento: Andamento,
    ) -> None:
        self.conn = conn
        self.schema = schema
        self.migracoes = migracoes
        self.nova = not atual.instalado
        self.pela_metade = atual.pela_metade
        self.andamento = andamento
        # Notes are kept from other sessions by a lock of one server: not there (see vivo_anotar).
        self.no_citus = atual.existe and citus.exigir_distribuido(conn, schema, nova=self.nova)
        self.backend = _Backend(conn, schema)
        # The sums are taken before the files are read for good: if one changes in between, the
        # next run says so, instead of never.
        self.somas = {m.id: _soma(Path(m.path)) for m in migracoes}
        self.textos = [_texto(m) for m in migracoes]
        for migracao in migracoes:
            _carregar(migracao)
        self.segura = self.nova or not all(_seguem(t) for t in self.textos)
        self.fontes_do_erp = [t for texto in self.textos for t in _FONTE.findall(texto)]
        self.novas = [t for t in self.fontes_do_erp if not existe(conn, t)]
        # Whether to count beside the writers, and what is to be noted then: the rehearsal tells.
        self.ao_vivo = False
        self.fontes = ""

    def ensaiar(self) -> list[Indice]:
        """Do everything but the filling and undo it; return the indexes that will be needed.

        Nothing is rehearsed where there is nothing to find out: neither sources nor an install.
        """
        if self.novas:
            self.andamento.diga(
                t(
                    "source tables that are missing and will be created: {novas}",
                    novas=", ".join(self.novas),
                )
            )
        if (self.nova and self.novas == self.fontes_do_erp) or not self.segura:
            return []
        self._preparar_ensaio()

        def ensaio() -> list[Indice]:
            with self._ensaiando():
                passo(self.conn, "1_exigir")
                if self.nova:
                    passo(self.conn, "1_exigir_linhas")
                [(self.fontes,)] = linhas(self.conn, "fontes_a_anotar")
                return linhas(self.conn, "indices_das_fontes")

        return _com_paciencia(self.conn, ensaio, self.andamento)

    def planejar(self) -> tuple[list[Indice], ErroEstoque | None]:
        """Rehearse in any case; return the indexes that will be needed and all that is wrong."""
        self._preparar_ensaio()

        def ensaio() -> tuple[list[Indice], ErroEstoque | None]:
            erros: list[ErroEstoque] = []
            with self._ensaiando():
                for nome in ("1_exigir", "1_exigir_linhas"):
                    try:
                        with self.conn.transaction():
                            passo(self.conn, nome)
                    except psycopg.Error as erro:
                        if (erro.sqlstate or "").startswith("EP"):
                            erros.append(traduzir(erro))
                        elif not erros:  # else rows are not to be read while columns do not fit
                            raise
                return linhas(self.conn, "indices_das_fontes"), _juntos(erros)

        return _com_paciencia(self.conn, ensaio, self.andamento)

    def _preparar_ensaio(self) -> None:
        self.andamento.adotando = True
        if self.pela_metade:
            self.andamento.diga(t("an earlier installation was cut off: beginning again"))
        self.andamento.diga(t("checking the source tables"))
        # Triggers that note are there where one was cut off: only this way replaces them.
        self.ao_vivo = (
            self.nova
            and not self.no_citus
            and (self.pela_metade or sao_grandes(self.conn, self.fontes_do_erp))
        )

    @contextmanager
    def _ensaiando(self) -> Iterator[None]:
        """Make all objects, take the block's steps, and undo it."""
        with self.conn.transaction(force_rollback=True):
            self._comecar()
            _travar(self.conn, _tabelas(self.conn, _alteradas(self.textos)))
            for migracao in self.migracoes:
                for um in migracao.steps:
                    # One by one: Citus takes no several commands in one string.
                    if comando := getattr(um, "step", um)._apply:
                        self.conn.execute(comando.encode())
            passo(self.conn, "1_citus")
            yield

    def realizar(self) -> None:
        """Apply what is pending and take the steps around it, all in one commit."""
        self.andamento.recomecou()
        with self.backend.transaction():
            self._comecar()
            antes = _direitos(self.conn, self.schema)
            self.backend.preparar()
            if self.segura and not self.nova:
                passo(self.conn, "2_travar")
            _travar(self.conn, _tabelas(self.conn, _alteradas(self.textos)), self.segura)
            for migracao in self.migracoes:
                # Its steps become savepoints of ours.
                migracao.process_steps(self.backend, "apply")
                self.backend.log_migration(migracao, "apply")
                self.backend.mark_one(migracao, log=False)
                self.backend.guardar_soma(migracao.id, self.somas[migracao.id])
            passo(self.conn, "1_citus")
            passo(self.conn, "1_exigir")
            if self.ao_vivo:
                passo(self.conn, "vivo_encher")
            elif self.segura:
                passo(self.conn, "2_travar")
                passo(self.conn, "3_carregar")
            passo(self.conn, "4_encerrar", antes=antes)
            if self.ao_vivo:
                _com_paciencia(self.conn, self._trocar, self.andamento, self._ninguem_espera)

    def feita(self) -> bool:
        """Tell whether it is committed."""
        registro = _registro(self.conn, self.schema)
        return all(m.id in registro for m in self.migracoes)

    @contextmanager
    def anotando(self) -> Iterator[None]:
        """Have what is written to the sources noted; take the notes away if the block fails."""
        self.andamento.diga(t("noting what is written meanwhile"))
        try:
            _com_paciencia(self.conn, lambda: anotar(self.conn, self.fontes, TRAVA), self.andamento)
            self.andamento.soltou()
            yield
        except BaseException:
            self.desanotar()
            raise

    def desanotar(self) -> None:
        """Take the notes away; where that cannot be, they do no harm."""
        for _ in range(AO_LIMPAR):
            try:
                desanotar(self.conn)
                return
            except (psycopg.errors.LockNotAvailable, psycopg.errors.DeadlockDetected):
                time.sleep(random.uniform(0.2, 1))
            except psycopg.Error:  # no connection any more
                break
        self.andamento.diga(
            t(
                "{tabela} could not be removed, and does nothing: `estoque uninstall` takes "
                "it away",
                tabela=ANOTACAO,
            )
        )

    def _alcancar(self) -> None:
        """Put right what was noted, until little is left for the round that holds writers off.

        Where writers touch more than a round puts right, another one gains nothing.
        """
        self.andamento.diga(t("counting what was written meanwhile"))
        anterior = float("inf")
        for _ in range(RODADAS):
            inicio = time.monotonic()
            try:
                with self.conn.transaction():
                    passo(self.conn, "vivo_alcancar")
            except (psycopg.IntegrityError, psycopg.DataError):
                # Of a unification that changes this very moment one statement saw more than
                # another. Its note is for the next round; in the last one nothing changes.
                continue
            durou = time.monotonic() - inicio
            if durou < 0.2 or durou > 0.8 * anterior:
                return
            anterior = durou

    def _trocar(self) -> None:
        """Hold writers off, put the last notes right, and let the triggers count from here on."""
        self.andamento.recomecou()
        self._alcancar()
        with self.conn.transaction():
            passo(self.conn, "2_travar")
            passo(self.conn, "vivo_conferir")
            passo(self.conn, "vivo_alcancar")
            passo(self.conn, "vivo_trocar")

    def _ninguem_espera(self) -> bool:
        """Tell whether one may go on trying: who waits for us may have what we wait for."""
        return linhas(self.conn, "esperam_por_nos") == [(False,)]

    def _comecar(self) -> None:
        """Make the schema; refuse names of ours that are taken, before anything is made of them."""
        self.conn.execute(DAR_PASSAGEM)
        self.backend.criar_schema()
        nomes = [nome for texto in self.textos for nome in _NOSSO.findall(texto)]
        if self.ao_vivo and not pela_metade(self.conn, self.schema):
            nomes.append(ANOTACAO)
        tomados = [
            dizer(["%s is there already, and is not ours", nome])
            for (nome,) in linhas(self.conn, "nomes_tomados", schema=self.schema, nomes=nomes)
        ]
        if tomados:
            raise FonteIncompativel(
                t('the tables of schema "{schema}" do not fit', schema=self.schema),
                dica=t("Mend what is named, or choose another schema, then install again."),
                sqlstate="EP003",
                detalhe="\n".join(tomados),
            )


def _com_paciencia(
    conn: psycopg.Connection[Any],
    acao: Callable[[], T],
    andamento: Andamento,
    pode: Callable[[], bool] = lambda: True,
    *,
    leitores: bool = False,
) -> T:
    """Do something that gives way to writers, again and again until they let it be done.

    Where `pode` says that one may not go on trying, the caller has to begin further back.
    `leitores` tells that those who only read are in the way as well.
    """
    for tentativa in itertools.count(1):
        try:
            return acao()
        except (psycopg.errors.LockNotAvailable, psycopg.errors.DeadlockDetected) as erro:
            if not pode():
                raise
            quem = usam(conn, leitores)
            if tentativa == TENTATIVAS:
                abertas = quem or transacoes(conn)
                raise ErroEstoque(
                    t("the source tables stayed in use: nothing was changed"),
                    dica=dizer(["try at a quieter time, or end what is open: %s", abertas])
                    if abertas
                    else t("try at a quieter time"),
                    sqlstate=erro.sqlstate,
                ) from erro
            andamento.diga(t("the source tables are in use: trying again"))
            if quem:
                andamento.diga(t("they are held by {quem}", quem=quem))
            time.sleep(random.uniform(0.2, 1))
    raise AssertionError


def _juntos(erros: list[ErroEstoque]) -> ErroEstoque | None:
    """Make one error of several: that of the first, with what all have to say."""
    if len(erros) > 1:
        erros[0].mensagem = "; ".join(e.mensagem for e in erros)
        erros[0].detalhe = "\n".join(e.detalhe or "" for e in erros)
    return erros[0] if erros else None


def _travar(
    conn: psycopg.Connection[Any], tabelas: list[tuple[str, str]], segurando: bool = False
) -> None:
    """Lock tables (schema, name) for ourselves alone, until the end of the transaction.

    The first is waited for while nothing is held, unless we are `segurando` others already; all
    together then for less than a deadlock_timeout: whoever waits for us and has what we wait for
    goes first, and is no deadlock's victim. Raises LockNotAvailable.
    """
    impasse = float(
        _valor(conn, "SELECT extract(epoch FROM current_setting('deadlock_timeout')::interval)")
    )
    prazo = time.monotonic() + 0.1 * impasse if segurando else None
    for tabela in tabelas:
        espera = 2 if prazo is None else max(prazo - time.monotonic(), 0.001)
        conn.execute(
            "SELECT set_config('lock_timeout', %s, true)", [str(max(1, int(espera * 1000)))]
        )
        conn.execute(
            sql.SQL("LOCK TABLE ONLY {} IN ACCESS EXCLUSIVE MODE").format(sql.Identifier(*tabela))
        )
        prazo = prazo or time.monotonic() + 0.75 * impasse


def _tabelas(conn: psycopg.Connection[Any], nomes: Iterable[str]) -> list[tuple[str, str]]:
    """Return those of the names that are tables of the schema, as `_travar` takes them."""
    return linhas(conn, "tabelas_nossas", nomes=sorted(set(nomes)))


def _alteradas(textos: Iterable[str]) -> list[str]:
    """Return the tables that statements change or drop, or put an index on."""
    return [a or b for texto in textos for a, b in _ALTERADA.findall(texto)]


def _direitos(conn: psycopg.Connection[Any], schema: str) -> str:
    """Return what there is of ours, and who may do what with it, for the last step."""
    [(texto,)] = linhas(conn, "objetos_nossos", schema=schema)
    return str(texto)


def _texto(migracao: Any) -> str:
    return Path(migracao.path).read_text(encoding="utf-8")


def _texto_da_volta(migracao: Any) -> str:
    arquivo = Path(migracao.path)
    volta = arquivo.with_name(f"{arquivo.stem}.rollback.sql")
    return volta.read_text(encoding="utf-8") if volta.exists() else ""


def _seguem(texto: str) -> bool:
    """Whether writers may go on while a migration of this text is applied or rolled back."""
    return bool(_SEGUEM.search(texto))


# What yoyo made of the files of a migration, by their path and what they said: taking half a
# thousand statements apart is half of the work of installing, and some install into many schemas.
_LIDAS: dict[tuple[str, str, str], dict[str, Any]] = {}
_DA_LEITURA = ("steps", "source", "_depends", "use_transactions", "module")


def _carregar(migracao: Any) -> None:
    """Have yoyo read and split the files of a migration."""
    try:
        chave = (migracao.path, _texto(migracao), _texto_da_volta(migracao))
        if chave not in _LIDAS:
            migracao.load()
            _LIDAS[chave] = {nome: getattr(migracao, nome) for nome in _DA_LEITURA}
        vars(migracao).update(_LIDAS[chave])
    except UnicodeDecodeError as erro:
        # yoyo reads every file in UTF-8, and once more in the encoding of the locale.
        raise ErroEstoque(
            t("migration {id} cannot be read under this locale", id=migracao.id),
            dica=t("set {variavel}", variavel="PYTHONUTF8=1"),
        ) from erro
    except BadMigration as erro:
        raise ErroEstoque(
            t("migration {id} is not valid: {erro}", id=migracao.id, erro=erro)
        ) from erro
    if not migracao.use_transactions:
        raise ErroEstoque(t("migration {id} is not transactional: not supported", id=migracao.id))


@contextmanager
def _falha(obra: str) -> Iterator[None]:
    """Name the work that failed, keeping the class of our own errors."""
    try:
        yield
    except psycopg.Error as erro:
        falha = traduzir(erro)
        if isinstance(falha, MigracoesPendentes):  # "undefined table" means a bug here
            falha = ErroEstoque(falha.mensagem, erro.diag.message_hint, falha.sqlstate)
        if falha.sqlstate == "2BP01":  # the server's own hint is about a command it was not given
            falha.dica = t("drop what depends on ours, or move it elsewhere, and try again")
        if not (falha.sqlstate or "").startswith("EP"):
            falha.mensagem = f"{obra}: {falha.mensagem}"
        raise falha from erro


class _Backend(PostgresqlPsycopgBackend):  # type: ignore[misc]
    """yoyo's backend on a connection we own, under table names of our own."""

    migration_table = TABELA_MIGRACAO
    log_table = TABELA_LOG
    version_table = TABELA_VERSAO

    def __init__(self, conn: psycopg.Connection[Any], schema: str) -> None:
        # Not super().__init__(): it connects by a URI and probes the database with DDL.
        self.schema = schema
        self.DatabaseError = self.driver.DatabaseError
        self.has_transactional_ddl = True
        self._connection = conn
        self._is_locked = True  # the advisory lock is held; yoyo's lock table is never made
        self._internal_schema_updated = True  # preparar() sees to it
        self.init_connection(conn)

    def init_connection(self, connection: psycopg.Connection[Any]) -> None:
        # Also called by yoyo after a rollback.
        caminho = sql.Identifier(self.schema).as_string(connection) + ", pg_temp"
        connection.execute("SELECT set_config('search_path', %s, false)", (caminho,))

    def get_log_data(self, migration: Any = None, operation: str = "apply") -> dict[str, Any]:
        # yoyo's own asks the resolver for the host's full name, which may take seconds, and
        # fails for a user without a passwd entry.
        return {
            "id": str(uuid.uuid1()),
            "migration_id": migration.id if migration else None,
            "migration_hash": migration.hash if migration else None,
            "username": _usuario(),
            "hostname": socket.gethostname()[:255],
            "created_at_utc": datetime.now(timezone.utc).replace(tzinfo=None),
            "operation": operation,
        }

    def list_tables(self, **_: Any) -> list[str]:
        consulta = (
            "SELECT c.relname::text FROM pg_catalog.pg_class AS c"
            " JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace"
            " WHERE n.nspname = :schema"
        )
        return [linha[0] for linha in self.execute(consulta, {"schema": self.schema})]

    def preparar(self) -> None:
        """Make what the bookkeeping needs, in the transaction of the migration that needs it.

        A first install that fails leaves not even an empty schema.
        """
        self.criar_schema()
        if internalmigrations.needs_upgrading(self):
            internalmigrations.upgrade(self)
        self.execute(
            f"CREATE TABLE IF NOT EXISTS {TABELA_SOMA} ("
            " id text PRIMARY KEY, sha256 text NOT NULL,"
            " aplicada_em timestamptz NOT NULL DEFAULT now())"
        )
        # Whoever may use the schema may ask what is installed in it, and no more.
        self.execute(f"REVOKE ALL ON {TABELA_SOMA} FROM PUBLIC")
        self.execute(f"GRANT SELECT ON {TABELA_SOMA} TO PUBLIC")

    def criar_schema(self) -> None:
        """Make the schema where it is missing."""
        if not _valor(self.connection, EXISTE, self.schema):
            # Not IF NOT EXISTS: that asks for the right to create it even where it exists.
            # And not through yoyo, which would take a % in the name for a parameter.
            identificador = sql.Identifier(self.schema)
            self.connection.execute(sql.SQL("CREATE SCHEMA {}").format(identificador))

    def guardar_soma(self, migracao: str, soma: str) -> None:
        self.execute(
            f"INSERT INTO {TABELA_SOMA} (id, sha256) VALUES (:id, :soma)",
            {"id": migracao, "soma": soma},
        )

    def apagar_soma(self, migracao: str) -> None:
        self.execute(f"DELETE FROM {TABELA_SOMA} WHERE id = :id", {"id": migracao})

    def remover_tabelas(self) -> None:
        tabelas = (self.migration_table, self.log_table, self.version_table)
        with self.transaction():
            for tabela in tabelas:
                self.execute(f"DROP TABLE IF EXISTS {self.quote_identifier(tabela)}")
            self.execute(f"DROP TABLE IF EXISTS {TABELA_SOMA}")


def _usuario() -> str:
    try:
        return getpass.getuser()[:255]
    except (KeyError, OSError):  # no LOGNAME or USER, and no passwd entry
        return f"uid {os.getuid()}"
