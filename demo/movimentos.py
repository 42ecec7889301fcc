"""A year of movements: sales, production, purchases, consumption, stock counts, cancelled rows."""

from __future__ import annotations

import random
from collections import defaultdict
from datetime import date, timedelta

from demo.catalogo import Produto
from demo.documentos import Faturamento
from demo.unificacoes import Unificacoes

MOVIMENTOS = 180_000
DIAS = 365
MINIMO = 12  # movements of the least used product

# (date, code, name, type, place, quantity in thousandths, note, invoice, lot, active)
Movimento = tuple[
    date, str, str, str, str, int, str | None, str | None, str | None, bool | None
]  # fmt: skip


def cobertura(sorteio: random.Random) -> float:
    """How many days the stock of a product lasts: mostly weeks, sometimes hardly a day."""
    acaso = sorteio.random()
    if acaso < 0.006:
        return -sorteio.uniform(0.1, 1.5)  # negative: booked out before it was booked in
    if acaso < 0.016:
        return 0.0
    if acaso < 0.13:
        return sorteio.uniform(0.3, 3.0)  # tight: the ruptures of the next days
    return sorteio.uniform(7, 40)


def _repartir(sorteio: random.Random, total: int, n: int, grao: int) -> list[int]:
    """Split a total into n positive parts of uneven size, multiples of `grao`."""
    fatias = [sorteio.uniform(0.5, 1.5) for _ in range(n)]
    escala = total / sum(fatias)
    partes = [max(grao, round(f * escala / grao) * grao) for f in fatias]
    partes[-1] = max(grao, partes[-1] + total - sum(partes))
    return partes


def _quantos(produtos: list[Produto], total: int) -> list[int]:
    """How many movements each product gets; they add up to the total."""
    soma = sum(p.peso for p in produtos)
    quantos = [max(MINIMO, int(total * p.peso / soma)) for p in produtos]
    maior = max(range(len(produtos)), key=lambda i: quantos[i])
    quantos[maior] += total - sum(quantos)
    return quantos


def gerar_movimentos(
    sorteio: random.Random,
    produtos: list[Produto],
    unificacoes: Unificacoes,
    faturamentos: list[Faturamento],
    hoje: date,
) -> list[Movimento]:
    dias = [hoje - timedelta(days=DIAS - 1 - i) for i in range(DIAS)]
    por_produto: dict[str, list[Faturamento]] = defaultdict(list)
    for faturamento in faturamentos:
        por_produto[faturamento.produto].append(faturamento)

    movimentos: list[Movimento] = []
    for p, n in zip(produtos, _quantos(produtos, MOVIMENTOS), strict=True):
        movimentos += _do_produto(sorteio, p, n, por_produto[p.codigo], unificacoes, dias)
    movimentos.sort(key=lambda m: m[0])  # as an ERP writes them: day after day
    return movimentos


def _do_produto(
    sorteio: random.Random,
    p: Produto,
    n: int,
    faturados: list[Faturamento],
    unificacoes: Unificacoes,
    dias: list[date],
) -> list[Movimento]:
    resultado: list[Movimento] = []

    def lancar(
        dia: date,
        tipo: str,
        quantidade: int,
        observacao: str | None = None,
        nota: str | None = None,
        lote: str | None = None,
        ativo: bool | None = True,
    ) -> None:
        antigo = p.nome_antigo is not None and dia < dias[200]
        nome = p.nome_antigo if antigo and p.nome_antigo else p.nome
        local = "CD" if tipo in ("FATURAMENTO", "VENDAS", "DEVOLUÇÃO") else "FÁBRICA"
        codigo = unificacoes.codigo_em(p.codigo, dia)
        resultado.append(
            (dia, codigo, nome, tipo, local, quantidade, observacao, nota, lote, ativo)
        )

    def algum_dia() -> date:
        return dias[int(sorteio.random() * DIAS)]

    for f in faturados:
        lancar(f.dia, "FATURAMENTO", -1000 * f.quantidade, "Expedição", f.nota, f.lote)
    n -= len(faturados) + 1  # one more for the opening balance

    # Rows taken back (active = false), and a few that never said: neither counts.
    inativos = sum(sorteio.random() < 0.02 for _ in range(n))
    ajustes = sum(sorteio.random() < 0.015 for _ in range(n))
    entradas = max(2, n // (8 if p.acabado else 6))
    devolucoes = n // 120 if p.acabado else 0
    saidas = max(1, n - inativos - ajustes - entradas - devolucoes)

    medio = max(p.grao, round(1000 * p.consumo * DIAS / saidas))
    partes = _repartir(sorteio, medio * saidas, saidas, p.grao)
    for i, parte in enumerate(partes):
        dia = dias[i * DIAS // saidas]
        if not p.acabado:
            lancar(dia, "CONSUMO", -parte, "Ordem de produção")
        elif i % 9 == 0:
            lancar(dia, "VENDAS", -parte, "Venda de balcão")
        else:
            nota = str(100_000 + int(sorteio.random() * 41_000))
            lancar(dia, "FATURAMENTO", -parte, None, nota)
    for _ in range(devolucoes):
        lancar(algum_dia(), "DEVOLUÇÃO", round(p.consumo * 0.1 + 1) * 1000, "Devolução de cliente")
    for _ in range(ajustes):
        parte = max(p.grao, round(p.consumo * sorteio.random() * 1000 / p.grao / 4) * p.grao)
        lancar(algum_dia(), "AJUSTE", parte * sorteio.choice((1, -1)), "Contagem de inventário")
    for i in range(inativos):
        nunca = i % 10 == 9
        lancar(
            algum_dia(),
            "FATURAMENTO" if p.acabado else "CONSUMO",
            -max(p.grao, sorteio.choice(partes)),
            "Importação sem situação" if nunca else "NF cancelada",
            ativo=None if nunca else False,
        )

    # What came in is what went out plus the stock that the product shall have today.
    alvo = round(1000 * p.consumo * cobertura(sorteio) / p.grao) * p.grao
    falta = alvo - sum(m[5] for m in resultado if m[9])
    inicial = round(falta / (entradas + 1) / p.grao) * p.grao
    lancar(dias[0], "AJUSTE", inicial, "Saldo inicial")
    for i, parte in enumerate(_repartir(sorteio, falta - inicial, entradas, p.grao)):
        dia = dias[i * DIAS // entradas]
        if p.acabado:
            lancar(dia, "PRODUÇÃO", parte)
        else:
            lancar(dia, "ENTRADA", parte, "Compra", str(7000 + i))
    return resultado
