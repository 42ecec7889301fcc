"""Why a message could not be sent, and what follows from it; and an end to every attempt."""

from __future__ import annotations

import contextvars
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Literal

from estoque_pg.idioma import t

# The attempt alone; the destination, where nothing else is tried before; the server, which others
# are reached by too; the message, which no attempt will get through; the subscription, which the
# destination has ended.
Alcance = Literal["tentativa", "destino", "servidor", "mensagem", "inscricao"]


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


def tarde(segundos: float) -> str:
    """Say that an attempt took longer than it may."""
    return t("no answer within {n} s", n=f"{segundos:g}")


@contextmanager
def no_maximo(segundos: float, fechar: Callable[[], None]) -> Iterator[None]:
    """End what goes on in the block after so long: time limits of a socket begin at each byte.

    It fails with a TimeoutError then, also where the block ends without an error: headers, or a
    greeting, that `fechar` cuts off read as if they were whole.
    """
    venceu = threading.Event()

    def vencer() -> None:
        venceu.set()
        fechar()

    relogio = threading.Timer(segundos, vencer)
    relogio.daemon = True
    relogio.start()
    try:
        yield
    except Exception:
        if not venceu.is_set():
            raise
    finally:
        relogio.cancel()
    if venceu.is_set():
        raise TimeoutError(tarde(segundos))


def em_prazo(segundos: float, fazer: Callable[[], None]) -> bool:
    """Do something, and raise what it raises; False where it has not ended after so long.

    In a thread: looking up a name, a handshake, or a library that has no time limit, cannot be
    ended from outside, only waited for no longer.
    """
    falhas: list[Exception] = []

    def tentar() -> None:
        try:
            fazer()
        except Exception as erro:
            falhas.append(erro)

    # In the language of this moment, which a thread does not inherit.
    fio = threading.Thread(target=contextvars.copy_context().run, args=(tentar,), daemon=True)
    fio.start()
    fio.join(segundos)
    if fio.is_alive():
        return False
    if falhas:
        raise falhas[0]
    return True
