"""Where Citus is in the database: what a session that installs needs there, and what is refused.

All else that differs is decided in the database, by `_estoque_ajustar_ao_citus`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import sql

from estoque_pg.adocao import linhas
from estoque_pg.erros import ErroEstoque
from estoque_pg.idioma import t

FORA = "0A000"  # feature_not_supported


def preparar(conn: psycopg.Connection[Any]) -> None:
    """Set the session for an installation; refuse a node that is not the coordinator.

    A schema that it makes is distributed, and triggers on its tables are allowed.
    """
    if _no_coordenador(conn):
        conn.execute("SET citus.enable_schema_based_sharding = on")
        conn.execute("SET citus.enable_unsafe_triggers = on")


@contextmanager
def so_no_coordenador(conn: psycopg.Connection[Any]) -> Iterator[None]:
    """Within a transaction: what is made is of the coordinator alone, and no company of Citus."""
    if not _no_coordenador(conn):
        yield
        return
    [(antes,)] = linhas(conn, "citus_propaga")
    conn.execute("SET LOCAL citus.enable_ddl_propagation = off")
    yield
    if antes:
        conn.execute("SET LOCAL citus.enable_ddl_propagation = on")


def _no_coordenador(conn: psycopg.Connection[Any]) -> bool:
    """Tell whether this is a coordinator of Citus; refuse another node of it."""
    [(presente,)] = linhas(conn, "citus_presente")
    if not presente:
        return False
    [(aqui, coordenador)] = linhas(conn, "citus_coordenador")
    if not aqui:
        raise ErroEstoque(
            t("Citus makes and changes objects at its coordinator only"),
            dica=t("give --dsn the address of the coordinator, {onde}", onde=coordenador)
            if coordenador
            else t("give --dsn the address of the coordinator"),
            sqlstate=FORA,
        )
    return True


def exigir_distribuido(conn: psycopg.Connection[Any], schema: str, *, nova: bool) -> bool:
    """Tell whether a schema that exists is distributed; refuse to install into one that is not.

    An installation that is older than Citus in its database goes on where it is.
    """
    [(presente,)] = linhas(conn, "citus_presente")
    if not presente:
        return False
    [(distribuido,)] = linhas(conn, "citus_distribuido", schema=schema)
    if distribuido:
        return True
    if nova:
        comando = sql.SQL("SELECT citus_schema_distribute({});").format(
            sql.Literal(sql.Identifier(schema).as_string(conn))
        )
        raise ErroEstoque(
            t(
                'Citus is in this database and has not distributed the schema "{schema}"',
                schema=schema,
            ),
            dica=t("at a quiet time, as its owner: {comando}", comando=comando.as_string(conn)),
            sqlstate=FORA,
        )
    conn.execute("SET citus.enable_ddl_propagation = off")
    return False
