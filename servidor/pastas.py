"""The folders of servers: where they are, what they remember, who may use them, how they go."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
import socket
import stat
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from estoque_pg.idioma import t
from servidor.erros import ErroServidor
from servidor.processo import encerrar

PORTA = 5432  # of the socket's file name only: nothing listens on TCP


def pasta_padrao() -> Path:
    """The folder of the durable server: `.estoque` in the checkout."""
    return Path(__file__).resolve().parent.parent / ".estoque"


@dataclass(slots=True)
class Ficha:
    """What a server's folder remembers from one run to the next."""

    bindir: str
    versao: str
    socket: str
    tem_cron: bool
    duravel: bool

    @classmethod
    def ler(cls, raiz: Path) -> Ficha | None:
        try:
            return cls(**json.loads((raiz / "servidor.json").read_text()))
        except (OSError, ValueError, TypeError):
            return None


def pasta_rapida() -> Path:
    """Memory where there is room (a container's /dev/shm may be tiny), else the usual place."""
    shm = Path("/dev/shm")
    with contextlib.suppress(OSError):
        if os.access(shm, os.W_OK | os.X_OK) and shutil.disk_usage(shm).free > 1 << 30:
            return shm
    return Path(tempfile.gettempdir())


def varrer(onde: Path, dono: int) -> None:
    """Remove throwaway servers whose program was killed: nobody holds their lock any more."""
    for raiz in onde.glob("estoque-*"):
        ficha = Ficha.ler(raiz)
        if ficha is None or ficha.duravel or not e_privada(raiz, dono):
            continue
        with contextlib.suppress(OSError, ErroServidor):
            fd = os.open(raiz, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                encerrar(raiz, rapido=False)
                apagar(raiz, ficha.socket)
            finally:
                os.close(fd)


@contextlib.contextmanager
def trancada(raiz: Path) -> Iterator[None]:
    """Let one program at a time start or stop the server of a folder."""
    fd = os.open(raiz, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX)
        if not raiz.exists() or not os.path.samestat(os.fstat(fd), raiz.stat()):
            raise ErroServidor(
                t("{raiz} was removed by another run", raiz=raiz), dica=t("run this again")
            )
        yield
    finally:
        os.close(fd)


def cabe_socket(pasta: Path) -> bool:
    """Try it: the path may be too long, or the file system have no sockets (shared folders)."""
    nome = pasta / f".s.PGSQL.{PORTA}"
    with contextlib.suppress(FileNotFoundError):
        nome.unlink()
    try:
        with socket.socket(socket.AF_UNIX) as tomada:
            tomada.bind(str(nome))
        nome.unlink()
    except OSError:
        return False
    return True


def e_privada(pasta: Path, dono: int) -> bool:
    with contextlib.suppress(OSError):
        estado = pasta.lstat()
        privada = stat.S_ISDIR(estado.st_mode) and stat.S_IMODE(estado.st_mode) == 0o700
        return privada and estado.st_uid == dono
    return False


def apagar(raiz: Path, host: str) -> None:
    if host and Path(host) != raiz and e_privada(Path(host), raiz.stat().st_uid):
        shutil.rmtree(host, ignore_errors=True)
    shutil.rmtree(raiz)
