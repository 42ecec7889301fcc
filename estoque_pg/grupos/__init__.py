"""Groups of companies: made, changed, taken away. Who asks one needs `GrupoEstoque` alone.

A group is a schema of its own, of one owner, with two tables, and functions of the files beside it.
No company has anything of it, and nothing of it depends on a company: each can be upgraded and
removed as before. The connection is the caller's, and every function is one transaction.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict
from psycopg.pq import PGconn

from estoque_pg import citus
from estoque_pg.api import responder
from estoque_pg.erros import ArgumentoInvalido, SemPermissao, citado, sem_conexao, traduzindo
from estoque_pg.idioma import t
from estoque_pg.perguntas import grupos
from estoque_pg.perguntas.grupos import GrupoDeEmpresas

PASTA = Path(__file__).parent
TABELAS = frozenset({"estoque_grupo", "estoque_grupo_empresa"})
LIMITE = 5.0  # seconds that a server may take over a company's answer


def criar(
    conn: psycopg.Connection[Any],
    grupo: str,
    esquemas: Sequence[str] = (),
    padrao: str | None = None,
    *,
    limite: float = LIMITE,
    dono: str | None = None,
    leitores: Sequence[str] = (),
) -> None:
    """Make a group: of the schemas named, and of all that match a pattern, in which % is any text.

    It belongs to `dono`, or to who makes it; `leitores` may ask it. Raises ArgumentoInvalido for a
    schema that exists already, or one in which nothing is installed.
    """
    with _transacao(conn):
        if _dono(conn, grupo) is not None or _existe(conn, grupo):
            raise ArgumentoInvalido(
                t('the schema "{schema}" exists already', schema=grupo),
                dica=t("a group has a schema of its own: choose another name"),
            )
        dele = sql.SQL(" AUTHORIZATION {}").format(sql.Identifier(dono)) if dono else sql.SQL("")
        conn.execute(sql.SQL("CREATE SCHEMA {}{}").format(sql.Identifier(grupo), dele))
        with _como(conn, grupo, dono):
            for arquivo in _arquivos():
                conn.execute(arquivo)
            conn.execute((PASTA / "restringir.sql").read_bytes())
            responder(conn, grupos.fazer_grupo(padrao or None, limite), grupo)
        for esquema in esquemas:
            incluir(conn, grupo, esquema)
        for papel in leitores:
            conceder(conn, grupo, papel)


def atualizar(
    conn: psycopg.Connection[Any],
    grupo: str,
    padrao: str | None = None,
    limite: float | None = None,
) -> None:
    """Make the group's functions anew, as this package has them; change pattern or limit."""
    with _do_dono(conn, grupo):
        for arquivo in _arquivos(sem="01_tabelas.sql"):
            conn.execute(arquivo)
        responder(conn, grupos.mudar_grupo(padrao or None, limite), grupo)


def incluir(
    conn: psycopg.Connection[Any],
    grupo: str,
    empresa: str,
    esquema: str | None = None,
    servidor: str | None = None,
) -> None:
    """Take a company into a group: a schema of this database, or of the one that a DSN names.

    The schema is called as the company unless it is given. Of the DSN the password is kept for the
    group's owner alone; it may stand in PGPASSWORD or a password file instead. Companies of the
    same DSN share a connection.
    """
    onde = esquema or empresa
    with _transacao(conn):
        _exigir(conn, grupo)
        cabe = responder(conn, grupos.cabimento(empresa, onde), grupo)
        if servidor is None and not cabe.instalada:
            raise ArgumentoInvalido(
                t('nothing is installed in schema "{schema}"', schema=onde),
                dica=t("a company of another server is given with --servidor"),
            )
        # A schema of that name would come in besides, one day.
        if cabe.tomado or (cabe.pelo_padrao and (servidor is not None or onde != empresa)):
            raise ArgumentoInvalido(
                t("the group has a company {empresa}, or will by its pattern", empresa=empresa),
                dica=t("give the company another name, and its schema with --esquema"),
            )
        alheio = _servidor(conn, grupo, servidor) if servidor is not None else None
        with _do_dono(conn, grupo):
            responder(conn, grupos.incluir_empresa(empresa, onde, alheio), grupo)


def retirar(conn: psycopg.Connection[Any], grupo: str, empresa: str) -> None:
    """Take a company out of a group, and its foreign server where it is the last one on it."""
    with _do_dono(conn, grupo):
        if not responder(conn, grupos.retirar_empresa(empresa), grupo):
            raise ArgumentoInvalido(
                t("the group does not name a company {empresa}", empresa=citado(empresa)),
                dica=t("companies of the pattern are in it for as long as they match"),
            )


def conceder(conn: psycopg.Connection[Any], grupo: str, papel: str) -> list[str]:
    """Let a role ask the group; it needs no right in any company. Returns the statements run."""
    with _do_dono(conn, grupo):
        return responder(conn, grupos.conceder_grupo(papel), grupo)


def apagar(conn: psycopg.Connection[Any], grupo: str) -> None:
    """Take a group away; no company is touched. What others have made in its schema stays."""
    with _do_dono(conn, grupo):
        conn.execute((PASTA / "apagar.sql").read_bytes())
        with suppress(psycopg.errors.DependentObjectsStillExist), conn.transaction():
            conn.execute(sql.SQL("DROP SCHEMA {}").format(sql.Identifier(grupo)))


def listar(conn: psycopg.Connection[Any]) -> list[GrupoDeEmpresas]:
    """Return the groups of the database, of those the role may use."""
    return responder(conn, grupos.grupos())


# -- inside --------------------------------------------------------------------------------------


def _arquivos(sem: str = "") -> list[bytes]:
    return [a.read_bytes() for a in sorted(PASTA.glob("0*.sql")) if a.name != sem]


def _dono(conn: psycopg.Connection[Any], grupo: str) -> str | None:
    return next((g.dono for g in responder(conn, grupos.grupos()) if g.grupo == grupo), None)


def _existe(conn: psycopg.Connection[Any], schema: str) -> bool:
    return responder(conn, grupos.existe_schema(schema))


def _exigir(conn: psycopg.Connection[Any], grupo: str) -> str:
    """Return the owner of a group; raise ArgumentoInvalido where there is no such group."""
    dono = _dono(conn, grupo)
    if dono is None:
        raise sem_grupo(conn, grupo)
    return dono


def sem_grupo(conn: psycopg.Connection[Any], grupo: str) -> ArgumentoInvalido:
    """Return the error that says which groups there are instead."""
    nomes = ", ".join(g.grupo for g in responder(conn, grupos.grupos()))
    return ArgumentoInvalido(
        t('there is no group "{grupo}" in this database', grupo=grupo),
        dica=t("groups of this database: {nomes}", nomes=nomes)
        if nomes
        else t("`estoque grupo criar` makes one"),
    )


@contextmanager
def _do_dono(conn: psycopg.Connection[Any], grupo: str) -> Iterator[None]:
    """Work in a transaction as the group's owner: what is made is the owner's then."""
    with _transacao(conn), _como(conn, grupo, _exigir(conn, grupo)):
        yield


@contextmanager
def _transacao(conn: psycopg.Connection[Any]) -> Iterator[None]:
    """What is made in the block is there as a whole or not at all; on Citus, at one node."""
    with traduzindo(), conn.transaction(), citus.so_no_coordenador(conn):
        yield


@contextmanager
def _como(conn: psycopg.Connection[Any], grupo: str, papel: str | None) -> Iterator[None]:
    """Within a transaction: be a role, and look into the group's schema alone."""
    caminho = sql.SQL("{}, pg_temp").format(sql.Identifier(grupo)).as_string(conn)
    antes = responder(conn, grupos.quem_e_onde())
    responder(conn, grupos.ser(papel or antes.papel, caminho))
    yield
    responder(conn, grupos.ser(antes.papel, antes.caminho))


def _servidor(conn: psycopg.Connection[Any], grupo: str, dsn: str) -> str:
    """Return the foreign server to where a DSN leads."""
    opcoes = _opcoes(dsn)
    senha = opcoes.pop("password", None)
    dono = _exigir(conn, grupo)
    try:
        with conn.transaction():
            for extensao in responder(conn, grupos.extensoes_que_faltam()):
                conn.execute(sql.SQL("CREATE EXTENSION {}").format(sql.Identifier(extensao)))
            return responder(conn, grupos.servidor_do_grupo(json.dumps(opcoes), senha), grupo)
    except (SemPermissao, psycopg.errors.InsufficientPrivilege) as erro:
        comandos = (
            "CREATE EXTENSION IF NOT EXISTS postgres_fdw; CREATE EXTENSION IF NOT EXISTS dblink;"
            " GRANT USAGE ON FOREIGN DATA WRAPPER postgres_fdw TO "
        )
        raise SemPermissao(
            t("companies of other servers need what a superuser gives once"),
            dica=f"{comandos}{sql.Identifier(dono).as_string(conn)};",
            sqlstate="42501",
        ) from erro


def _opcoes(dsn: str) -> dict[str, str]:
    """Return the options of a DSN, user and password as libpq finds them: nothing is waited for."""
    try:
        opcoes = {nome: str(valor) for nome, valor in conninfo_to_dict(dsn).items()}
    except psycopg.Error as erro:
        raise sem_conexao(erro) from erro
    ligacao = PGconn.connect_start(dsn.encode())
    try:
        achados = {"user": ligacao.user, "password": ligacao.password}
    except psycopg.OperationalError:  # of a service or a host that this machine does not know
        achados = {}
    finally:
        ligacao.finish()
    return {nome: valor.decode() for nome, valor in achados.items() if valor} | opcoes
