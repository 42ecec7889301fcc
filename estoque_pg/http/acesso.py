"""Who may ask: the token, and how much a request may send."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Coroutine
from typing import Annotated, Any

from fastapi import Depends, HTTPException
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from estoque_pg.idioma import t

# 5,000 codes of 255 characters, each of them four bytes, and what JSON puts around.
MAX_CORPO = 6_000_000

_portador = HTTPBearer(auto_error=False, description="The token that ESTOQUE_TOKEN holds.")


def exigir(token: str) -> Callable[..., Coroutine[Any, Any, None]]:
    """Return a dependency that lets in only requests that bear the token; 401 for the others."""

    async def conferir(
        credencial: Annotated[HTTPAuthorizationCredentials | None, Depends(_portador)],
    ) -> None:
        # Headers arrive as latin-1 text. In constant time: how long it takes tells nothing.
        dado = credencial.credentials.encode("latin-1") if credencial else b""
        if not hmac.compare_digest(dado, token.encode()):
            raise HTTPException(
                401, t("the token is missing or wrong"), headers={"WWW-Authenticate": "Bearer"}
            )

    return conferir


class LimiteDoCorpo:
    """Middleware that answers 413 to a body beyond MAX_CORPO bytes, announced or not."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        recebidos = 0

        async def contar() -> Message:
            nonlocal recebidos
            mensagem = await receive()
            recebidos += len(mensagem.get("body", b""))
            if recebidos > MAX_CORPO:
                raise HTTPException(
                    413, t("the body has more than {limite} bytes", limite=f"{MAX_CORPO:,}")
                )
            return mensagem

        await self.app(scope, contar if scope["type"] == "http" else receive, send)
