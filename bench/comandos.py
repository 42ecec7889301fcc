"""The SQL of the benchmark, by name: what stands below `-- nome: ...` in the files beside this."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import psycopg

PASTA = Path(__file__).resolve().parent
_ARQUIVOS = ("cenario.sql", "perguntas.sql", "alternativas.sql", "em_citus.sql")


def _ler() -> dict[str, bytes]:
    comandos: dict[str, bytes] = {}
    for arquivo in _ARQUIVOS:
        texto = (PASTA / arquivo).read_text(encoding="utf-8")
        partes = re.split(r"^-- nome: (\w+)$", texto, flags=re.MULTILINE)
        for nome, corpo in zip(partes[1::2], partes[2::2], strict=True):
            assert nome not in comandos, f"{nome} stands twice"
            comandos[nome] = corpo.strip().rstrip(";").encode()
    return comandos


COMANDOS = _ler()


def valor(conn: psycopg.Connection[Any], comando: str) -> Any:
    """The one value that a named statement without parameters answers."""
    linha = conn.execute(COMANDOS[comando], {}).fetchone()  # {}: "%%" stands for "%" then
    assert linha is not None
    return linha[0]


def usar(conn: psycopg.Connection[Any], caminho: str) -> None:
    """Set the search_path."""
    conn.execute("SELECT set_config('search_path', %s, false)", (caminho,))
