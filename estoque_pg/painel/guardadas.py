"""The pages drawn last: many who look at one page at a time cost no more than one."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from fastapi import Request
from fastapi.responses import Response

from estoque_pg.erros import ErroConexao
from estoque_pg.http.conexoes import ESPERA
from estoque_pg.idioma import idioma, t
from estoque_pg.painel.entrada import aqui

MAXIMO = 200  # pages that are kept
VALIDADE = 10.0  # seconds that a page holds: some of what it shows is not seen to change
DA_FALHA = 2.0  # and that a database is taken to be still away


@dataclass
class _Guardada:
    """A page: what was answered, to which state of the stock, when, and who draws it now."""

    trava: threading.Lock = field(default_factory=threading.Lock)
    resposta: Response | None = None
    falha: ErroConexao | None = None
    versao: str = ""
    quando: float = 0.0


class Guardadas:
    """Keeps pages while nothing that was seen changed, and for VALIDADE at most.

    What drawing took is told to `AoVivo`, which then lets the next change wait.
    """

    def __init__(self) -> None:
        self._trava = threading.Lock()  # of the dictionary: requests are many threads
        self._paginas: dict[tuple[str, str], _Guardada] = {}

    def resposta(self, request: Request, desenhar: Callable[[], Response]) -> Response:
        """Return the page as it was drawn, or drawn anew.

        Who asks gets what is true now; a page that renews itself, what was drawn since the change.
        Raises ErroConexao to those who wait for a page that does not get drawn.
        """
        if not request.headers.get("hx-request"):
            return desenhar()
        guardada = self._de((aqui(request), idioma()))
        if not guardada.trava.acquire(timeout=ESPERA):
            raise ErroConexao(t("the page is still being drawn for somebody else"))
        try:
            inicio = time.monotonic()
            idade = inicio - guardada.quando
            if guardada.falha is not None and idade < DA_FALHA:
                raise guardada.falha
            resposta = guardada.resposta
            if resposta is None or guardada.versao != request.state.versao or idade >= VALIDADE:
                guardada.falha = guardada.resposta = None
                try:
                    resposta = desenhar()
                except ErroConexao as erro:
                    guardada.falha, guardada.quando = erro, time.monotonic()
                    raise
                request.app.state.ao_vivo.gastou(time.monotonic() - inicio)
                if resposta.status_code == 200:
                    guardada.resposta = resposta
                    guardada.versao, guardada.quando = request.state.versao, inicio
            return resposta
        finally:
            guardada.trava.release()

    def _de(self, chave: tuple[str, str]) -> _Guardada:
        """Return the place of a page, and forget the one that came first where there are many."""
        with self._trava:
            if chave not in self._paginas and len(self._paginas) >= MAXIMO:
                del self._paginas[next(iter(self._paginas))]
            return self._paginas.setdefault(chave, _Guardada())
