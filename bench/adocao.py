"""What adopting a big database costs: `python bench/adocao.py [--movimentos N] [--produtos N]`.

Fills the source tables, times one GROUP BY over the movements, then installs while two sessions
write one movement after the other: what counts is how long the longest of their statements took.
Prints the table.
"""

from __future__ import annotations

import argparse
import random
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from bancada import Bancada, avisar, montar
from cenario import NOSSO, arrumar, encher, regrar
from comandos import COMANDOS
from medidas import cronometrar
from relatorio import tabela
from resultado import Resultado, Secao
from ritmo import COMPLETO, Tamanho

from estoque_pg.migracoes import instalar

META_DA_ESPERA = 2.0  # seconds
_ESCRITORES = 2
_PAUSA = 0.005  # seconds between two statements of a writer
_ESPERA = re.compile(r"writers were held off for ([\d.]+) s")


def medir_adocao(bancada: Bancada, banco: str, tamanho: Tamanho) -> list[Secao]:
    """Make the database and install into it, as into an ERP's that is full already."""
    dsn = bancada.criar(banco)
    avisar(f"  filling the sources: {tamanho}")
    encher(dsn, tamanho)
    with bancada.conectar(banco, NOSSO) as conn:
        grupos = [cronometrar(lambda: conn.execute(COMANDOS["grupo"])) for _ in range(3)]
    linhas: list[str] = []

    def anotar(linha: str) -> None:
        linhas.append(linha)
        avisar(f"  {linha}")

    inicio = time.perf_counter()
    with escrevendo(bancada, banco, tamanho) as esperas:
        instalar(dsn, NOSSO, avisar=anotar)
        total = time.perf_counter() - inicio
    regrar(dsn, tamanho)
    arrumar(dsn)
    resultado = Resultado(
        "adocao.espera",
        "writers held off",
        max(esperas),
        "s",
        {
            "by the installer's account": sum(
                float(m[1]) for linha in linhas if (m := _ESPERA.search(linha))
            ),
            "whole installation": total,
            "one GROUP BY over the movements": min(grupos) / 1000,
        },
        "s",
        nota=f"{len(esperas):,} statements of {_ESCRITORES} writers meanwhile",
        meta=META_DA_ESPERA,
    )
    return [Secao(f"Adopting {tamanho}", [resultado])]


@contextmanager
def escrevendo(bancada: Bancada, banco: str, tamanho: Tamanho) -> Iterator[list[float]]:
    """Sessions that change movements until the block ends; gives how long each statement took."""
    parar = threading.Event()
    esperas: list[float] = []
    falhas: list[BaseException] = []

    def escrever(semente: int) -> None:
        sorte = random.Random(semente)
        try:
            with bancada.conectar(banco, NOSSO) as conn:
                while not parar.wait(_PAUSA):
                    antes = time.perf_counter()
                    conn.execute(
                        "UPDATE movimentacao_estoque SET qtd_movimentacao = qtd_movimentacao + 1"
                        " WHERE id = %s",
                        [sorte.randint(1, tamanho.movimentos)],
                    )
                    esperas.append(time.perf_counter() - antes)
        except BaseException as erro:
            falhas.append(erro)

    sessoes = [threading.Thread(target=escrever, args=(n,)) for n in range(_ESCRITORES)]
    for sessao in sessoes:
        sessao.start()
    try:
        yield esperas
    finally:
        parar.set()
        for sessao in sessoes:
            sessao.join()
    if falhas:
        raise falhas[0]


def principal() -> None:
    padrao = COMPLETO.grande
    opcoes = argparse.ArgumentParser(description=__doc__)
    opcoes.add_argument("--movimentos", type=int, default=padrao.movimentos)
    opcoes.add_argument("--produtos", type=int, default=padrao.produtos)
    args = opcoes.parse_args()
    tamanho = Tamanho(args.produtos, args.movimentos, args.produtos)
    with montar(replace(COMPLETO, grande=tamanho)) as bancada:
        for secao in medir_adocao(bancada, "adocao", tamanho):
            print(tabela(secao.resultados))


if __name__ == "__main__":
    principal()
