"""Text for terminals: numbers and dates as people write them, tables, the projection's chart.

Pure functions, rows to text: nothing here prints, or asks what the terminal can do.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import groupby

from estoque_pg.idioma import t, tn
from estoque_pg.perguntas.projecoes import DiaProjetado

VERMELHO, VERDE, APAGADO, NEGRITO = "31", "32", "2", "1"
MARCA_RUPTURA = "▼"
VAZIO = "-"
_OITAVOS = " ▁▂▃▄▅▆▇█"

# What stands in for our signs where the output's encoding lacks them.
ASCII = str.maketrans("█▁▂▃▄▅▆▇▀▼│─┼┤…–", "#_.:-=+*^v|-++~-")


@dataclass(frozen=True, slots=True)
class Marcado:
    """A cell that stands out: its value, and the SGR code of its colour."""

    valor: object
    cor: str = VERMELHO


def numero(valor: Decimal | int) -> str:
    """Write a number as in Brazil: 1234.500 becomes 1.234,5."""
    inteiro, _, decimais = f"{valor:,.3f}".partition(".")
    inteiro, decimais = inteiro.replace(",", "."), decimais.rstrip("0")
    if inteiro == "-0" and not decimais:
        return "0"
    return f"{inteiro},{decimais}" if decimais else inteiro


def data(valor: date) -> str:
    """Write a date as in Brazil: 07/08/2025."""
    return f"{valor.day:02d}/{valor.month:02d}/{valor.year:04d}"


def colorir(texto: str, cor: str, cores: bool) -> str:
    """Return the text in a colour, or as it is."""
    return f"\x1b[{cor}m{texto}\x1b[0m" if cores and texto else texto


def limpo(texto: str) -> str:
    """Make a text of the database safe for a terminal: one line, no control sequences."""
    return "".join(c if c.isprintable() else "\ufffd" for c in texto)


def largura_de(texto: str) -> int:
    """Return how many terminal columns a text takes."""
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1
        for c in texto
    )


def cortar(texto: str, largura: int) -> str:
    """Return as much of the text as fits into so many columns."""
    while texto and largura_de(texto) > largura:
        texto = texto[:-1]
    return texto


def tabela(
    colunas: Sequence[str],
    linhas: Sequence[Sequence[object]],
    cores: bool = False,
    largura: int | None = None,
    cede: int | None = None,
) -> str:
    """Return a table: numbers right-aligned, columns as wide as what they hold.

    A cell is text, a number, a date, None, or one of these `Marcado`. With `largura`, text columns
    are shortened until the table fits, that of the number `cede` before the others; what warns, in
    red, is said in full.
    """
    celulas = [[_texto(v) for v in linha] for linha in linhas]
    direita = [_numerica([linha[i] for linha in linhas]) for i in range(len(colunas))]
    larguras = [
        max([largura_de(titulo), *(largura_de(linha[i]) for linha in celulas)])
        for i, titulo in enumerate(colunas)
    ]
    if largura is not None:
        curtas = [i for i in range(len(colunas)) if _encurtavel([linha[i] for linha in linhas])]
        _caber(larguras, curtas, colunas, largura, cede)

    def montar(textos: Sequence[str], estilos: Sequence[str | None]) -> str:
        partes = []
        for i, (texto, estilo) in enumerate(zip(textos, estilos, strict=True)):
            curto = _encurtar(texto, larguras[i])
            vao = " " * (larguras[i] - largura_de(curto))
            tinta = colorir(curto, estilo, cores) if estilo else curto
            ultima = i == len(colunas) - 1
            partes.append(vao + tinta if direita[i] else tinta + ("" if ultima else vao))
        return "  ".join(partes).rstrip()

    saida = [montar(colunas, [NEGRITO] * len(colunas))]
    saida.append(colorir("  ".join("─" * n for n in larguras), APAGADO, cores))
    for textos, linha in zip(celulas, linhas, strict=True):
        saida.append(montar(textos, [v.cor if isinstance(v, Marcado) else None for v in linha]))
    return "\n".join(saida)


def grafico_projecao(
    linhas: Sequence[DiaProjetado], largura: int = 80, altura: int = 12, cores: bool = False
) -> str:
    """Draw the balance at the end of each day as bars from the zero line.

    The first day below zero is marked on the zero line and named under the chart. Where there
    are more days than columns, a column stands for several days and shows their lowest balance.
    """
    if not linhas:
        return ""
    extremos = (numero(_arredondar(d.saldo_final)) for d in linhas)
    rotulo = max(1, *map(len, extremos))
    colunas = _agrupar(linhas, max(largura - rotulo - 3, 8))
    saldos = [min(d.saldo_final for d in coluna) for coluna in colunas]
    alto, baixo = max(Decimal(0), *saldos), min(Decimal(0), *saldos)
    passo = max(1, min(3, (largura - rotulo - 3) // len(colunas)))
    acima, abaixo = _dividir(alto, -baixo, max(altura, 4))
    escala = max(alto / acima if acima else Decimal(0), -baixo / abaixo if abaixo else Decimal(0))
    ruptura = dia_da_ruptura(linhas)

    saida = []
    for nivel in range(acima, 0, -1):
        titulo = numero(_arredondar(alto)) if nivel == acima and alto else ""
        barras = (_bloco(saldo, escala, nivel) for saldo in saldos)
        saida.append(_faixa(titulo, rotulo, barras, passo, "", cores))
    zero = "".join(
        colorir(MARCA_RUPTURA, VERMELHO, cores) + "─" * (passo - 1)
        if ruptura in coluna
        else "─" * passo
        for coluna in colunas
    )
    saida.append(f"{'0':>{rotulo}} ┼{zero}")
    for nivel in range(1, abaixo + 1):
        titulo = numero(_arredondar(baixo)) if nivel == abaixo else ""
        barras = (_bloco_negativo(saldo, escala, nivel, cores) for saldo in saldos)
        saida.append(_faixa(titulo, rotulo, barras, passo, VERMELHO, cores))
    saida.append(" " * (rotulo + 2) + _eixo(colunas, passo))
    if len(colunas) < len(linhas):
        dias = len(colunas[0])
        saida.append(t("each column: the lowest balance of {dias} days", dias=dias))
    saida.append(legenda_projecao(linhas, cores))
    return "\n".join(saida)


def legenda_projecao(linhas: Sequence[DiaProjetado], cores: bool = False) -> str:
    """Say in words when the projection first falls below zero, and by how much."""
    return legenda([(d.dia, d.data, d.saldo_final) for d in linhas], cores)


def legenda(dias: Sequence[tuple[int, date, Decimal]], cores: bool = False) -> str:
    """Say the same of days from today, their dates and the balances at their ends."""
    ruptura = next((d for d in dias if d[2] < 0), None)
    if ruptura is None:
        return t("no rupture up to {dia}", dia=data(dias[-1][1]))
    dito = t(
        "rupture on {dia} ({quando}), {falta} short that day",
        dia=data(ruptura[1]),
        quando=em_dias(ruptura[0]),
        falta=numero(-ruptura[2]),
    )
    return colorir(f"{MARCA_RUPTURA} {dito}", VERMELHO, cores)


def periodo(inicio: date, fim: date | None) -> str:
    """Write from when to when: 10/08/2025, 10/08–12/08/2025, from 10/08/2025 with no end."""
    if fim is None:
        return t("from {dia}", dia=data(inicio))
    if fim == inicio:
        return data(inicio)
    desde = data(inicio)
    return f"{desde[:5] if inicio.year == fim.year else desde}–{data(fim)}"


def dia_da_ruptura(linhas: Sequence[DiaProjetado]) -> DiaProjetado | None:
    """Return the first day that ends below zero."""
    return next((d for d in linhas if d.saldo_final < 0), None)


def em_dias(dias: int) -> str:
    """Say how far a day is: today, tomorrow, in 5 days."""
    if dias in (0, 1):
        return t("tomorrow") if dias else t("today")
    return t("in {n} days", n=numero(dias))


def ate_em(dias: int) -> str:
    """Say how far a horizon reaches: today, within 5 days."""
    return tn("within {n} day", "within {n} days", dias, n=numero(dias)) if dias else t("today")


# -- inside -----------------------------------------------------------------------------------


def _texto(valor: object) -> str:
    if isinstance(valor, Marcado):
        valor = valor.valor
    if valor is None or valor == "":
        return VAZIO
    if isinstance(valor, date):
        return data(valor)
    if isinstance(valor, (Decimal, int)) and not isinstance(valor, bool):
        return numero(valor)
    return limpo(str(valor))


def _numerica(valores: Sequence[object]) -> bool:
    vistos = [v.valor if isinstance(v, Marcado) else v for v in valores]
    cheios = [v for v in vistos if v is not None]
    return bool(cheios) and all(isinstance(v, (Decimal, int)) for v in cheios)


def _encurtar(texto: str, largura: int) -> str:
    if largura_de(texto) <= largura:
        return texto
    return cortar(texto, largura - 1) + "…"


def _encurtavel(valores: Sequence[object]) -> bool:
    """Whether it is a column of text: half a number or half a date says something else."""
    avisos = (v for v in valores if isinstance(v, Marcado) and v.cor == VERMELHO)
    if any(isinstance(v.valor, str) for v in avisos):
        return False
    vistos = (v.valor if isinstance(v, Marcado) else v for v in valores)
    return any(isinstance(v, str) for v in vistos)


def _caber(
    larguras: list[int],
    textos: Sequence[int],
    titulos: Sequence[str],
    largura: int,
    cede: int | None = None,
) -> None:
    """Shorten text columns, always the widest of them, until the table fits.

    Titles are cut last, and no column to less than four.
    """
    sobra = sum(larguras) + 2 * (len(larguras) - 1) - largura
    com_titulo = {i: max(largura_de(titulos[i]), 8) for i in textos}
    primeiras = {i: n for i, n in com_titulo.items() if i == cede}
    for minimas in (primeiras, com_titulo, dict.fromkeys(textos, 4)):
        while sobra > 0:
            largas = [i for i in minimas if larguras[i] > minimas[i]]
            if not largas:
                break
            larguras[max(largas, key=lambda i: larguras[i])] -= 1
            sobra -= 1


def _arredondar(valor: Decimal) -> Decimal:
    """Round an axis label: decimals only where the number is small."""
    return valor if abs(valor) < 100 else valor.quantize(Decimal(1))


def _agrupar(linhas: Sequence[DiaProjetado], cabem: int) -> list[list[DiaProjetado]]:
    dias = -(-len(linhas) // cabem)
    return [list(grupo) for _, grupo in groupby(linhas, key=lambda d: d.dia // dias)]


def _dividir(alto: Decimal, fundo: Decimal, altura: int) -> tuple[int, int]:
    """Share the rows between above and below zero so that a row stands for the least."""
    if not alto and not fundo:
        return 1, 0
    if not alto or not fundo:
        return (altura, 0) if alto else (0, altura)
    acima = min(range(1, altura), key=lambda n: max(alto / n, fundo / (altura - n)))
    return acima, altura - acima


def _bloco(saldo: Decimal, escala: Decimal, nivel: int) -> str:
    """Return the piece of a bar in the `nivel`-th row above zero, in eighths of a row."""
    if saldo <= 0 or not escala:
        return " "
    oitavos = max(round(saldo / escala * 8), 1) - (nivel - 1) * 8
    return _OITAVOS[min(max(oitavos, 0), 8)]


def _bloco_negativo(saldo: Decimal, escala: Decimal, nivel: int, cores: bool) -> str:
    """The same below zero, where bars hang.

    The only blocks that hang are whole and half ones. In colour, the empty part of a cell is
    drawn instead, in reverse.
    """
    if saldo >= 0:
        return " "
    if not cores:
        metades = max(round(-saldo / escala * 2), 1) - (nivel - 1) * 2
        return " ▀█"[min(max(metades, 0), 2)]
    oitavos = max(round(-saldo / escala * 8), 1) - (nivel - 1) * 8
    if 0 < oitavos < 8:
        return f"\x1b[7m{_OITAVOS[8 - oitavos]}\x1b[27m"
    return " █"[oitavos > 0]


def _faixa(
    titulo: str,
    rotulo: int,
    blocos: Iterable[str],
    passo: int,
    cor: str,
    cores: bool,
) -> str:
    # A bar leaves a gap to the next where there is room for one.
    barra = max(passo - 1, 1)
    texto = "".join(b * barra + " " * (passo - barra) for b in blocos).rstrip()
    tinta = colorir(texto, cor, cores) if cor else texto
    return f"{titulo:>{rotulo}} {'┤' if titulo else '│'}{tinta}".rstrip()


def _eixo(colunas: Sequence[Sequence[DiaProjetado]], passo: int) -> str:
    """Write dd/mm under a column wherever the one before leaves room."""
    texto = ""
    cada = 7 if len(colunas[0]) == 1 else 1  # by weeks, as long as a column is a day
    for i in range(0, len(colunas), cada):
        if len(texto) <= i * passo - (1 if texto else 0):
            dia = colunas[i][0].data
            texto = texto.ljust(i * passo) + f"{dia.day:02d}/{dia.month:02d}"
    return texto
