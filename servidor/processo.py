"""The server's process: which one it is, whether it lives, how it ends."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from pathlib import Path

from estoque_pg.idioma import t
from servidor.erros import ErroServidor

ESPERA = 60.0  # seconds for a start (crash recovery included) or a stop


def linhas_do_pid(dados: Path) -> list[str]:
    try:
        texto = (dados / "postmaster.pid").read_text()
    except OSError:
        return []
    return [linha.strip() for linha in texto.splitlines()]


def vive(pid: int) -> bool:
    """Tell whether a process runs; one that has ended and is not yet reaped does not."""
    try:
        campos = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return False
    return campos[0] not in "ZX"


def pid_vivo(dados: Path) -> int | None:
    """The process of the server on a data folder; a left-over pid file names none that counts."""
    linhas = linhas_do_pid(dados)
    if not linhas or not linhas[0].isdigit():
        return None
    pid = int(linhas[0])
    return pid if vive(pid) and serve(pid, dados) else None


def serve(pid: int, dados: Path) -> bool:
    """Tell whether the process is a PostgreSQL on that data folder, which it has as its own."""
    try:
        if Path(f"/proc/{pid}/comm").read_text().strip() not in ("postgres", "postmaster"):
            return False
        return os.readlink(f"/proc/{pid}/cwd") == str(dados.resolve())
    except PermissionError:
        return True  # another user's: better to take it for ours than to start a second one
    except OSError:
        return False


def limpar_pid_alheio(dados: Path) -> None:
    """Drop a pid file whose number, after a reboot, now belongs to another kind of process.

    PostgreSQL itself clears one whose process is gone, but refuses to start while it lives.
    """
    linhas = linhas_do_pid(dados)
    pid = int(linhas[0]) if linhas and linhas[0].isdigit() else 0
    if pid and vive(pid) and not serve(pid, dados):
        (dados / "postmaster.pid").unlink()


def encerrar(raiz: Path, rapido: bool, processo: subprocess.Popen[bytes] | None = None) -> bool:
    """Stop the server of a folder, by signal: no programs needed. False when none runs."""
    pid = pid_vivo(raiz / "dados")
    if pid is None:
        return False
    try:
        os.kill(pid, signal.SIGINT if rapido else signal.SIGQUIT)
    except ProcessLookupError:
        return False
    except PermissionError as erro:
        raise ErroServidor(
            t("the server (process {pid}) belongs to another user", pid=pid),
            dica=t("stop it as the user who started it, or as root"),
        ) from erro
    esperar_fim(pid, processo)
    return True


def esperar_fim(pid: int, processo: subprocess.Popen[bytes] | None) -> None:
    if processo is not None and processo.pid == pid:
        with contextlib.suppress(subprocess.TimeoutExpired):
            processo.wait(ESPERA)
    limite = time.monotonic() + ESPERA
    while vive(pid):
        if time.monotonic() > limite:
            raise ErroServidor(t("the server (process {pid}) did not stop", pid=pid))
        time.sleep(0.02)


def ultima_queixa(texto: str) -> str:
    linhas = [linha.strip() for linha in texto.splitlines() if linha.strip()]
    graves = [x for x in linhas if "FATAL:" in x or "PANIC:" in x or "error:" in x]
    escolhida = (graves or linhas or ["it said nothing"])[-1]
    for sinal in ("FATAL:", "PANIC:", "error:"):
        escolhida = escolhida.rpartition(sinal)[2].strip()
    return escolhida
