"""How fast the installation answers, where it is."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from statistics import median, quantiles
from typing import Annotated

import click

from estoque_pg.api import APIEstoqueTempoReal
from estoque_pg.cli.base import (
    Banco,
    avisar,
    com_banco,
    com_formato,
    escrever_linhas,
    tabular,
)
from estoque_pg.erros import ProdutoDesconhecido
from estoque_pg.idioma import t
from estoque_pg.perguntas import internas
from estoque_pg.perguntas.linha import Coluna, Linha


@dataclass(frozen=True, slots=True)
class Medida(Linha):
    """How long a question takes, in milliseconds."""

    pergunta: Annotated[str, Coluna("question")]
    mediana_ms: Annotated[float, Coluna("median ms")]
    p99_ms: Annotated[float, Coluna("p99 ms")]


AQUECIMENTO = 10  # runs that plan and fill caches, and are not counted


@click.command()
@click.option(
    "--vezes",
    type=click.IntRange(10, 100000),
    default=200,
    show_default=True,
    metavar="N",
    help="How often each question is asked.",
)
@com_banco
@com_formato
def bench(vezes: int, banco: Banco, em_json: bool) -> None:
    """Measure how fast the questions are answered.

    Asks about products of the installation, drawn at random, and writes nothing. The times are
    those a caller sees: one round trip, rows read.

    \b
    Example:
      estoque bench --vezes 1000
    """
    with banco.sessao() as conn:
        codigos = banco.responder(conn, internas.amostra())
        if not codigos:
            raise ProdutoDesconhecido(
                t("there is no product to ask about"), dica=t("write movements")
            )
        api = APIEstoqueTempoReal(conn, banco.schema)
        medidas = [
            Medida(nome, *_medir(pergunta, vezes)) for nome, pergunta in _perguntas(api, codigos)
        ]
    if em_json:
        escrever_linhas(Medida, medidas)
        return
    tabular(
        [t("question"), t("median ms"), t("p99 ms")],
        [[m.pergunta, _ms(m.mediana_ms), _ms(m.p99_ms)] for m in medidas],
    )
    avisar(t("each asked {vezes} times", vezes=vezes))


def _ms(tempo: float) -> Decimal:
    return Decimal(f"{tempo:.2f}")


def _perguntas(
    api: APIEstoqueTempoReal, codigos: list[str]
) -> list[tuple[str, Callable[[], object]]]:
    def um() -> str:
        return random.choice(codigos)

    def muitos() -> list[str]:
        return random.sample(codigos, min(50, len(codigos)))

    return [
        (t("consultar, 1 product"), lambda: api.produtos([um()])),
        (t("consultar, {n} products", n=min(50, len(codigos))), lambda: api.produtos(muitos())),
        (t("rupturas, 7 days"), lambda: api.rupturas(7)),
        (t("projecao, 28 days"), lambda: api.projecao(um(), 28)),
        (t("disponibilidade, 28 days"), lambda: api.disponibilidade(um(), 1, 28)),
        ("estatisticas", api.estatisticas),
    ]


def _medir(pergunta: Callable[[], object], vezes: int) -> tuple[float, float]:
    tempos = []
    for _ in range(AQUECIMENTO + vezes):
        inicio = time.perf_counter()
        pergunta()
        tempos.append(1000 * (time.perf_counter() - inicio))
    tempos = tempos[AQUECIMENTO:]
    p99 = quantiles(tempos, n=100, method="inclusive")[98]
    return round(median(tempos), 3), round(p99, 3)
