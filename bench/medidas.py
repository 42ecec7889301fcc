"""The measurements themselves: pgbench runs, bulk statements, latencies of queries."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import psycopg
from cenario import COMANDOS, usar

from servidor import ErroServidor, Servidor
from servidor.binarios import examinar

_TPS = re.compile(r"^tps = ([\d.]+)", re.M)


class Pgbench:
    """Runs pgbench of the server's own version against one database."""

    def __init__(self, servidor: Servidor, banco: str) -> None:
        proprio = servidor.bindir / "pgbench"
        programa = str(proprio) if proprio.exists() else shutil.which("pgbench")
        if programa is None:
            raise ErroServidor(
                "this PostgreSQL comes without pgbench",
                dica="use Debian's postgresql package (ESTOQUE_PG_BINDIR chooses the server)",
            )
        achados = examinar(servidor.bindir, "bench")
        ambiente = achados.ambiente() if achados else dict(os.environ)
        self._ambiente = ambiente
        self._base = [programa, "-n", "-M", "prepared", "-h", servidor.host]
        self._base += ["-p", str(servidor.port), "-U", servidor.user]
        self._banco = banco

    def tps(self, roteiro: Path, schema: str, clientes: int, segundos: int) -> float:
        """Transactions per second of one run."""
        argv = [*self._base, "-c", str(clientes), "-j", str(min(clientes, 2))]
        argv += ["-T", str(segundos), "-f", str(roteiro), self._banco]
        feito = subprocess.run(
            argv,
            env=self._ambiente | {"PGOPTIONS": f"-c search_path={schema}"},
            capture_output=True,
            text=True,
        )
        achado = _TPS.search(feito.stdout)
        if feito.returncode or achado is None:
            queixa = (feito.stderr.strip().splitlines() or ["no output"])[-1]
            raise ErroServidor(f"pgbench failed: {queixa}")
        return float(achado[1])


def cronometrar(conn: psycopg.Connection[Any], schema: str, comando: str) -> float:
    """Seconds of one bulk statement, undone afterwards."""
    usar(conn, schema)
    with conn.transaction(force_rollback=True):
        inicio = time.perf_counter()
        conn.execute(COMANDOS[comando], {})  # {}: "%%" stands for "%" then
        segundos = time.perf_counter() - inicio
    conn.execute("VACUUM")
    return segundos


@dataclass(frozen=True, slots=True)
class Latencia:
    """Milliseconds over many executions."""

    p50: float
    p99: float
    linhas: int


def latencia(
    conn: psycopg.Connection[Any], comando: str, parametros: Sequence[Mapping[str, object]]
) -> Latencia:
    """Milliseconds of a prepared query, one execution per set of parameters."""
    tempos, linhas = [], 0
    with conn.cursor(binary=True) as cursor:
        for valores in (*parametros[:20], *parametros):  # the first ones warm up
            inicio = time.perf_counter()
            cursor.execute(COMANDOS[comando], valores, prepare=True)
            linhas = len(cursor.fetchall())
            tempos.append(1000 * (time.perf_counter() - inicio))
    tempos = tempos[len(parametros[:20]) :]
    return Latencia(median(tempos), quantiles(tempos, n=100, method="inclusive")[98], linhas)
