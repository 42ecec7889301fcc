"""What an Accept header of any kind prefers: its items, each with a weight of its own."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

# A weight is written 0, 1, 0.8 or "0."; one that is no such number is no weight, which is 1.
_PESO = re.compile(r"(?:^|;)\s*q\s*=\s*([01](?:\.\d*)?)\s*(?:;|$)")


def preferido(aceitos: str, nosso: Callable[[str], T | None], senao: T) -> T:
    """Return what the heaviest item of ours stands for, the first of equals; else `senao`.

    `nosso` is given the name of an item and says what of ours it is, None where it is none. What
    has the weight 0 is not wanted.
    """
    melhor, escolha = 0.0, senao
    for item in aceitos.split(","):
        nome, _, parametros = item.partition(";")
        peso = _PESO.search(parametros)
        valor = float(peso[1]) if peso else 1.0
        achado = nosso(nome.strip())
        if achado is not None and valor > melhor:
            melhor, escolha = valor, achado
    return escolha
