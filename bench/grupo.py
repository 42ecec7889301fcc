"""What a group of companies answers in: each company a schema of one database.

Also by itself: `python bench/grupo.py [--empresas N]` prints the table.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from statistics import median

import psycopg
from bancada import Bancada, avisar, montar
from cenario import arrumar, encher
from comandos import COMANDOS
from medidas import cronometrar, latencia
from relatorio import tabela
from resultado import Resultado, Secao
from ritmo import COMPLETO, Ritmo

from estoque_pg import grupos
from estoque_pg.migracoes import instalar

GRUPO = "holding"
SESSOES = 5  # whose first answer is measured
PERGUNTAS: Sequence[tuple[str, str, str, dict[str, object], float | None]] = (
    ("rupturas_7", "estoque_rupturas(7)", "grupo_rupturas", {"dias": 7}, 300),
    ("rupturas_28", "estoque_rupturas(28)", "grupo_rupturas", {"dias": 28}, None),
    ("estatisticas", "estoque_estatisticas", "grupo_estatisticas", {}, 300),
    (
        "saldos_50", "estoque_saldos, 50 codes", "grupo_saldos",
        {"codigos": [str(100_001 + n) for n in range(50)]}, 300,
    ),
)  # fmt: skip


def medir_grupo(bancada: Bancada, banco: str, ritmo: Ritmo) -> list[Secao]:
    """Install the companies, make a group of them, and ask it."""
    dsn, empresas = bancada.criar(banco), ritmo.empresas
    for n in range(1, empresas + 1):
        avisar(f"  company {n} of {empresas}")
        encher(dsn, ritmo.empresa, f"empresa_{n}")
        instalar(dsn, f"empresa_{n}")
    with psycopg.connect(dsn, autocommit=True) as conn:
        grupos.criar(conn, GRUPO, padrao="empresa_%")
    arrumar(dsn, GRUPO)
    resultados = [_medir(bancada, banco, *pergunta) for pergunta in PERGUNTAS]
    return [Secao(f"A group of {empresas} companies, each {ritmo.empresa}", resultados)]


def _medir(
    bancada: Bancada, banco: str, chave: str, nome: str, comando: str,
    valores: dict[str, object], meta: float | None,
) -> Resultado:  # fmt: skip
    avisar(f"  {nome}")
    primeiras = []
    for _ in range(SESSOES):
        with bancada.conectar(banco, GRUPO) as conn:
            primeiras.append(cronometrar(partial(conn.execute, COMANDOS[comando], valores)))
    vezes = max(2, bancada.ritmo.perguntas // 10)
    with bancada.conectar(banco, GRUPO) as conn:
        fora = conn.execute(COMANDOS["grupo_fora"]).fetchone()
        assert fora == (0,), "a company is away"
        medida = latencia(conn, comando, [valores] * vezes)
    return Resultado(
        f"grupo.{chave}",
        f"{nome} of all companies, p99",
        medida.p99,
        "ms",
        {"median": medida.p50, "p99": medida.p99, "first of a session": median(primeiras)},
        "ms",
        f"{medida.linhas:,} rows, {vezes:,} times",
        meta=meta,
    )


def principal() -> None:
    leitor = argparse.ArgumentParser(description=__doc__)
    leitor.add_argument("--empresas", type=int, default=COMPLETO.empresas)
    ritmo = replace(COMPLETO, empresas=leitor.parse_args().empresas)
    with montar(ritmo) as bancada:
        for secao in medir_grupo(bancada, "grupo", ritmo):
            print(f"\n## {secao.titulo}\n\n{tabela(secao.resultados)}")


if __name__ == "__main__":
    principal()
