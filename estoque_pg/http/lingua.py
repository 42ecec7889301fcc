"""The language of each request: what its Accept-Language asks for."""

from __future__ import annotations

from starlette.types import ASGIApp, Receive, Scope, Send

from estoque_pg.idioma import com_idioma, do_cabecalho


class Lingua:
    """Middleware that answers a request in the language it prefers among ours.

    Without a preference it is that of the service's environment.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        nomes = [v for nome, v in scope["headers"] if nome == b"accept-language"]
        with com_idioma(do_cabecalho(b",".join(nomes).decode("latin-1"))):
            await self.app(scope, receive, send)
