"""What becomes of each write and each question as the data grow: the large one by the small one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from statistics import median

from bancada import Bancada, avisar
from cargas import CARGAS, Carga, sortear
from cenario import NOSSO, alvo, alvo_de
from comandos import COMANDOS
from medidas import cpu, latencia, mediana_das_razoes
from perguntas import PERGUNTAS, Alcance, Pergunta, alcance_de
from resultado import Resultado, Secao
from ritmo import Tamanho

RODADAS = 3
META = 1.30
UMA, MUITAS = "900001", "900002"  # the products of cenario.sql's `concentracao`


@dataclass(frozen=True, slots=True)
class Eixo:
    """What grows: from one place to another, while all else stays alike."""

    chave: str
    nome: str
    de: str
    para: str


@dataclass(frozen=True, slots=True)
class Lugar:
    """A database, and what is written to and asked about in it."""

    banco: str
    variaveis: Mapping[str, int]
    alcance: Alcance
    desfazer: bool = False


def medir_crescimento(bancada: Bancada, pequeno: str, largo: str, grande: str) -> list[Secao]:
    """Measure in the three databases in turn, and at two products of the small one."""
    ritmo = bancada.ritmo
    with bancada.conectar(pequeno, NOSSO) as conn:
        conn.execute(COMANDOS["concentracao"], {"quantas": ritmo.concentracao})
        uma, muitas = (alvo_de(conn, codigo) for codigo in (UMA, MUITAS))
    lugares = {
        "pequeno": _lugar(pequeno, ritmo.pequeno),
        "largo": _lugar(largo, ritmo.largo),
        "grande": _lugar(grande, ritmo.grande),
        # Undone each time: there must be one open separation, not as many as were measured.
        "uma": Lugar(pequeno, uma, Alcance([UMA]), desfazer=True),
        "muitas": Lugar(pequeno, muitas, Alcance([MUITAS]), desfazer=True),
    }
    produtos = f"{ritmo.pequeno.produtos:,} to {ritmo.largo.produtos:,} products"
    movimentos = f"{ritmo.largo.movimentos:,} to {ritmo.grande.movimentos:,} movements"
    separacoes = f"1 to {ritmo.concentracao:,} open separations of one product and day"
    eixos = (
        Eixo("produtos", produtos, "pequeno", "largo"),
        Eixo("movimentos", movimentos, "largo", "grande"),
        Eixo("separacoes", separacoes, "uma", "muitas"),
    )
    resultados: dict[str, list[Resultado]] = {eixo.chave: [] for eixo in eixos}
    itens: tuple[Carga | Pergunta, ...] = (*CARGAS, *PERGUNTAS)
    for item in itens:
        avisar(f"  {item.nome}")
        if isinstance(item, Carga) or item is PERGUNTAS[0]:  # a question leaves nothing behind
            for banco in (pequeno, largo, grande):
                bancada.limpar(banco)
        medidos = _medir(bancada, item, lugares)
        for eixo in eixos:
            if eixo.de in medidos:
                resultados[eixo.chave].append(
                    _resultado(item, eixo, medidos[eixo.de], medidos[eixo.para])
                )
    return [Secao(f"Growth: {eixo.nome}", resultados[eixo.chave]) for eixo in eixos]


def _lugar(banco: str, tamanho: Tamanho) -> Lugar:
    return Lugar(banco, alvo(tamanho), alcance_de(tamanho))


def _medir(
    bancada: Bancada, item: Carga | Pergunta, lugares: Mapping[str, Lugar]
) -> dict[str, list[float]]:
    """µs of processor time of a write, or ms of a question: in each place once in each round."""
    if isinstance(item, Pergunta) and (item.codigos != 1 or item.rompidos):
        # These are not about one product, or about one that does not run out.
        lugares = {nome: lugar for nome, lugar in lugares.items() if not lugar.desfazer}
    medidos: dict[str, list[float]] = {nome: [] for nome in lugares}
    for rodada in range(min(RODADAS, bancada.ritmo.rodadas)):
        for nome in sorted(lugares, reverse=rodada % 2 == 1):
            medidos[nome].append(_medir_em(bancada, item, lugares[nome]))
    return medidos


def _medir_em(bancada: Bancada, item: Carga | Pergunta, lugar: Lugar) -> float:
    if isinstance(item, Carga):
        return cpu(bancada, lugar.banco, NOSSO, item, lugar.variaveis, desfazer=lugar.desfazer)
    vezes = max(2, item.vezes(bancada) // 10)
    parametros = item.sortear(sortear(), lugar.alcance, vezes)
    with bancada.conectar(lugar.banco, NOSSO) as conn:
        return latencia(conn, item.comando, parametros).p50


def _resultado(item: Carga | Pergunta, eixo: Eixo, de: list[float], para: list[float]) -> Resultado:
    # What works on each document of a product takes as long as there are such.
    linear = isinstance(item, Pergunta) and item.por_documento and eixo.chave == "separacoes"
    return Resultado(
        f"crescimento.{eixo.chave}.{item.chave}",
        item.nome,
        mediana_das_razoes(para, de),
        "×",
        {"small": median(de), "large": median(para)},
        "µs" if isinstance(item, Carga) else "ms",
        meta=None if linear else META,
    )
