"""How fast the questions are answered, and what view and audit cost beside the least they could."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

import psycopg
from bancada import Bancada, avisar
from cargas import sortear
from cenario import NOSSO
from comandos import COMANDOS
from medidas import cronometrar, latencia, mediana_das_razoes
from resultado import Resultado, Secao
from ritmo import Tamanho

Parametros = Mapping[str, object]
RODADAS_DAS_RAZOES = 3


@dataclass(frozen=True, slots=True)
class Pergunta:
    """A question; `codigos` is of how many products it asks, 0 for the whole stock."""

    chave: str
    nome: str
    comando: str
    codigos: int
    meta: float  # ms, of the slowest but one in a hundred
    dias: int = 7
    cada: int = 10  # of the whole stock: asked so many times less often

    def sortear(
        self, sorteio: random.Random, codigos: Sequence[str], vezes: int
    ) -> list[Parametros]:
        """Draw the parameters of so many executions."""
        return [
            {
                "codigos": (varios := sorteio.sample(codigos, min(self.codigos, len(codigos)))),
                "codigo": varios[0] if varios else None,
                "dias": self.dias,
            }
            for _ in range(vezes)
        ]

    def vezes(self, bancada: Bancada) -> int:
        """How often it is asked: those about the whole stock a tenth as often, or less."""
        return max(2, bancada.ritmo.perguntas // (1 if self.codigos else self.cada))


PERGUNTAS = (
    Pergunta("consultar_1", "estoque_consultar, 1 product", "consultar", 1, 1),
    Pergunta("consultar_50", "estoque_consultar, 50 products", "consultar", 50, 5),
    Pergunta("consultar_200", "estoque_consultar, 200 products", "consultar", 200, 100),
    Pergunta("projecao", "estoque_projecao, 28 days", "projecao", 1, 100, dias=28),
    Pergunta("rupturas_7", "estoque_rupturas(7)", "rupturas", 0, 3),
    Pergunta("rupturas_28", "estoque_rupturas(28)", "rupturas", 0, 120, dias=28),
    Pergunta("estatisticas", "estoque_estatisticas", "estatisticas", 0, 10),
    Pergunta("documentos", "estoque_documentos, 1 product", "documentos", 1, 10, dias=28),
    Pergunta("explicar", "estoque_explicar, 1 product", "explicar", 1, 20, dias=28),
    Pergunta("prometer_50", "estoque_prometer, 50 lines", "prometer", 50, 20, dias=28),
    Pergunta(
        "simular_500", "estoque_simular, documents of 500 products", "simular", 500, 50, dias=28
    ),
    Pergunta(
        "projecao_simulada", "estoque_projecao_simulada, 1 product", "projecao_simulada", 1, 20,
        dias=28,
    ),
    Pergunta("em_risco", "estoque_em_risco(28)", "em_risco", 0, 500, dias=28),
    Pergunta(
        "abaixo_do_minimo", "estoque_abaixo_do_minimo(28)", "abaixo_do_minimo", 0, 1000, dias=28
    ),
    Pergunta("incoerencias", "estoque_incoerencias", "incoerencias", 0, 2000, cada=100),
    Pergunta("cobertura_50", "estoque_cobertura, 50 products", "cobertura", 50, 20),
    Pergunta("buscar", "estoque_buscar, two words", "buscar", 1, 20),
)  # fmt: skip


def codigos_de(tamanho: Tamanho) -> list[str]:
    return [str(100_001 + n) for n in range(tamanho.produtos)]


def medir_perguntas(bancada: Bancada, banco: str) -> list[Secao]:
    """Measure every question at full size."""
    with bancada.conectar(banco, NOSSO) as conn:
        conn.execute("SELECT estoque_virada()")  # all fields hold, even where midnight has passed
        resultados = [_medir(bancada, conn, p, bancada.ritmo.grande) for p in PERGUNTAS]
        resultados += [
            _razao(
                conn, "visao", "view estoque_por_codigo, all codes", "visao", "juncao", 3,
                "of the time of its two tables' join",
            ),
            _razao(
                conn, "auditoria", "estoque_verificar, everything", "verificar", "grupo", 2,
                "of the time of one GROUP BY over the movements",
            ),
        ]  # fmt: skip
    return [Secao(f"Questions, at {bancada.ritmo.grande}", resultados)]


def medir_meia_noite(bancada: Bancada, banco: str) -> Resultado:
    """The list of ruptures when the day has turned and no stored field holds any more."""
    pergunta = Pergunta("", "", "rupturas", 0, 150)
    vezes = max(2, pergunta.vezes(bancada) // 4)
    avisar("  after midnight")
    with bancada.conectar(banco, NOSSO) as conn, conn.transaction(force_rollback=True):
        conn.execute(COMANDOS["amanha"], {})
        medida = latencia(conn, pergunta.comando, pergunta.sortear(sortear(), [], vezes))
    return Resultado(
        "pergunta.meia_noite",
        f"estoque_rupturas(7) just after midnight, {bancada.ritmo.escritas.produtos:,} products",
        medida.p99,
        "ms",
        {"median": medida.p50, "p99": medida.p99},
        "ms",
        f"{medida.linhas:,} rows, {vezes:,} times",
        meta=pergunta.meta,
    )


def _medir(
    bancada: Bancada, conn: psycopg.Connection[Any], pergunta: Pergunta, tamanho: Tamanho
) -> Resultado:
    avisar(f"  {pergunta.nome}")
    vezes = pergunta.vezes(bancada)
    parametros = pergunta.sortear(sortear(), codigos_de(tamanho), vezes)
    medida = latencia(conn, pergunta.comando, parametros)
    linhas = "1 row" if medida.linhas == 1 else f"{medida.linhas:,} rows"
    return Resultado(
        f"pergunta.{pergunta.chave}",
        f"{pergunta.nome}, p99",
        medida.p99,
        "ms",
        {"median": medida.p50, "p99": medida.p99},
        "ms",
        f"{linhas}, {vezes:,} times",
        meta=pergunta.meta,
    )


def _razao(
    conn: psycopg.Connection[Any],
    chave: str,
    nome: str,
    comando: str,
    medida: str,
    meta: float,
    de_que: str,
) -> Resultado:
    """The time of one statement as a multiple of another's, alternating."""
    avisar(f"  {nome}")
    nossos, outros = [], []
    for _ in range(RODADAS_DAS_RAZOES):
        outros.append(cronometrar(lambda: conn.execute(COMANDOS[medida], {})))
        nossos.append(cronometrar(lambda: conn.execute(COMANDOS[comando], {})))
    return Resultado(
        f"pergunta.{chave}",
        f"{nome}, {de_que}",
        mediana_das_razoes(nossos, outros),
        "×",
        {"ours": median(nossos), "the other": median(outros)},
        "ms",
        meta=meta,
    )
