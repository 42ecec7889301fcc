"""What an upgrade costs: `python bench/atualizacao.py [--movimentos N] [--produtos N]`.

Installs the first release over filled source tables, then upgrades to the present version while two
sessions write one movement after the other: what counts is how long the longest of their statements
took, and that every balance is right then. Prints the table.
"""

from __future__ import annotations

import argparse
import re
import shutil
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from adocao import escrevendo
from bancada import Bancada, avisar, montar
from cenario import NOSSO, arrumar, encher
from relatorio import tabela
from resultado import Resultado
from ritmo import COMPLETO, Tamanho

from estoque_pg.migracoes import instalar, migrar, pasta_padrao

_PRIMEIRA = "0001.*"
_ESPERA = re.compile(r"writers were held off for ([\d.]+) s")


def medir_atualizacao(bancada: Bancada, banco: str, tamanho: Tamanho) -> Resultado:
    """Make the database as the first release had it, and upgrade it."""
    dsn = bancada.criar(banco)
    avisar(f"  filling the sources: {tamanho}")
    encher(dsn, tamanho)
    with tempfile.TemporaryDirectory() as pasta:
        for arquivo in pasta_padrao().glob(_PRIMEIRA):
            shutil.copy(arquivo, pasta)
        instalar(dsn, NOSSO, Path(pasta))
    arrumar(dsn)
    linhas: list[str] = []

    def anotar(linha: str) -> None:
        linhas.append(linha)
        avisar(f"  {linha}")

    inicio = time.perf_counter()
    with escrevendo(bancada, banco, tamanho) as esperas:
        aplicadas = migrar(dsn, NOSSO, avisar=anotar)
        total = time.perf_counter() - inicio
    with bancada.conectar(banco, NOSSO) as conn:
        diferencas = conn.execute("SELECT * FROM estoque_verificar()").fetchall()
    if diferencas:
        raise SystemExit(f"{len(diferencas)} differences from the sources after the upgrade")
    return Resultado(
        "atualizacao.espera",
        "writers held off",
        max(esperas),
        "s",
        {
            "by the installer's account": sum(
                float(m[1]) for linha in linhas if (m := _ESPERA.search(linha))
            ),
            "whole upgrade": total,
        },
        "s",
        nota=f"{', '.join(aplicadas)}; {len(esperas):,} statements of the writers meanwhile",
    )


def principal() -> None:
    padrao = COMPLETO.escritas
    opcoes = argparse.ArgumentParser(description=__doc__)
    opcoes.add_argument("--movimentos", type=int, default=padrao.movimentos)
    opcoes.add_argument("--produtos", type=int, default=padrao.produtos)
    args = opcoes.parse_args()
    tamanho = Tamanho(args.produtos, args.movimentos, args.produtos)
    with montar(replace(COMPLETO, escritas=tamanho)) as bancada:
        print(tabela([medir_atualizacao(bancada, "atualizacao", tamanho)]))


if __name__ == "__main__":
    principal()
