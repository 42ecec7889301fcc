"""The projection of a product as SVG: drawn by the server, read without JavaScript.

The balance steps from day to day: it is what a day ends with. Below zero it is filled; what would
be after a change is a second, broken line. What a picture shows, its description says. It is drawn
twice, for wide and for narrow screens, of which the stylesheet shows one: letters in a picture
that is scaled down to a phone could not be read.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from markupsafe import Markup, escape

from estoque_pg.idioma import t
from estoque_pg.painel.desenho import data, numero

LARGURAS = {"larga": 720, "estreita": 360}
ALTURA = 220
ESQUERDA, DIREITA, ACIMA, ABAIXO = 64, 12, 14, 26


@dataclass(frozen=True)
class Ponto:
    """A day's end: its balance, what came in, and the balance after a change that is tried."""

    data: date
    saldo: Decimal
    entrada: Decimal
    depois: Decimal | None = None


def desenhar(pontos: Sequence[Ponto], minimo: Decimal) -> Markup:
    """Return the chart of some days; `minimo` is the safety stock, drawn unless it is zero."""
    return Markup("").join(_desenhar(pontos, minimo, classe) for classe in LARGURAS)


def _desenhar(pontos: Sequence[Ponto], minimo: Decimal, classe: str) -> Markup:
    largura = LARGURAS[classe]
    saldos = [p.saldo for p in pontos] + [p.depois for p in pontos if p.depois is not None]
    alto = float(max([Decimal(0), minimo, *saldos]))
    baixo = float(min([Decimal(0), *saldos]))
    escala = (ALTURA - ACIMA - ABAIXO) / ((alto - baixo) or 1)
    passo = (largura - ESQUERDA - DIREITA) / len(pontos)

    def y(valor: Decimal | float) -> str:
        return f"{ACIMA + (alto - float(valor)) * escala:.1f}"

    def x(n: float) -> str:
        return f"{ESQUERDA + n * passo:.1f}"

    def degraus(valores: Sequence[Decimal]) -> str:
        return " ".join(f"{x(n)},{y(v)} {x(n + 1)},{y(v)}" for n, v in enumerate(valores))

    ruptura = next((n for n, p in enumerate(pontos) if p.saldo < 0), None)
    partes = [
        f'<svg class="grafico {classe}" viewBox="0 0 {largura} {ALTURA}" role="img"'
        f' aria-label="{escape(_descrever(pontos, ruptura))}">',
        f'<line class="eixo" x1="{ESQUERDA}" x2="{largura - DIREITA}" y1="{y(0)}" y2="{y(0)}"/>',
    ]
    for valor in dict.fromkeys((alto, 0.0, baixo)):
        rotulo = numero(Decimal(str(valor)).quantize(Decimal(1)))
        partes.append(f'<text class="rotulo" x="{ESQUERDA - 6}" y="{y(valor)}">{rotulo}</text>')
    faltam = [min(p.saldo, Decimal(0)) for p in pontos]
    if ruptura is not None:
        area = f"{ESQUERDA},{y(0)} {degraus(faltam)} {largura - DIREITA},{y(0)}"
        partes.append(f'<polygon class="falta" points="{area}"/>')
    if minimo > 0:
        partes.append(
            f'<line class="minimo" x1="{ESQUERDA}" x2="{largura - DIREITA}"'
            f' y1="{y(minimo)}" y2="{y(minimo)}"><title>'
            f"{escape(t('minimum'))} {numero(minimo)}</title></line>"
        )
    partes.append(f'<polyline class="saldo" points="{degraus([p.saldo for p in pontos])}"/>')
    depois = [p.depois for p in pontos if p.depois is not None]
    if depois:
        partes.append(f'<polyline class="depois" points="{degraus(depois)}"/>')
    for n, p in enumerate(pontos):
        if p.entrada > 0:
            cima = float(y(max(p.saldo, Decimal(0)))) - 4
            partes.append(
                f'<path class="entrada" d="M{x(n + 0.5)},{cima:.1f} l-4,-7 h8 z"><title>'
                f"{data(p.data)}: +{numero(p.entrada)}</title></path>"
            )
    if ruptura is not None:
        partes.append(
            f'<line class="ruptura" x1="{x(ruptura)}" x2="{x(ruptura)}" y1="{ACIMA}"'
            f' y2="{ALTURA - ABAIXO}"><title>{data(pontos[ruptura].data)}</title></line>'
        )
    # A day's name about every 80 pixels, on the same weekday.
    cada = 7 * max(1, round(80 / (7 * passo)))
    for n in range(0, len(pontos), cada):
        dia = pontos[n].data
        partes.append(
            f'<text class="dia" x="{x(n + 0.5)}" y="{ALTURA - 8}">'
            f"{dia.day:02d}/{dia.month:02d}</text>"
        )
    return Markup("".join([*partes, "</svg>"]))


def _descrever(pontos: Sequence[Ponto], ruptura: int | None) -> str:
    """Say what the picture shows."""
    de, ate = pontos[0], pontos[-1]
    frases = [
        t(
            "Balance from {de} to {ate}: {primeiro} at the end of the first day, {ultimo} at the"
            " end of the last.",
            de=data(de.data),
            ate=data(ate.data),
            primeiro=numero(de.saldo),
            ultimo=numero(ate.saldo),
        )
    ]
    if ruptura is not None:
        menor = min(p.saldo for p in pontos)
        frases.append(
            t(
                "It falls below zero on {dia}, to {menor} at the lowest.",
                dia=data(pontos[ruptura].data),
                menor=numero(menor),
            )
        )
    return " ".join(frases)
