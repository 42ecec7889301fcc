"""Loads consultas.sql: the statements by name, parsed once at import."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

_MARCA = re.compile(r"^-- nome: (\w+)$", re.MULTILINE)


def _carregar() -> Mapping[str, bytes]:
    # "prefix, name, body, name, body, ..."; comments stay out of what is sent.
    partes = _MARCA.split((Path(__file__).parent / "consultas.sql").read_text(encoding="utf-8"))
    consultas: dict[str, bytes] = {}
    for nome, corpo in zip(partes[1::2], partes[2::2], strict=True):
        linhas = (linha for linha in corpo.splitlines() if not linha.startswith("--"))
        consultas[nome] = "\n".join(linhas).strip().rstrip(";").encode()
    return MappingProxyType(consultas)


CONSULTAS: Mapping[str, bytes] = _carregar()
