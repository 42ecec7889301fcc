"""The single-row statements that are measured, with their aims."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import psycopg
from cenario import LINHA, NU
from comandos import COMANDOS, valor
from roteiro import Roteiro


@dataclass(frozen=True, slots=True)
class Carga:
    """A statement, and the aims of its speed: what share of another schema's it is to reach."""

    chave: str  # and the name of its script in pgbench/
    nome: str
    metas: Mapping[int, float]  # by number of clients
    referencia: str = NU
    a_apagar: str | None = None  # the rows it deletes: <name>_a_apagar, <name>_que_sobraram
    roteiro: Roteiro = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "roteiro", Roteiro(self.chave))

    def preparar(
        self, conn: psycopg.Connection[Any], variaveis: Mapping[str, int], quantos: int
    ) -> None:
        """Make rows to delete, where that is what the statement does."""
        if self.a_apagar:
            parametros = {**variaveis, "quantos": quantos}
            conn.execute(COMANDOS[f"{self.a_apagar}_a_apagar"], parametros)

    def conferir(self, conn: psycopg.Connection[Any], sobram: int) -> None:
        """See that every statement found its row, as so many are left, and remove those.

        A DELETE that finds no row costs nothing.
        """
        if self.a_apagar and (sobra := valor(conn, f"{self.a_apagar}_que_sobraram")) != sobram:
            raise AssertionError(f"{self.chave}: {sobra} rows were left, not {sobram}")


CARGAS = (
    Carga("movimento_inserido", "movement inserted", {1: 0.67, 8: 0.57}),
    Carga("movimento_quantidade", "movement's quantity changed", {1: 0.55, 8: 0.45}),
    Carga("movimento_ativo", "movement struck out or restored", {1: 0.55, 8: 0.45}),
    Carga("movimento_apagado", "movement deleted", {1: 0.55, 8: 0.45}, a_apagar="movimentos"),
    Carga("separacao_inserida", "separation inserted", {1: 0.50, 8: 0.40}),
    Carga("separacao_data", "separation moved to another day", {1: 0.42, 8: 0.32}),
    Carga("pre_separacao_status", "pre-separation's status changed", {1: 0.48, 8: 0.35}),
    Carga("producao_inserida", "production inserted", {1: 0.50, 8: 0.38}),
    Carga("producao_data", "production moved to another day", {1: 0.50, 8: 0.38}),
    Carga("producao_apagada", "production deleted", {1: 0.50, 8: 0.38}, a_apagar="producoes"),
    # Last: it leaves its products with names that the movements above do not bear.
    Carga("movimento_outro_nome", "movement inserted under another name", {1: 0.55, 8: 0.55}),
)
# Everybody waits for the same row, in either way of keeping a sum.
PRODUTO_QUENTE = Carga("produto_quente", "one hot product", {16: 0.95}, LINHA)


def sortear() -> random.Random:
    """The same draws in every run."""
    return random.Random(42)
