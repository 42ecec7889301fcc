"""The pools of the application: for questions and pages, a connection for /saude and /metrics."""

from __future__ import annotations

from typing import Any, TypedDict

import psycopg
from psycopg.conninfo import conninfo_to_dict
from psycopg_pool import AsyncConnectionPool, ConnectionPool

CONEXOES = 10
PAGINAS = 4  # of the panel, besides
ESPERA = 2.0  # seconds a request waits for a connection before it answers 503


class _Comum(TypedDict):
    open: bool
    timeout: float
    reconnect_timeout: float
    kwargs: dict[str, Any]


def _comum(conninfo: str) -> _Comum:
    limite = conninfo_to_dict(conninfo).get("connect_timeout", 5)
    return {
        "open": False,
        "timeout": ESPERA,
        # Do not try again at ever longer intervals: the next request tries, so that the first one
        # after the database is back finds it.
        "reconnect_timeout": 0.0,
        "kwargs": {
            "autocommit": True,
            "client_encoding": "utf8",
            "connect_timeout": limite,
            "fallback_application_name": "estoque servir",
        },
    }


def pool_de_perguntas(conninfo: str) -> AsyncConnectionPool[psycopg.AsyncConnection[Any]]:
    """Return the pool of the questions, unopened; a connection is checked before it is lent."""

    return AsyncConnectionPool(
        conninfo,
        min_size=1,
        max_size=CONEXOES,
        check=AsyncConnectionPool.check_connection,
        name="perguntas",
        **_comum(conninfo),
    )


def pool_de_paginas(conninfo: str) -> ConnectionPool[psycopg.Connection[Any]]:
    """Return the pool of the panel, unopened: a page asks several questions of one snapshot."""

    return ConnectionPool(
        conninfo,
        min_size=0,
        max_size=PAGINAS,
        check=ConnectionPool.check_connection,
        name="paginas",
        **_comum(conninfo),
    )


def pool_de_saude(conninfo: str) -> ConnectionPool[psycopg.Connection[Any]]:
    """Return the one connection that /saude has aside, also when the questions use all of theirs.

    Unopened, and however many ask, never more than one.
    """
    return _de_uma(conninfo, "saude")


def pool_de_metricas(conninfo: str) -> ConnectionPool[psycopg.Connection[Any]]:
    """Return the one connection of /metrics, unopened: a slow /saude is no database away."""
    return _de_uma(conninfo, "metricas")


def _de_uma(conninfo: str, nome: str) -> ConnectionPool[psycopg.Connection[Any]]:
    return ConnectionPool(
        conninfo,
        min_size=0,
        max_size=1,
        check=ConnectionPool.check_connection,
        name=nome,
        **_comum(conninfo),
    )
