"""Loads consultas.sql: the statements by name, parsed once at import, for any schema."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from psycopg import sql

_MARCA = re.compile(r"^-- nome: (\w+)$", re.MULTILINE)


def _carregar() -> Mapping[str, bytes]:
    # "prefix, name, body, name, body, ..."; comments stay out of what is sent.
    partes = _MARCA.split((Path(__file__).parent / "consultas.sql").read_text(encoding="utf-8"))
    consultas: dict[str, bytes] = {}
    for nome, corpo in zip(partes[1::2], partes[2::2], strict=True):
        linhas = (linha for linha in corpo.splitlines() if not linha.startswith("--"))
        consultas[nome] = "\n".join(linhas).strip().rstrip(";").encode()
    return MappingProxyType(consultas)


_MODELOS: Mapping[str, bytes] = _carregar()


def consulta(nome: str, schema: str | None = None) -> bytes:
    """Return a statement that finds what is ours in a schema; None leaves it to the search_path."""
    if schema is None:
        return CONSULTAS[nome]
    onde = sql.Identifier(schema).as_bytes(None).replace(b"%", b"%%")
    modelo = _MODELOS[nome].replace(b"'nosso.", b"'" + onde.replace(b"'", b"''") + b".")
    return modelo.replace(b"nosso.", onde + b".")


CONSULTAS: Mapping[str, bytes] = MappingProxyType(
    {nome: modelo.replace(b"nosso.", b"") for nome, modelo in _MODELOS.items()}
)
