"""The projection of a product as a picture, for reports and mails.

The one module that knows matplotlib, which only the extra `png` installs. It draws without a
display and without matplotlib's global state (pyplot), so it is safe in a server's threads too.
"""

from __future__ import annotations

import io
import logging
import warnings
from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from estoque_pg import tabela
from estoque_pg.erros import ErroEstoque
from estoque_pg.idioma import t
from estoque_pg.perguntas.projecoes import DiaProjetado
from estoque_pg.perguntas.saldos import Produto

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# From the palette of Okabe and Ito, whose colours all kinds of colour vision tell apart; exits are
# hatched besides, so that a grey print tells them from entries.
SALDO, ENTRADA, SAIDA = "#0072B2", "#009E73", "#E69F00"
RUPTURA, TEXTO, SUAVE, GRADE = "#C1272D", "#222222", "#6B6B6B", "#E6E6E6"

ESTILO_SALDO: dict[str, Any] = {"color": SALDO, "linewidth": 2.4}
ESTILO_ENTRADA: dict[str, Any] = {"facecolor": ENTRADA, "alpha": 0.75}
ESTILO_SAIDA: dict[str, Any] = {
    "facecolor": SAIDA, "alpha": 0.8, "hatch": "////", "edgecolor": "white", "linewidth": 0
}  # fmt: skip

_TITULO_MAX = 78  # what fits in one line of the title


def exigir_matplotlib() -> None:
    """Raise ErroEstoque, with the way to install it, where matplotlib is missing."""
    # What it tells while it looks for fonts and a place for its cache is not for our user.
    logging.getLogger("matplotlib").setLevel(logging.ERROR)
    try:
        import matplotlib.figure  # noqa: F401
    except ImportError as erro:
        raise ErroEstoque(
            t("a picture needs matplotlib, which is not installed"),
            dica="pip install matplotlib",
        ) from erro


def desenhar_projecao(produto: Produto, linhas: Sequence[DiaProjetado]) -> bytes:
    """Return a PNG of 1500 x 825 pixels: balance per day, entries, exits, and the rupture.

    `linhas` is what `projecao` returns of the product, at least one day.
    """
    exigir_matplotlib()
    from matplotlib.figure import Figure

    figura = Figure(figsize=(10, 5.5), dpi=150, facecolor="white")
    eixo = figura.add_axes((0.085, 0.11, 0.89, 0.69))
    _barras(eixo, linhas)
    _saldo(eixo, linhas)
    _moldura(eixo, linhas)
    _legenda(eixo)
    _titulo(eixo, produto, linhas)
    _ruptura(eixo, linhas)
    saida = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a sign of a name that the font lacks becomes a box
        figura.savefig(saida, format="png", metadata={"Software": "estoque_pg"})
    return saida.getvalue()


def _barras(eixo: Axes, linhas: Sequence[DiaProjetado]) -> None:
    """Entries up from zero, exits down: what moves the balance that day."""
    entram = [d for d in linhas if d.entrada]
    saem = [d for d in linhas if d.saida]
    eixo.bar([d.dia for d in entram], [float(d.entrada) for d in entram], 0.62,
             zorder=2, **ESTILO_ENTRADA)  # fmt: skip
    eixo.bar([d.dia for d in saem], [-float(d.saida) for d in saem], 0.62,
             zorder=2, **ESTILO_SAIDA)  # fmt: skip


def _saldo(eixo: Axes, linhas: Sequence[DiaProjetado]) -> None:
    """The balance at the end of each day, a step as wide as the day; below zero shaded."""
    bordas = [d.dia - 0.5 for d in linhas] + [linhas[-1].dia + 0.5]
    saldos = [float(d.saldo_final) for d in linhas]
    saldos.append(saldos[-1])
    eixo.fill_between(bordas, [min(s, 0.0) for s in saldos], 0, step="post", color=RUPTURA,
                      alpha=0.13, linewidth=0, zorder=1)  # fmt: skip
    eixo.step(bordas, saldos, where="post", solid_joinstyle="miter", zorder=4, **ESTILO_SALDO)


def _moldura(eixo: Axes, linhas: Sequence[DiaProjetado]) -> None:
    """Zero line, days, numbers."""
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    inicio, ultimo = linhas[0].data, linhas[-1].dia
    eixo.axhline(0, color=TEXTO, linewidth=1.3, zorder=3)
    eixo.set_xlim(-0.9, ultimo + 0.9)
    baixo, alto = eixo.get_ylim()
    folga = (alto - baixo) * 0.1 or 1
    eixo.set_ylim(baixo - folga, alto + folga)  # room for what is said of the rupture
    passo = next(p for p in (1, 2, *(7 * 2**n for n in range(30))) if ultimo <= 12 * p)
    marcas = range(0, ultimo + 1, passo)
    formato = "%d/%m" if ultimo < 365 else "%d/%m/%y"
    eixo.set_xticks(list(marcas), [f"{inicio + timedelta(m):{formato}}" for m in marcas])
    eixo.yaxis.set_major_locator(MaxNLocator(7))
    eixo.yaxis.set_major_formatter(FuncFormatter(_numero))
    eixo.grid(axis="y", color=GRADE, linewidth=0.8, zorder=0)
    eixo.set_axisbelow(True)
    eixo.tick_params(length=0, colors=SUAVE, labelsize=9.5, pad=6)
    for lado in eixo.spines.values():
        lado.set_visible(False)


def _legenda(eixo: Axes) -> None:
    """The same legend in every picture, also where there is no entry or no exit."""
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    sinais = [Line2D([], [], **ESTILO_SALDO), Patch(**ESTILO_ENTRADA), Patch(**ESTILO_SAIDA)]
    nomes = [t("balance at the end of the day"), t("entries"), t("exits")]
    eixo.legend(sinais, nomes, loc="lower right", bbox_to_anchor=(1.005, 1.0), ncols=3,
                frameon=False, fontsize=9.5, labelcolor=TEXTO, handlelength=1.6,
                columnspacing=1.6, borderaxespad=0.3)  # fmt: skip


def _numero(valor: float, _posicao: int | None) -> str:
    return tabela.numero(Decimal(repr(float(valor)))).replace("-", "\u2212")


def _titulo(eixo: Axes, produto: Produto, linhas: Sequence[DiaProjetado]) -> None:
    titulo = tabela.limpo(f"{produto.cod_produto}  {produto.nome_produto or ''}".rstrip())
    if len(titulo) > _TITULO_MAX:
        titulo = titulo[: _TITULO_MAX - 1] + "…"
    agora = tabela.numero(produto.estoque_atual)
    menor = tabela.numero(min(produto.estoque_atual, *(d.saldo_final for d in linhas)))
    inicio, fim = tabela.data(linhas[0].data), tabela.data(linhas[-1].data)
    datas = t("{inicio} to {fim}", inicio=inicio, fim=fim)
    saldos = t("balance now {agora}, lowest {menor}", agora=agora, menor=menor)
    resumo = f"{datas}   {saldos}".replace("-", "\u2212")
    # Names may hold dollar signs, which mean mathematics to matplotlib unless told otherwise.
    eixo.text(0, 1.2, titulo, transform=eixo.transAxes, fontsize=14.5, fontweight="bold",
              color=TEXTO, va="bottom", parse_math=False)  # fmt: skip
    eixo.text(0, 1.125, resumo, transform=eixo.transAxes, fontsize=10.5, color=SUAVE, va="bottom")


def _ruptura(eixo: Axes, linhas: Sequence[DiaProjetado]) -> None:
    dia = tabela.dia_da_ruptura(linhas)
    if dia is None:
        return
    eixo.axvline(dia.dia, color=RUPTURA, linewidth=1, linestyle=(0, (4, 3)), zorder=3)
    eixo.plot([dia.dia], [0], marker="v", markersize=11, color=RUPTURA, markeredgecolor="white",
              markeredgewidth=1.2, zorder=6)  # fmt: skip
    a_direita = dia.dia <= linhas[-1].dia * 0.6
    eixo.annotate(
        t(
            "rupture {dia} ({quando}), {falta} short",
            dia=f"{dia.data:%d/%m}",
            quando=tabela.em_dias(dia.dia),
            falta=tabela.numero(-dia.saldo_final),
        ),
        (dia.dia, 0.975), xycoords=eixo.get_xaxis_transform(),
        xytext=(7 if a_direita else -7, 0), textcoords="offset points",
        ha="left" if a_direita else "right", va="top", fontsize=10.5, fontweight="bold",
        color=RUPTURA, zorder=7,
        bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.85, "pad": 1.5},
    )  # fmt: skip
