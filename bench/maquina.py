"""The facts about the machine that a reader needs to compare with his own."""

from __future__ import annotations

import os
import platform
import re
import subprocess
from datetime import date
from pathlib import Path


def descrever(versao: str, pasta: Path, carga: float) -> list[str]:
    """`versao` is the server's, `pasta` lies where its data are, `carga` is the load before."""
    cpu, memoria = "unknown", "unknown"
    if achado := re.search(r"^model name\s*:\s*(.+)$", _ler("/proc/cpuinfo"), re.MULTILINE):
        cpu = achado[1]
    if achado := re.search(r"^MemTotal:\s*(\d+) kB", _ler("/proc/meminfo"), re.MULTILINE):
        memoria = f"{int(achado[1]) / 1048576:.0f} GiB"
    return [
        f"{date.today():%Y-%m-%d}, {platform.system()} {platform.release()}, {platform.machine()}",
        f"{cpu}, {len(os.sched_getaffinity(0))} cores, {memoria} of memory, "
        f"data on {_sistema_de_arquivos(pasta)}",
        versao.split(" on ")[0],
        # A busy machine slows all alike but not in proportion, and spoils a p99.
        f"load average of the machine before the run: {carga:.2f}",
    ]


def _ler(caminho: str) -> str:
    try:
        return Path(caminho).read_text()
    except OSError:
        return ""


def _sistema_de_arquivos(pasta: Path) -> str:
    feito = subprocess.run(["stat", "-f", "-c", "%T", str(pasta)], capture_output=True, text=True)
    return feito.stdout.strip() or "an unknown file system"
