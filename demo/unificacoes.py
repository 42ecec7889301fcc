"""The code changes of the demonstration: which old codes a product was known by, and until when."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import date, timedelta

from demo.catalogo import Produto

CADEIAS = 5  # A -> B -> C
DUPLAS = 3  # A -> C and B -> C
SIMPLES = 21  # A -> B
INATIVAS = 3  # undone again; both codes live on their own


@dataclass(frozen=True, slots=True)
class Unificacao:
    origem: str
    destino: str
    ativo: bool
    observacao: str


@dataclass(frozen=True, slots=True)
class Unificacoes:
    linhas: list[Unificacao]
    # canonical code -> [(old code, last day it was in use)], oldest first
    antigos: dict[str, list[tuple[str, date]]]

    def codigo_em(self, codigo: str, dia: date) -> str:
        """The code a product was booked under on a day."""
        for antigo, ate in self.antigos.get(codigo, ()):
            if dia <= ate:
                return antigo
        return codigo


def gerar_unificacoes(sorteio: random.Random, produtos: list[Produto], hoje: date) -> Unificacoes:
    acabados = [p.codigo for p in produtos if p.acabado]
    escolhidos = sorteio.sample(acabados, CADEIAS + DUPLAS + SIMPLES + 2 * INATIVAS)
    numero = iter(range(1001, 2000))
    linhas: list[Unificacao] = []
    antigos: dict[str, list[tuple[str, date]]] = {}

    def ligar(origem: str, destino: str, motivo: str, ativo: bool = True) -> None:
        linhas.append(Unificacao(origem, destino, ativo, motivo))

    def troca(dias_de: int, dias_ate: int) -> date:
        return hoje - timedelta(days=sorteio.randint(dias_de, dias_ate))

    for codigo in escolhidos[:CADEIAS]:
        a, b = f"PA-{next(numero)}", f"PA-{next(numero)}"
        ligar(a, b, "troca de rótulo")
        ligar(b, codigo, "novo cadastro")
        antigos[codigo] = [(a, troca(240, 330)), (b, troca(60, 200))]
    for codigo in escolhidos[CADEIAS : CADEIAS + DUPLAS]:
        a, b = f"PA-{next(numero)}", f"PA-{next(numero)}"
        ligar(a, codigo, "cadastro em duplicidade")
        ligar(b, codigo, "cadastro em duplicidade")
        antigos[codigo] = [(a, troca(240, 330)), (b, troca(60, 200))]
    for codigo in escolhidos[CADEIAS + DUPLAS : CADEIAS + DUPLAS + SIMPLES]:
        a = f"PA-{next(numero)}"
        ligar(a, codigo, "novo cadastro")
        antigos[codigo] = [(a, troca(30, 330))]
    desfeitas = escolhidos[CADEIAS + DUPLAS + SIMPLES :]
    for a, b in zip(desfeitas[::2], desfeitas[1::2], strict=True):
        ligar(a, b, "unificação desfeita: produtos diferentes", ativo=False)
    return Unificacoes(linhas, antigos)
