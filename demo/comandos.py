"""Loads the demonstration's own statements by name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

_MARCA = re.compile(r"^-- nome: (\w+)$", re.MULTILINE)


def _ler() -> Mapping[str, bytes]:
    partes = _MARCA.split((Path(__file__).parent / "consultas.sql").read_text(encoding="utf-8"))
    pares = zip(partes[1::2], partes[2::2], strict=True)
    return {nome: corpo.strip().rstrip(";").encode() for nome, corpo in pares}


COMANDOS: Mapping[str, bytes] = _ler()
