"""How fast the questions are answered, and what view and audit cost beside the least they could."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import median
from typing import Any

import psycopg
from bancada import Bancada, avisar
from cargas import sortear
from cenario import NOSSO, tem_extensao
from comandos import COMANDOS
from medidas import Latencia, cronometrar, latencia, mediana_das_razoes
from resultado import Resultado, Secao
from ritmo import Tamanho

Parametros = Mapping[str, object]
RODADAS_DAS_RAZOES = 3


@dataclass(frozen=True, slots=True)
class Alcance:
    """What is asked about in a database."""

    codigos: Sequence[str]  # products that do not run out
    rompidos: Sequence[str] = ()  # ... and that do
    separacoes: Sequence[int] = ()  # ids of open ones


@dataclass(frozen=True, slots=True)
class Pergunta:
    """A question; `codigos` is of how many products it asks, 0 for the whole stock."""

    chave: str
    nome: str
    comando: str
    codigos: int
    meta: float | None  # ms, of the slowest but one in a hundred
    dias: int = 7
    cada: int = 10  # of the whole stock: asked so many times less often
    rompidos: bool = False  # asked of products that run out
    separacoes: int = 0  # how many it moves; it is not about products then
    por_documento: bool = False  # works on each open document, so it grows with those of a product

    def sortear(self, sorteio: random.Random, alcance: Alcance, vezes: int) -> list[Parametros]:
        """Draw the parameters of so many executions."""
        codigos = alcance.rompidos if self.rompidos else alcance.codigos
        return [
            {
                "codigos": (varios := _alguns(sorteio, codigos, self.codigos)),
                "codigo": varios[0] if varios else None,
                "separacoes": _alguns(sorteio, alcance.separacoes, self.separacoes),
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
    Pergunta("incoerencias", "estoque_incoerencias", "incoerencias", 0, 2000, cada=100),
    Pergunta("cobertura_50", "estoque_cobertura, 50 products", "cobertura", 50, 20),
    Pergunta("buscar", "estoque_buscar, two words", "buscar", 1, 20),
    Pergunta("buscar_parte", "estoque_buscar, four digits of a code", "buscar_parte", 1, 20),
    Pergunta(
        "documentos", "estoque_documentos, 28 days", "documentos", 1, 10, dias=28,
        por_documento=True,
    ),
    Pergunta(
        "explicar", "estoque_explicar, 28 days", "explicar", 1, 20, dias=28, rompidos=True,
        por_documento=True,
    ),
    Pergunta("prometer_50", "estoque_prometer, 50 lines", "prometer", 50, 20, dias=28),
    Pergunta(
        "simular", "estoque_simular, 500 documents", "simular", 0, 50, dias=28, separacoes=500,
        por_documento=True,
    ),
    Pergunta(
        "projecao_simulada", "estoque_projecao_simulada, 28 days", "projecao_simulada", 1, 20,
        dias=28, por_documento=True,
    ),
    Pergunta("em_risco", "estoque_em_risco, 28 days", "em_risco", 0, 500, dias=28),
    Pergunta(
        "abaixo_do_minimo", "estoque_abaixo_do_minimo, 28 days", "abaixo_do_minimo", 0, 1000,
        dias=28,
    ),
    Pergunta("regra_vigente", "estoque_regra_vigente", "regra_vigente", 1, None),
)  # fmt: skip
# Also measured with indexes of pg_trgm, where the server has it.
BUSCAS = ("buscar", "buscar_parte")


def _alguns(sorteio: random.Random, de: Sequence[Any], quantos: int) -> list[Any]:
    return sorteio.sample(de, min(quantos, len(de)))


def codigos_de(tamanho: Tamanho) -> list[str]:
    return [str(100_001 + n) for n in range(tamanho.produtos)]


def alcance_de(tamanho: Tamanho) -> Alcance:
    """What cenario.sql makes of a size."""
    primeiro = 100_001 + tamanho.produtos
    return Alcance(
        codigos_de(tamanho),
        [str(primeiro + n) for n in range(2 * tamanho.rupturas)],
        # A lot in ten is invoiced: its separations are no documents any more.
        [n for n in range(1, tamanho.separacoes + 1) if n // 15 % 10 != 5],
    )


def medir_perguntas(bancada: Bancada, banco: str) -> list[Secao]:
    """Measure every question at full size."""
    with bancada.conectar(banco, NOSSO) as conn:
        conn.execute("SELECT estoque_virada()")  # all fields hold, even where midnight has passed
        alcance = alcance_de(bancada.ritmo.grande)
        resultados = [_medir(bancada, conn, p, alcance) for p in PERGUNTAS]
        resultados.append(_medir_mais_rupturas(bancada, conn))
        resultados += _medir_com_trigramas(bancada, conn, alcance)
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
        medida = latencia(conn, pergunta.comando, pergunta.sortear(sortear(), Alcance([]), vezes))
    nome = f"estoque_rupturas(7) just after midnight, {bancada.ritmo.escritas.produtos:,} products"
    return _resultado("meia_noite", nome, medida, vezes, pergunta.meta)


def _medir_mais_rupturas(bancada: Bancada, conn: psycopg.Connection[Any]) -> Resultado:
    """The list of ruptures when it is four times as long, in a transaction that is undone."""
    tamanho, dias = bancada.ritmo.grande, 7
    quantas = 4 * tamanho.rupturas
    mais = replace(
        tamanho,
        produtos=tamanho.produtos + 2 * tamanho.rupturas,  # the codes go on from there
        rupturas=quantas - tamanho.rupturas,
    )
    pergunta = Pergunta("mais_rupturas", "", "rupturas", 0, 10, dias)
    nome = f"estoque_rupturas({dias}), {quantas:,} listed"
    with conn.transaction(force_rollback=True):
        conn.execute(COMANDOS["rompidos"], mais.parametros())
        return _medir(bancada, conn, replace(pergunta, nome=nome), Alcance([]))


def _medir_com_trigramas(
    bancada: Bancada, conn: psycopg.Connection[Any], alcance: Alcance
) -> list[Resultado]:
    """The searches once more with the indexes that docs/tabelas-e-funcoes.md tells of."""
    if not tem_extensao(conn, "pg_trgm"):
        return []
    conn.execute(COMANDOS["criar_trigramas"])
    resultados = [
        _medir(
            bancada,
            conn,
            replace(p, chave=f"{p.chave}_trigramas", nome=f"{p.nome}, indexes of pg_trgm"),
            alcance,
        )
        for p in PERGUNTAS
        if p.chave in BUSCAS
    ]
    conn.execute(COMANDOS["remover_trigramas"])
    return resultados


def _medir(
    bancada: Bancada, conn: psycopg.Connection[Any], pergunta: Pergunta, alcance: Alcance
) -> Resultado:
    avisar(f"  {pergunta.nome}")
    vezes = pergunta.vezes(bancada)
    medida = latencia(conn, pergunta.comando, pergunta.sortear(sortear(), alcance, vezes))
    return _resultado(pergunta.chave, f"{pergunta.nome}, p99", medida, vezes, pergunta.meta)


def _resultado(
    chave: str, nome: str, medida: Latencia, vezes: int, meta: float | None
) -> Resultado:
    linhas = "1 row" if medida.linhas == 1 else f"{medida.linhas:,} rows"
    return Resultado(
        f"pergunta.{chave}",
        nome,
        medida.p99,
        "ms",
        {"median": medida.p50, "p99": medida.p99},
        "ms",
        f"{linhas}, {vezes:,} times",
        meta=meta,
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
