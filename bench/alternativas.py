"""The same questions answered without our stored fields; the answers are compared first."""

from __future__ import annotations

from collections.abc import Mapping
from statistics import median
from typing import Any

import psycopg
from bancada import Bancada, avisar
from cargas import sortear
from cenario import NOSSO
from comandos import COMANDOS, usar
from medidas import cronometrar, latencia, mediana_das_razoes
from perguntas import codigos_de
from resultado import Resultado, Secao

RODADAS = 3
AMOSTRA = 20  # products of which balance and projection are compared


def medir_alternativas(bancada: Bancada, banco: str) -> list[Secao]:
    """Measure plain SQL over the sources, and a materialized view, against the questions."""
    codigos = sortear().sample(codigos_de(bancada.ritmo.grande), AMOSTRA)
    with bancada.conectar(banco, NOSSO) as conn:
        conn.execute("CREATE SCHEMA alternativas")
        usar(conn, f"alternativas, {NOSSO}")
        avisar("  materialized view")
        conn.execute(COMANDOS["criar"].replace(b"%%", b"%"))
        conn.execute("ANALYZE")
        _conferir(conn, codigos)
        resultados = [
            _de_um(bancada, conn, "saldo", "balance of one product", "saldo_das_fontes", codigos),
            _de_um(
                bancada, conn, "projecao", "seven days of one product", "projecao_das_fontes",
                codigos,
            ),
            *_de_todos(conn),
        ]  # fmt: skip
    return [Secao(f"Other ways to the same answers, at {bancada.ritmo.grande}", resultados)]


def _conferir(conn: psycopg.Connection[Any], codigos: list[str]) -> None:
    """A way to another answer is no alternative."""
    for codigo in codigos:
        parametros = {"codigo": codigo, "dias": 7}
        saldo = _linhas(conn, "saldo", parametros)
        _exigir_igual("balance", saldo, _linhas(conn, "saldo_das_fontes", parametros))
        projecao = _linhas(conn, "projecao", parametros)
        nossos = [(data, entra, sai, fim) for _, data, _, entra, sai, fim in projecao]
        fontes = _linhas(conn, "projecao_das_fontes", parametros)
        _exigir_igual("projection", nossos, fontes)
    rupturas = _linhas(conn, "rupturas", {"dias": 7})
    nossas = [(codigo, saldo, menor, dia) for codigo, _, saldo, menor, dia, *_ in rupturas]
    _exigir_igual("ruptures", nossas, _linhas(conn, "rupturas_das_fontes", {}))
    _exigir_igual("ruptures", nossas, _linhas(conn, "rupturas_guardadas", {}))


def _exigir_igual(o_que: str, nossas: list[Any], outras: list[Any]) -> None:
    if nossas != outras:
        raise AssertionError(f"{o_que}: the plain query answers otherwise: {nossas} <> {outras}")


def _linhas(
    conn: psycopg.Connection[Any], comando: str, parametros: Mapping[str, object]
) -> list[Any]:
    return conn.execute(COMANDOS[comando], parametros).fetchall()


def _de_um(
    bancada: Bancada,
    conn: psycopg.Connection[Any],
    chave: str,
    nome: str,
    comando: str,
    codigos: list[str],
) -> Resultado:
    avisar(f"  {nome}")
    parametros = [{"codigo": codigo, "dias": 7} for codigo in codigos]
    parametros *= max(1, bancada.ritmo.perguntas // 10 // len(codigos))
    nossos = [latencia(conn, chave, parametros).p50 for _ in range(RODADAS)]
    outros = [latencia(conn, comando, parametros).p50 for _ in range(RODADAS)]
    return Resultado(
        f"alternativa.{chave}",
        f"{nome} by plain SQL over the sources, of our time",
        mediana_das_razoes(outros, nossos),
        "×",
        {"ours": median(nossos), "plain SQL": median(outros)},
        "ms",
    )


def _de_todos(conn: psycopg.Connection[Any]) -> list[Resultado]:
    """The list of ruptures: ours, that of the sources, that of a view refreshed to be right."""

    def executar(comando: str) -> float:
        return cronometrar(lambda: conn.execute(COMANDOS[comando], {"dias": 7}).fetchall())

    avisar("  ruptures")
    nossos, fontes, renovar, guardadas = [], [], [], []
    for _ in range(RODADAS):
        nossos.append(latencia(conn, "rupturas", [{"dias": 7}] * 10).p50)
        fontes.append(executar("rupturas_das_fontes"))
        renovar.append(cronometrar(lambda: conn.execute(COMANDOS["renovar"])))
        guardadas.append(executar("rupturas_guardadas"))
    renovadas = [a + b for a, b in zip(renovar, guardadas, strict=True)]
    return [
        Resultado(
            "alternativa.rupturas",
            "ruptures within seven days by plain SQL over the sources, of our time",
            mediana_das_razoes(fontes, nossos),
            "×",
            {"ours": median(nossos), "plain SQL": median(fontes)},
            "ms",
        ),
        Resultado(
            "alternativa.materializada",
            "the same by REFRESH MATERIALIZED VIEW and reading it, of our time",
            mediana_das_razoes(renovadas, nossos),
            "×",
            {"ours": median(nossos), "REFRESH": median(renovar), "reading": median(guardadas)},
            "ms",
        ),
    ]
