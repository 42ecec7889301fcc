"""How a page asks: on a connection of the pages' pool, for a limited time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from fastapi import Request

from estoque_pg.api import APIEstoqueTempoReal, responder, retrato
from estoque_pg.erros import traduzindo
from estoque_pg.perguntas import internas

LIMITE = 15  # seconds that a statement of a page may take


@contextmanager
def conexao(request: Request) -> Iterator[psycopg.Connection[Any]]:
    """Lend a connection."""
    with traduzindo(), request.app.state.pool_de_paginas.connection() as conn:
        yield conn


@contextmanager
def perguntando(request: Request, schema: str | None) -> Iterator[APIEstoqueTempoReal]:
    """Ask several questions of one snapshot."""
    with conexao(request) as conn, retrato(conn, schema) as api:
        api.responder(internas.limitar(LIMITE * 1000))
        yield api


@contextmanager
def escrevendo(request: Request, schema: str | None) -> Iterator[APIEstoqueTempoReal]:
    """Write in one transaction."""
    with conexao(request) as conn, conn.transaction():
        responder(conn, internas.limitar(LIMITE * 1000))
        yield APIEstoqueTempoReal(conn, schema)
