"""Turns measurements into the table of RESULTADOS.md."""

from __future__ import annotations

import os
import platform
import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Resultado:
    """One line: what, the figures behind it, the figure that counts and its target."""

    o_que: str
    detalhe: str
    valor: float
    meta: float | None  # None: shown for information
    unidade: str  # "×" for a ratio, "ms" for a time
    maior_e_melhor: bool

    @property
    def alcancado(self) -> bool:
        if self.meta is None:
            return True
        return self.valor >= self.meta if self.maior_e_melhor else self.valor <= self.meta

    def celulas(self) -> tuple[str, str, str, str, str]:
        sinal = "≥" if self.maior_e_melhor else "≤" if self.unidade == "×" else "<"
        return (
            self.o_que,
            self.detalhe,
            _numero(self.valor, self.unidade),
            "" if self.meta is None else f"{sinal} {_numero(self.meta, self.unidade)}",
            "" if self.meta is None else "yes" if self.alcancado else "**no**",
        )


def _numero(valor: float, unidade: str) -> str:
    if unidade == "×":
        return f"{valor:.2f}"
    return f"{valor:.2f} ms" if valor < 20 else f"{valor:.0f} ms"


def tabela(resultados: Sequence[Resultado]) -> str:
    titulos = ("what", "measured", "figure", "target", "reached")
    linhas = [titulos, *(r.celulas() for r in resultados)]
    larguras = [max(len(linha[i]) for linha in linhas) for i in range(len(titulos))]
    texto = [_linha(titulos, larguras), "|" + "|".join("-" * (n + 2) for n in larguras) + "|"]
    return "\n".join(texto + [_linha(linha, larguras) for linha in linhas[1:]])


def _linha(celulas: Sequence[str], larguras: Sequence[int]) -> str:
    return "| " + " | ".join(c.ljust(n) for c, n in zip(celulas, larguras, strict=True)) + " |"


def maquina(versao: str, pasta: Path) -> list[str]:
    """The facts that a reader needs to compare with his own machine."""
    cpu, memoria = "unknown", "unknown"
    if achado := re.search(r"^model name\s*:\s*(.+)$", _ler("/proc/cpuinfo"), re.M):
        cpu = achado[1]
    if achado := re.search(r"^MemTotal:\s*(\d+) kB", _ler("/proc/meminfo"), re.M):
        memoria = f"{int(achado[1]) / 1048576:.0f} GiB"
    return [
        f"{date.today():%Y-%m-%d}, {platform.system()} {platform.release()}, {platform.machine()}",
        f"{cpu}, {len(os.sched_getaffinity(0))} cores, {memoria} of memory, "
        f"data on {_sistema_de_arquivos(pasta)}",
        versao.split(" on ")[0],
    ]


def _ler(caminho: str) -> str:
    try:
        return Path(caminho).read_text()
    except OSError:
        return ""


def _sistema_de_arquivos(pasta: Path) -> str:
    feito = subprocess.run(["stat", "-f", "-c", "%T", str(pasta)], capture_output=True, text=True)
    return feito.stdout.strip() or "an unknown file system"


def documento(
    resultados: Sequence[Resultado],
    cenario: Sequence[str],
    metodo: Sequence[str],
    fatos: Sequence[str],
    auditoria: str,
) -> str:
    def lista(itens: Sequence[str]) -> str:
        return "\n".join(f"- {item}" for item in itens)

    return f"""# Measured costs

Written by `make bench`; do not edit. Figures are of one machine at one time: run it on yours.

{tabela(resultados)}

{auditoria}

## Scenario

{lista(cenario)}

## Method

{lista(metodo)}

## Machine

{lista(fatos)}
"""
