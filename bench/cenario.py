"""Builds what is measured: the same rows in three schemas of one database.

`nosso` has the product installed, `linha` a textbook row trigger, `nu` nothing at all. Tables and
indexes of the latter two are copies of the first one's.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from estoque_pg.migracoes import instalar

PASTA = Path(__file__).resolve().parent
PRODUTOS = 10_000
NOSSO, LINHA, NU = "nosso", "linha", "nu"
FONTES = (
    "unificacao_codigos",
    "movimentacao_estoque",
    "embarque_itens",
    "separacao",
    "pre_separacao_item",
    "programacao_producao",
)
_PASSOS = (
    "semente", "unificacoes", "movimentos", "embarques", "separacoes", "pre_separacoes",
    "producoes",
)  # fmt: skip


def _ler() -> dict[str, bytes]:
    partes = re.split(r"^-- nome: (\w+)$", (PASTA / "cenario.sql").read_text(), flags=re.M)
    pares = zip(partes[1::2], partes[2::2], strict=True)
    return {nome: corpo.strip().rstrip(";").encode() for nome, corpo in pares}


COMANDOS = _ler()


def usar(conn: psycopg.Connection[Any], schema: str) -> None:
    conn.execute("SELECT set_config('search_path', %s, false)", (schema,))


def construir(dsn: str, movimentos: int) -> None:
    """Install and fill `nosso` through its triggers, then copy it to the other two."""
    instalar(dsn, NOSSO)
    with psycopg.connect(dsn, autocommit=True) as conn:
        usar(conn, NOSSO)
        for passo in _PASSOS:
            conn.execute(COMANDOS[passo], {"produtos": PRODUTOS, "movimentos": movimentos})
        for schema in (LINHA, NU):
            _copiar(conn, schema)
        usar(conn, LINHA)
        conn.execute((PASTA / "gatilho_linha.sql").read_bytes())
        # What autovacuum would do some time during the measurement, done now.
        conn.execute("VACUUM (FREEZE, ANALYZE)")
        conn.execute("CHECKPOINT")


def _copiar(conn: psycopg.Connection[Any], schema: str) -> None:
    conn.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(schema)))
    for tabela in FONTES:
        origem, copia = sql.Identifier(NOSSO, tabela), sql.Identifier(schema, tabela)
        # Identity columns get sequences of their own; sequences count on from the copied rows.
        conn.execute(sql.SQL("CREATE TABLE {} (LIKE {} INCLUDING ALL)").format(copia, origem))
        conn.execute(sql.SQL("INSERT INTO {} SELECT * FROM {}").format(copia, origem))
        conn.execute(
            sql.SQL(
                "SELECT setval(pg_get_serial_sequence({}, 'id'), max(id) + 1, false) FROM {}"
            ).format(sql.Literal(f"{schema}.{tabela}"), copia)
        )
