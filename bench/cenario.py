"""Builds what is measured: source tables filled first, the product installed over them.

Where writes are compared the same rows stand in further schemas, with tables and indexes that are
copies of ours: `nu` has no trigger at all, `linha` a textbook row trigger, `ivm` pg_ivm's views.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import psycopg
from comandos import COMANDOS, PASTA, usar
from psycopg import sql
from ritmo import Tamanho

from estoque_pg.migracoes import instalar

NOSSO, LINHA, NU, IVM = "nosso", "linha", "nu", "ivm"
ROTULOS = {NU: "bare", LINHA: "row trigger", IVM: "pg_ivm", NOSSO: "ours"}
_FONTES = PASTA.parent / "sql" / "01_fontes"
_PASSOS = (
    "unificacoes", "movimentos", "aberturas", "embarques", "separacoes", "pre_separacoes",
    "producoes", "rompidos",
)  # fmt: skip


def construir(dsn: str, tamanho: Tamanho) -> None:
    """Fill the sources in `nosso`, then install."""
    encher(dsn, tamanho)
    instalar(dsn, NOSSO)
    regrar(dsn, tamanho)
    arrumar(dsn)


def encher(dsn: str, tamanho: Tamanho, schema: str = NOSSO) -> None:
    """Make the source tables in a schema and fill them."""
    with psycopg.connect(dsn, autocommit=True) as conn:
        conn.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(schema)))
        usar(conn, schema)
        for arquivo in arquivos_das_fontes():
            conn.execute(arquivo.read_bytes())
        for passo in _PASSOS:
            conn.execute(COMANDOS[passo], tamanho.parametros())
        conn.execute("VACUUM ANALYZE")


def regrar(dsn: str, tamanho: Tamanho) -> None:
    """Lay down rules of products, as planners do after the installation."""
    with psycopg.connect(dsn, autocommit=True) as conn:
        usar(conn, NOSSO)
        conn.execute(COMANDOS["regras"], tamanho.parametros())


def arrumar(dsn: str, schema: str = NOSSO) -> None:
    """Do now what autovacuum and the checkpointer would do some time during the measurement."""
    with psycopg.connect(dsn, autocommit=True) as conn:
        usar(conn, schema)
        conn.execute("CREATE SEQUENCE IF NOT EXISTS vez")  # counts off the rows that are deleted
        conn.execute("VACUUM (FREEZE, ANALYZE)")
        conn.execute("CHECKPOINT")


def comparar(dsn: str) -> list[str]:
    """Copy the rows of `nosso` to the schemas it is compared with; return all, ours last."""
    with psycopg.connect(dsn, autocommit=True) as conn:
        schemas = [NU, LINHA, *([IVM] if tem_extensao(conn, "pg_ivm") else [])]
        for schema in schemas:
            _copiar(conn, schema)
        usar(conn, LINHA)
        conn.execute((PASTA / "gatilho_linha.sql").read_bytes())
        if IVM in schemas:
            conn.execute("CREATE EXTENSION IF NOT EXISTS pg_ivm")
            usar(conn, f"{IVM}, pgivm")
            conn.execute((PASTA / "pg_ivm.sql").read_bytes())
    arrumar(dsn)
    return [*schemas, NOSSO]


def alvo(tamanho: Tamanho) -> dict[str, int]:
    """What the scripts of pgbench/ draw from: codes and ids of products that do not run out."""
    return {
        "de": 100_001,
        "ate": 100_000 + tamanho.produtos,
        "movimento_de": 1,
        "movimento_ate": tamanho.movimentos,
        "separacao_de": 1,
        "separacao_ate": tamanho.separacoes,
        "pre_separacao_de": 1,
        "pre_separacao_ate": tamanho.pre_separacoes,
        "producao_de": 1,
        "producao_ate": tamanho.producoes,
    }


def alvo_de(conn: psycopg.Connection[Any], codigo: str) -> dict[str, int]:
    """The same, of one product alone."""
    cursor = conn.execute(COMANDOS["faixas"], {"codigo": codigo})
    linha = cursor.fetchone()
    assert linha is not None
    assert cursor.description is not None
    faixas = dict(zip((coluna.name for coluna in cursor.description), linha, strict=True))
    return {"de": int(codigo), "ate": int(codigo), **faixas}


def arquivos_das_fontes() -> list[Path]:
    return sorted(_FONTES.glob("*.sql"))


def tem_extensao(conn: psycopg.Connection[Any], nome: str) -> bool:
    """Whether the server comes with an extension."""
    consulta = "SELECT FROM pg_available_extensions WHERE name = %s"
    return conn.execute(consulta, [nome]).fetchone() is not None


def _copiar(conn: psycopg.Connection[Any], schema: str) -> None:
    conn.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(schema)))
    conn.execute(sql.SQL("CREATE SEQUENCE {}").format(sql.Identifier(schema, "vez")))
    for tabela in (arquivo.stem for arquivo in arquivos_das_fontes()):
        origem, copia = sql.Identifier(NOSSO, tabela), sql.Identifier(schema, tabela)
        # Identity columns get sequences of their own; sequences count on from the copied rows.
        conn.execute(sql.SQL("CREATE TABLE {} (LIKE {} INCLUDING ALL)").format(copia, origem))
        conn.execute(sql.SQL("INSERT INTO {} SELECT * FROM {}").format(copia, origem))
        conn.execute(
            sql.SQL(
                "SELECT setval(pg_get_serial_sequence({}, 'id'), max(id) + 1, false) FROM {}"
            ).format(sql.Literal(f"{schema}.{tabela}"), copia)
        )
