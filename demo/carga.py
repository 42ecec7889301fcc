"""Fills an empty database with the demonstration's ERP, in one transaction."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

import psycopg
from psycopg import sql

from demo.comandos import COMANDOS
from demo.dados import Tabela, gerar

_LARGURA = 32
_PASSO = 2000  # rows between two looks at the bar

Avisar = Callable[[int, int, str], None]


@dataclass(frozen=True, slots=True)
class Feita:
    """How much was loaded, in which time."""

    linhas: int
    segundos: float


@dataclass(frozen=True, slots=True)
class Carga:
    """What was loaded: from which seed, for which day."""

    semente: int
    dia: date


def ler_carga(conn: psycopg.Connection[Any]) -> Carga | None:
    """What the database was loaded with; None when it is still empty."""
    existe = conn.execute(COMANDOS["carga_existe"]).fetchone()
    if existe is None or not existe[0]:
        return None
    linha = conn.execute(COMANDOS["ler_carga"]).fetchone()
    return Carga(*linha) if linha else None


def carregar(conn: psycopg.Connection[Any], semente: int, hoje: date) -> Feita:
    """Load all source tables; return how many rows, and the seconds it took.

    The mark that says "loaded" commits together with the rows: a run that is interrupted leaves
    an empty database, never half an ERP.
    """
    tabelas = gerar(semente, hoje)
    total = sum(t.total for t in tabelas)
    barra = _barra() if sys.stderr.isatty() else None
    inicio = time.perf_counter()
    feitas = 0
    with conn.transaction(), conn.cursor() as cursor:
        cursor.execute(COMANDOS["criar_carga"])
        for tabela in tabelas:
            feitas = _copiar(cursor, tabela, feitas, total, barra)
        cursor.execute(COMANDOS["marcar_carga"], {"semente": semente, "dia": hoje})
    segundos = time.perf_counter() - inicio
    if barra:
        print("\r\x1b[K", end="", file=sys.stderr, flush=True)
    conn.execute(COMANDOS["analisar"])
    return Feita(total, segundos)


def _copiar(
    cursor: psycopg.Cursor[Any], tabela: Tabela, feitas: int, total: int, barra: Avisar | None
) -> int:
    comando = sql.SQL("COPY {} ({}) FROM STDIN").format(
        sql.Identifier(tabela.nome), sql.SQL(", ").join(map(sql.Identifier, tabela.colunas))
    )
    with cursor.copy(comando) as copia:
        for linha in tabela.linhas:
            copia.write_row(linha)
            feitas += 1
            if barra and feitas % _PASSO == 0:
                barra(feitas, total, tabela.nome)
        if barra:
            # The statement-level triggers run now, once for all rows of the table.
            barra(feitas, total, tabela.nome)
    return feitas


def _barra() -> Avisar:
    def mostrar(feitas: int, total: int, nome: str) -> None:
        cheio = _LARGURA * feitas // total
        desenho = "█" * cheio + "░" * (_LARGURA - cheio)
        texto = f"\r\x1b[K{desenho} {100 * feitas // total:3d}%  {nome}"
        print(texto, end="", file=sys.stderr, flush=True)

    return mostrar
