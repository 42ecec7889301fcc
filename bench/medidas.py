"""The measurements themselves: pgbench runs, processor time, latencies of questions."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import psycopg
from bancada import Bancada
from cargas import Carga, sortear
from comandos import COMANDOS

from servidor import ErroServidor
from servidor.binarios import examinar

_FEITAS = re.compile(r"^number of transactions actually processed: (\d+)", re.MULTILINE)
_TPS = re.compile(r"^tps = ([\d.]+)", re.MULTILINE)
_LIMITE = 10  # seconds for the statements of one measurement of processor time
_AQUECER = 20  # executions that are not counted: plans are made and pages read in them


class Pgbench:
    """Runs pgbench of the server's own version."""

    def __init__(self, bancada: Bancada) -> None:
        servidor = bancada.servidor
        proprio = servidor.bindir / "pgbench"
        programa = str(proprio) if proprio.exists() else shutil.which("pgbench")
        if programa is None:
            raise ErroServidor(
                "this PostgreSQL comes without pgbench",
                dica="use Debian's postgresql package (ESTOQUE_PG_BINDIR chooses the server)",
            )
        achados = examinar(servidor.bindir, "bench")
        self._ambiente = achados.ambiente() if achados else dict(os.environ)
        self._base = [programa, "-n", "-M", "prepared", "-h", servidor.host]
        self._base += ["-p", str(servidor.port), "-U", servidor.user]

    def rodar(
        self,
        roteiro: Path,
        banco: str,
        schema: str,
        variaveis: Mapping[str, int],
        clientes: int,
        duracao: str,
        opcoes: str = "",
    ) -> tuple[int, float]:
        """How many statements one run brought, each a transaction, and how many per second.

        `duracao` is pgbench's -T (seconds) or -t (statements of each client).
        """
        argv = [*self._base, "-c", str(clientes), "-j", str(min(clientes, 2)), duracao]
        argv += ["-f", str(roteiro)]
        argv += [f"-D{nome}={valor}" for nome, valor in variaveis.items()]
        feito = subprocess.run(
            [*argv, banco],
            env=self._ambiente | {"PGOPTIONS": f"-c search_path={schema} {opcoes}"},
            capture_output=True,
            text=True,
        )
        feitas, tps = _FEITAS.search(feito.stdout), _TPS.search(feito.stdout)
        if feito.returncode or feitas is None or tps is None:
            queixa = (feito.stderr.strip().splitlines() or ["no output"])[-1]
            raise ErroServidor(f"pgbench failed: {queixa}")
        return int(feitas[1]), float(tps[1])


def cpu(
    bancada: Bancada,
    banco: str,
    schema: str,
    carga: Carga,
    variaveis: Mapping[str, int],
    *,
    desfazer: bool = False,
) -> float:
    """Microseconds of processor time that one statement takes of its backend.

    One connection sends the statements, synchronous_commit off: what is counted is work, not the
    disk nor the neighbours. `desfazer` rolls each of them back, so that all meet the same rows.
    """
    preparados = bancada.ritmo.cpu + _AQUECER
    with bancada.conectar(banco, schema) as conn:
        conn.execute("SET synchronous_commit = off")
        carga.preparar(conn, variaveis, preparados)
        conn.autocommit = not desfazer
        sorteio = sortear()
        carga.roteiro.enviar(conn, variaveis, sorteio, _AQUECER, desfazer=desfazer)
        antes = nanossegundos(conn.info.backend_pid)
        vezes = carga.roteiro.enviar(
            conn, variaveis, sorteio, bancada.ritmo.cpu, desfazer=desfazer, segundos=_LIMITE
        )
        total = nanossegundos(conn.info.backend_pid) - antes
        conn.autocommit = True
        carga.conferir(conn, sobram=preparados - (0 if desfazer else vezes + _AQUECER))
    return total / vezes / 1000


def nanossegundos(pid: int) -> int:
    """What a process has run so far. /proc/<pid>/stat says the same, in steps of 10 ms."""
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0])


@dataclass(frozen=True, slots=True)
class Latencia:
    """Milliseconds over many executions."""

    p50: float
    p99: float
    linhas: int


def latencia(
    conn: psycopg.Connection[Any], comando: str, parametros: Sequence[Mapping[str, object]]
) -> Latencia:
    """Milliseconds of a prepared question until its last row has arrived."""
    tempos, linhas = [], 0
    aquecer = min(_AQUECER, len(parametros))
    with conn.cursor(binary=True) as cursor:
        for valores in (*parametros[:aquecer], *parametros):
            inicio = time.perf_counter()
            cursor.execute(COMANDOS[comando], valores, prepare=True)
            tempos.append(1000 * (time.perf_counter() - inicio))
            linhas = cursor.rowcount
    tempos = tempos[aquecer:]
    if len(tempos) == 1:
        return Latencia(tempos[0], tempos[0], linhas)
    return Latencia(median(tempos), quantiles(tempos, n=100, method="inclusive")[98], linhas)


def cronometrar(acao: Callable[[], object]) -> float:
    """Milliseconds that something takes."""
    inicio = time.perf_counter()
    acao()
    return 1000 * (time.perf_counter() - inicio)


def mediana_das_razoes(de: Sequence[float], por: Sequence[float]) -> float:
    """The median of the rounds' own ratios: a slow minute slows both sides of its round."""
    return median(a / b for a, b in zip(de, por, strict=True))
