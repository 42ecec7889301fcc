"""A command in a real terminal: a pseudo-terminal, and the screen that a person would see."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable

import pyte

SETA_ABAIXO, FIM, INICIO = "\x1bOB", "\x1bOF", "\x1bOH"


class Terminal:
    """Runs `estoque` with the pseudo-terminal as its controlling one."""

    def __init__(
        self, *args: str, dsn: str, colunas: int = 80, linhas: int = 24, stdin: int | None = None,
        **env: str,
    ) -> None:  # fmt: skip
        self.mestre, escravo = pty.openpty()
        self.tela = pyte.Screen(colunas, linhas)
        self._fluxo = pyte.ByteStream(self.tela)
        self.recebido = b""
        self._medir(linhas, colunas)
        self.modo = termios.tcgetattr(escravo)
        limpo = {k: v for k, v in os.environ.items() if not k.startswith("PG")}
        limpo.pop("NO_COLOR", None)
        limpo |= {"TERM": "xterm-256color", "LC_ALL": "C.UTF-8", "DATABASE_URL": dsn}
        self.processo = subprocess.Popen(
            [sys.executable, "-m", "estoque_pg", *args],
            stdin=escravo if stdin is None else stdin,
            stdout=escravo,
            stderr=escravo,
            env={
                **limpo,
                "TERM": "xterm-256color",
                "LC_ALL": "C.UTF-8",
                "DATABASE_URL": dsn,
                **env,
            },
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(1, termios.TIOCSCTTY, 0),
        )
        self.escravo = escravo  # kept open: what was written can still be read after the end

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, *_: object) -> None:
        if self.processo.poll() is None:
            self.processo.kill()
        self.processo.wait()
        for fd in (self.mestre, self.escravo):
            os.close(fd)

    # --- what a person does ---------------------------------------------------------------------

    def teclar(self, teclas: str) -> None:
        os.write(self.mestre, teclas.encode())

    def redimensionar(self, linhas: int, colunas: int) -> None:
        self._medir(linhas, colunas)
        self.tela.resize(linhas, colunas)
        os.killpg(self.processo.pid, signal.SIGWINCH)

    def _medir(self, linhas: int, colunas: int) -> None:
        fcntl.ioctl(self.mestre, termios.TIOCSWINSZ, struct.pack("HHHH", linhas, colunas, 0, 0))

    # --- and sees -------------------------------------------------------------------------------

    def ler(self, segundos: float = 0.0) -> bytes:
        """Reads for so long; what came in that time."""
        ate, novo = time.monotonic() + segundos, b""
        while select.select([self.mestre], [], [], max(ate - time.monotonic(), 0))[0]:
            with contextlib.suppress(OSError):
                novo += os.read(self.mestre, 65536)
        self.recebido += novo
        self._fluxo.feed(novo)
        return novo

    @property
    def texto(self) -> str:
        return "\n".join(linha.rstrip() for linha in self.tela.display)

    def espera(self, o_que: str | Callable[[str], bool], limite: float = 15) -> str:
        """Reads until the screen shows it."""
        ate = time.monotonic() + limite
        while time.monotonic() < ate:
            self.ler(0.03)
            if (o_que in self.texto) if isinstance(o_que, str) else o_que(self.texto):
                return self.texto
        raise AssertionError(f"not on the screen: {o_que}\n{self.texto}")

    def negrito(self, trecho: str) -> bool:
        """Whether the text, somewhere on the screen, is bold."""
        for y, linha in enumerate(self.tela.display):
            if (x := linha.find(trecho)) >= 0:
                return bool(self.tela.buffer[y][x].bold)
        raise AssertionError(f"not on the screen: {trecho}\n{self.texto}")

    def fim(self, limite: float = 10) -> int:
        """Waits for the end; its exit code."""
        ate = time.monotonic() + limite
        while self.processo.poll() is None and time.monotonic() < ate:
            self.ler(0.02)
        codigo = self.processo.wait(timeout=0.1)
        self.ler()
        return codigo

    def restaurado(self) -> bool:
        """Whether the terminal is as it was found: its modes, its normal screen, its cursor."""
        modos = termios.tcgetattr(self.escravo) == self.modo
        tela = self.recebido.count(b"\x1b[?1049h") == self.recebido.count(b"\x1b[?1049l")
        return modos and tela and not self.tela.cursor.hidden
