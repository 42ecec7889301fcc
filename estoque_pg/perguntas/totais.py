"""The whole stock, and the day it stands on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Annotated, Any

from estoque_pg.idioma import marcar
from estoque_pg.perguntas.base import Pergunta, uma_linha, valor
from estoque_pg.perguntas.grupos import estatisticas_do_grupo
from estoque_pg.perguntas.linha import Coluna, Linha
from estoque_pg.perguntas.publicacao import Comando, Rota, publicada


@dataclass(frozen=True, slots=True)
class Estatisticas(Linha):
    """The row of `estoque_estatisticas`."""

    total_produtos: Annotated[int, Coluna("products")]
    produtos_com_ruptura: Annotated[int, Coluna("running out within 7 days", "alerta")]
    produtos_estoque_negativo: Annotated[int, Coluna("balance below zero")]
    produtos_estoque_zerado: Annotated[int, Coluna("balance zero")]
    movimentacoes_previstas_7d: Annotated[int, Coluna("forecast rows of the next 7 days")]
    percentual_ruptura: Annotated[
        Decimal, Coluna("  per cent of all", na_planilha=marcar("per cent running out"))
    ]


@publicada(
    rota=Rota("estatisticas", "The whole stock's figures.", "estatisticas"),
    comando=Comando(
        "estatisticas",
        "Show the figures of the whole stock.",
        exemplo="--json",
        titulos=("stock", "count"),
        colunas=(
            "total_produtos",
            "produtos_com_ruptura",
            "percentual_ruptura",
            "produtos_estoque_negativo",
            "produtos_estoque_zerado",
            "movimentacoes_previstas_7d",
        ),
        do_grupo=estatisticas_do_grupo,
    ),
)
def estatisticas() -> Pergunta[Estatisticas]:
    """Return the whole stock's figures."""
    return uma_linha(Estatisticas, "estatisticas")


def get_estatisticas() -> Pergunta[dict[str, Any]]:
    """Return the whole stock's figures.

    Keys: total_produtos, produtos_com_ruptura, produtos_estoque_negativo,
    produtos_estoque_zerado, movimentacoes_previstas_7d, percentual_ruptura.
    """
    return estatisticas().entao(Estatisticas.como_dict)


def hoje() -> Pergunta[date]:
    """Return the business date, the `today` of every answer."""
    return valor(date, "hoje")
