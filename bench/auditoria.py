"""The audit after everything that was measured: a fast wrong number is worth nothing."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass

from bancada import Bancada, avisar
from cenario import NOSSO
from comandos import COMANDOS, valor


@dataclass(frozen=True, slots=True)
class Auditoria:
    """How much was compared with its sources, and how many differences were found."""

    movimentos: int = 0
    produtos: int = 0
    previsoes: int = 0
    diferencas: int = 0
    segundos: float = 0

    def __str__(self) -> str:
        return (
            f"Audit afterwards, of all databases: {self.produtos:,} products and "
            f"{self.previsoes:,} forecast rows compared with {self.movimentos:,} movements and "
            f"the open documents, {self.diferencas:,} differences, in {self.segundos:.1f} s."
        )


def auditar(bancada: Bancada, bancos: Iterable[str]) -> Auditoria:
    """Compare everything in these databases with its sources."""
    soma = Auditoria()
    for banco in bancos:
        avisar(f"  {banco}")
        with bancada.conectar(banco, NOSSO) as conn:
            contagem = conn.execute(COMANDOS["contar"]).fetchone()
            assert contagem is not None
            inicio = time.perf_counter()
            diferencas = valor(conn, "diferencas")
            segundos = time.perf_counter() - inicio
        soma = Auditoria(
            soma.movimentos + contagem[0],
            soma.produtos + contagem[1],
            soma.previsoes + contagem[2],
            soma.diferencas + diferencas,
            soma.segundos + segundos,
        )
    return soma
