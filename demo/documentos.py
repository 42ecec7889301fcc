"""The open documents of the demonstration: pre-separations, separations, shipments, production."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import date, timedelta

from demo.catalogo import Produto
from demo.unificacoes import Unificacoes

PRE_SEPARACOES_ABERTAS = 750
PRE_SEPARACOES_CANCELADAS = 60
LOTES = 50
POR_LOTE = 15
PRODUCOES = 400

_ENVIOS = ("total", "total", "total", "parcial")
# Of every ten lots: how many have which kind of shipment.
_EMBARQUES = ("faturado",) * 3 + ("com_erro", "cancelado", "sem_nota", "sem_nota") + (None,) * 3
_ERROS = (
    "NF não encontrada no faturamento",
    "CLIENTE_DIFERENTE: CNPJ da NF não confere com o do pedido",
    "Quantidade da NF diferente da separação",
)


@dataclass(frozen=True, slots=True)
class Faturamento:
    """An invoiced separation row: its movement has to be among the movements."""

    produto: str
    quantidade: int
    lote: str
    nota: str
    dia: date


@dataclass(frozen=True, slots=True)
class Documentos:
    pre_separacoes: list[tuple[object, ...]]
    separacoes: list[tuple[object, ...]]
    embarques: list[tuple[object, ...]]
    producoes: list[tuple[object, ...]]
    faturamentos: list[Faturamento]


def dia_util(dia: date) -> date:
    """The day itself, or the Monday after a Sunday: nothing is shipped or made on Sundays."""
    return dia + timedelta(days=1) if dia.weekday() == 6 else dia


def gerar_documentos(
    sorteio: random.Random, produtos: list[Produto], unificacoes: Unificacoes, hoje: date
) -> Documentos:
    acabados = [p for p in produtos if p.acabado]
    pesos = [p.peso**0.6 for p in acabados]

    def produto() -> Produto:
        return sorteio.choices(acabados, pesos)[0]

    def codigo(p: Produto) -> str:
        """Some orders still come in under an old code."""
        antigos = unificacoes.antigos.get(p.codigo)
        if antigos and sorteio.random() < 0.3:
            return sorteio.choice(antigos)[0]
        return p.codigo

    def quantidade(p: Produto) -> int:
        return max(1, round(p.consumo * sorteio.uniform(0.3, 1.8)))

    def expedicao() -> date:
        # A few are overdue: they should have left already and still weigh on today.
        atraso = sorteio.random() < 0.03
        dias = -sorteio.randint(1, 3) if atraso else min(int(sorteio.gammavariate(2.6, 2.4)), 20)
        return dia_util(hoje + timedelta(days=dias))

    pre: list[tuple[object, ...]] = []
    pedido = 0

    def pre_separacao(p: Produto, lote: str | None, n: int, dia: date, status: str | None) -> None:
        recomposto = status == "RECOMPOSTO"
        numero = f"VCD{hoje:%y%m}{pedido:04d}"
        envio = sorteio.choice(_ENVIOS)
        pre.append((lote, numero, codigo(p), p.nome, n, dia, status, recomposto, envio))

    for i in range(PRE_SEPARACOES_ABERTAS + PRE_SEPARACOES_CANCELADAS):
        pedido += i % 4 == 0  # four rows make an order
        if i < PRE_SEPARACOES_ABERTAS:
            # Rows written around the application have no status: they are open, too.
            status = sorteio.choices(("CRIADO", "RECOMPOSTO", None), (80, 15, 5))[0]
        else:
            status = "CANCELADO"
        p = produto()
        pre_separacao(p, None, quantidade(p), expedicao(), status)

    separacoes: list[tuple[object, ...]] = []
    embarques: list[tuple[object, ...]] = []
    faturamentos: list[Faturamento] = []
    for i in range(LOTES):
        lote = f"LOTE_{hoje:%Y%m%d}_{i + 1:03d}"
        pedido += 1
        tipo = _EMBARQUES[i % len(_EMBARQUES)]
        nota = f"{142000 + i}"
        saida = dia_util(hoje - timedelta(days=i % 2)) if tipo == "faturado" else expedicao()
        for p in _distintos(sorteio, acabados, pesos, POR_LOTE):
            n = quantidade(p)
            pre_separacao(p, lote, n, saida, "ENVIADO_SEPARACAO")
            separacoes.append(
                (lote, f"VCD{hoje:%y%m}{pedido:04d}", codigo(p), p.nome, float(n), saida,
                 sorteio.choice(_ENVIOS))
            )  # fmt: skip
            if tipo == "faturado":
                faturamentos.append(Faturamento(p.codigo, n, lote, nota, min(saida, hoje)))
        if tipo is not None:
            embarques.append(
                (
                    500 + i // 5,
                    lote,
                    f"VCD{hoje:%y%m}{pedido:04d}",
                    nota if tipo in ("faturado", "com_erro") else None,
                    "cancelado" if tipo == "cancelado" else "ativo",
                    sorteio.choice(_ERROS) if tipo == "com_erro" else None,
                )
            )

    producoes: list[tuple[object, ...]] = []
    for _ in range(PRODUCOES):
        p = produto()
        dia = dia_util(hoje + timedelta(days=sorteio.randint(-2, 27)))
        programada = float(round(p.consumo * sorteio.uniform(2, 6)) + 1)
        linha = f"LINHA {sorteio.randint(1, 6)}"
        producoes.append((codigo(p), p.nome, dia, programada, linha))
    producoes.sort(key=lambda linha: str(linha[2]))
    return Documentos(pre, separacoes, embarques, producoes, faturamentos)


def _distintos(
    sorteio: random.Random, produtos: list[Produto], pesos: list[float], n: int
) -> list[Produto]:
    """n different products: a lot has one row per product."""
    escolhidos: dict[str, Produto] = {}
    while len(escolhidos) < n:
        p = sorteio.choices(produtos, pesos)[0]
        escolhidos.setdefault(p.codigo, p)
    return list(escolhidos.values())
