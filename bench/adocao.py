"""What adopting a big database costs: `python bench/adocao.py [--movimentos N] [--produtos N]`.

Fills the source tables, times one GROUP BY over the movements, then installs. Prints the table.
"""

from __future__ import annotations

import argparse
import re
import time
from dataclasses import replace

from bancada import Bancada, avisar, montar
from cenario import NOSSO, arrumar, encher
from comandos import COMANDOS
from medidas import cronometrar
from relatorio import tabela
from resultado import Resultado, Secao
from ritmo import COMPLETO, Tamanho

from estoque_pg.migracoes import instalar

META_DA_ESPERA = 2.0  # seconds
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
    instalar(dsn, NOSSO, avisar=anotar)
    total = time.perf_counter() - inicio
    arrumar(dsn)
    espera = next(float(m[1]) for linha in linhas if (m := _ESPERA.search(linha)))
    resultado = Resultado(
        "adocao.espera",
        "writers held off",
        espera,
        "s",
        {"whole installation": total, "one GROUP BY over the movements": min(grupos) / 1000},
        "s",
        meta=META_DA_ESPERA,
    )
    return [Secao(f"Adopting {tamanho}", [resultado])]


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
