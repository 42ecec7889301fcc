"""What changed, told to every open page: one reader a process, however many listen.

Writers tell nobody: once a second the rows that they wrote are looked for by their writer's number
(the question `mudados`). A page is told that something changed, and asks for itself again.

What an open page shows and what runs out are looked at each time, by index. All other products are
read through, which takes as long as there are many: of a large stock less often.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections import deque
from collections.abc import AsyncIterator, Collection
from dataclasses import dataclass, field
from datetime import date
from typing import Protocol, TypeVar

from estoque_pg.perguntas import internas
from estoque_pg.perguntas.base import Pergunta

T = TypeVar("T")

INTERVALO = 1.0  # seconds between two looks, at least
PARTE = 20  # and at least so many times what one takes: a twentieth of one server process
DESENHO = 4  # and so many times what pages took that were drawn since the last one
MAXIMO = 15.0  # seconds between two looks, and between two at all products, at most
LIMITE = 30.0  # seconds after which a look is given up
CONTAGEM = 60.0  # seconds between two counts of incoherences, at least: they take a second
_registro = logging.getLogger("estoque_pg.painel")


class Responder(Protocol):
    """Carries a question out."""

    async def __call__(self, pergunta: Pergunta[T], /) -> T: ...


@dataclass(eq=False)
class Ouvinte:
    """An open page: what it shows, and whether that changed since it was last told.

    `codigo` is the canonical code of the one product it shows, None for a page about all. However
    slow a page is, it owes no more than one notice.
    """

    codigo: str | None
    mudou: asyncio.Event = field(default_factory=asyncio.Event)


class AoVivo:
    """Looks for changes, and wakes who listens."""

    def __init__(self, responder: Responder) -> None:
        self._responder = responder
        self._ouvintes: set[Ouvinte] = set()
        self._fim = asyncio.Event()
        self._mudancas = 0
        self._inicio = f"{time.time():.0f}"
        self._marca: int | None = None
        self._hoje: date | None = None
        self._produtos = 0
        self._rompidos: int | None = None
        self._regras = ""
        self._incoerencias: int | None = None
        self._interessa = False
        self._sabidos: dict[str, str | None] = {}
        self._ouvidos: dict[str, str | None] = {}
        self._levou: dict[bool, deque[float]] = {t: deque(maxlen=5) for t in (False, True)}
        self._tudo_em = 0.0
        self._gasto = 0.0

    @property
    def versao(self) -> str:
        """Which state of the stock this is: another one after each change that was seen.

        After a restart no page has the state that it knew.
        """
        return f"{self._inicio}-{self._mudancas}"

    @property
    def ouvintes(self) -> int:
        """How many pages listen."""
        return len(self._ouvintes)

    @property
    def levou(self) -> float:
        """How many seconds the last look at all products took."""
        return self._levou[True][-1] if self._levou[True] else 0.0

    async def olhar_sempre(self) -> None:
        """Look again and again until `encerrar`; while the database is away, wait for it."""
        while not self._fim.is_set():
            try:
                await asyncio.wait_for(self.olhar(time.monotonic() >= self._tudo_em), LIMITE)
            except Exception as erro:  # whatever it is, the next look may succeed
                if self._marca is not None:
                    _registro.warning("warning: changes are not seen: %s", str(erro) or repr(erro))
                self._marca = None  # what happens meanwhile is not known: all is new afterwards
            espera = max(INTERVALO, self._leva(False) * PARTE, self._gasto * DESENHO)
            self._gasto = 0.0
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._fim.wait(), min(espera, MAXIMO))

    async def olhar(self, tudo: bool = True) -> None:
        """Look once, at all products or at those in sight, and wake those whom it concerns."""
        tudo = tudo or self._marca is None
        ouvidos = {o.codigo for o in self._ouvintes if o.codigo is not None}
        inicio = time.monotonic()
        visto = await self._responder(internas.mudados(self._marca, sorted(ouvidos), tudo))
        if visto.rompidos is not None:
            self._levou[tudo].append(time.monotonic() - inicio)
        # Of a page just drawn nothing is known yet; it is told if what it shows is no product.
        outros = {
            c: quem for c, quem in visto.ouvidos.items() if self._ouvidos.get(c, quem or "") != quem
        }
        achados = outros | visto.mudados
        novos = {c for c, quem in achados.items() if self._sabidos.get(c, "") != quem}
        produtos = self._produtos if visto.produtos is None else visto.produtos
        rompidos = self._rompidos if visto.rompidos is None else visto.rompidos
        listas = rompidos != self._rompidos  # one may have ended, and its row is not among these
        # A day that turned, a row that went: what was read is no sum of changes any more.
        todos = (
            self._marca is None
            or (visto.hoje, visto.regras) != (self._hoje, self._regras)
            or produtos < self._produtos
        )
        primeira = self._marca is None and self._hoje is None
        self._hoje, self._produtos, self._rompidos = visto.hoje, produtos, rompidos
        self._ouvidos, self._regras = visto.ouvidos, visto.regras
        self._sabidos = achados if tudo else self._sabidos | achados
        if tudo:
            self._marca = visto.marca
        if visto.produtos is not None:
            self._tudo_em = time.monotonic() + min(self._leva(True) * PARTE, MAXIMO)
        if (novos or todos or listas) and not primeira:
            self._acordar(novos, todos)

    def _acordar(self, codigos: Collection[str], todos: bool = False) -> None:
        """Tell the pages about all, and those about one of these products, or everybody."""
        self._mudancas += 1
        for ouvinte in self._ouvintes:
            if todos or ouvinte.codigo is None or ouvinte.codigo in codigos:
                ouvinte.mudou.set()

    def incoerencias(self) -> int | None:
        """Return how many incoherences there were; they are counted anew for who asks later.

        None before they were counted, or where the service's role may not read documents.
        """
        self._interessa = True
        return self._incoerencias

    async def contar_sempre(self) -> None:
        """Count the incoherences again and again, while somebody looks at how many there are."""
        while True:
            await asyncio.sleep(INTERVALO)
            if not self._interessa:
                continue
            self._interessa = False
            antes = self._incoerencias
            try:
                pergunta = internas.quantas_incoerencias()
                self._incoerencias = await asyncio.wait_for(self._responder(pergunta), LIMITE)
            except Exception:  # a role without rights, a database that is away: not known
                self._incoerencias = None
            if self._incoerencias != antes:
                self._acordar(())
            await asyncio.sleep(CONTAGEM)

    def _leva(self, tudo: bool) -> float:
        """Return what such a look takes that reads: the quickest of the last, where there are some.

        One that had to connect, or to wait for a processor, says nothing.
        """
        levou = self._levou[tudo]
        return min(levou) if len(levou) == levou.maxlen else 0.0

    async def ouvir(self, codigo: str | None, versao: str) -> AsyncIterator[str]:
        """Yield the state whenever it is another than `versao`, what the page shows, until the end.

        A page that was away hears at once what it missed.
        """
        ouvinte = Ouvinte(codigo)
        if versao != self.versao:
            ouvinte.mudou.set()
        self._ouvintes.add(ouvinte)
        try:
            while not self._fim.is_set():
                await ouvinte.mudou.wait()
                ouvinte.mudou.clear()
                if not self._fim.is_set():
                    yield self.versao
        finally:
            self._ouvintes.discard(ouvinte)

    def gastou(self, segundos: float) -> None:
        """Note what drawing a page took that was told of a change."""
        self._gasto += segundos

    def encerrar(self) -> None:
        """Let everybody go: an open page would hold up the end of the service."""
        self._fim.set()
        for ouvinte in self._ouvintes:
            ouvinte.mudou.set()
