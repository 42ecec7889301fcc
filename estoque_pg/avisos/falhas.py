"""Why a message could not be sent, and what follows from it; and an end to every attempt."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Literal

# The attempt alone; the destination, where nothing else is tried before; the message, which no
# attempt will get through; the subscription, which the destination has ended.
Alcance = Literal["tentativa", "destino", "mensagem", "inscricao"]


MAX_MOTIVO = 1000  # signs of a reason that are kept: a server may answer at any length


class NaoEntregue(Exception):
    """A message that could not be sent; `espera` is how long the destination asks to be spared.

    `motivo` may be what a server said: of that, what PostgreSQL cannot hold is replaced.
    """

    def __init__(
        self, motivo: str, alcance: Alcance = "tentativa", espera: float | None = None
    ) -> None:
        escrito = motivo[:MAX_MOTIVO].encode("utf-8", "replace").decode()
        self.motivo = escrito.replace("\0", "\N{REPLACEMENT CHARACTER}")
        super().__init__(self.motivo)
        self.alcance: Alcance = alcance
        self.espera = espera


@contextmanager
def no_maximo(segundos: float, fechar: Callable[[], None]) -> Iterator[None]:
    """End what goes on in the block after so long: time limits of a socket begin at each byte."""
    relogio = threading.Timer(segundos, fechar)
    relogio.daemon = True
    relogio.start()
    try:
        yield
    finally:
        relogio.cancel()
