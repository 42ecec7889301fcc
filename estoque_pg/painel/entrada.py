"""Who may see the panel, and who may write with it: a form for the token, and a signed cookie.

Where others can reach the service, pages are for those who gave its token; where it has one at all,
what writes is. Without any, only who calls this machine by its own name writes: a page from
elsewhere whose name was made to lead here is no page of ours.

The cookie says until when it holds, and is signed with a key that is made of the token: another
token ends every session. It is HttpOnly and SameSite; a form is taken only from our own pages.
"""

from __future__ import annotations

import hashlib
import hmac
import time
from contextlib import suppress
from ipaddress import ip_address
from urllib.parse import parse_qs, quote, urlsplit

from fastapi import Request
from fastapi.responses import RedirectResponse, Response

COOKIE = "estoque_painel"
DURACAO = 12 * 3600  # seconds that a login holds
ENTRAR = "/entrar"


class Entrada:
    """The login of a service with a token; without one, or `de_todos` False, everybody may read."""

    def __init__(self, token: str | None, de_todos: bool = True) -> None:
        self._token = token
        self._de_todos = de_todos
        self._chave = hashlib.sha256(b"estoque_pg painel\0" + (token or "").encode()).digest()

    @property
    def ha_token(self) -> bool:
        """Whether there is anything to log in with."""
        return self._token is not None

    def dentro(self, request: Request) -> bool:
        """Whether who asks may see pages."""
        return self._token is None or not self._de_todos or self.entrou(request)

    def escreve(self, request: Request) -> bool:
        """Whether who asks may write."""
        return self.entrou(request) if self.ha_token else desta_maquina(request)

    def entrou(self, request: Request) -> bool:
        """Whether the request bears a cookie of ours that still holds."""
        if self._token is None:
            return False
        ate, _, assinatura = request.cookies.get(COOKIE, "").partition(".")
        certa = hmac.compare_digest(assinatura.encode(), self._assinar(ate).encode())
        return certa and ate.isdecimal() and int(ate) > time.time()

    def confere(self, dado: str) -> bool:
        """Whether that is the token."""
        return self._token is not None and hmac.compare_digest(dado.encode(), self._token.encode())

    def abrir(self, request: Request, destino: str) -> Response:
        """Send on to a page of ours, with the cookie."""
        resposta = RedirectResponse(_nossa(destino), 303)
        ate = str(int(time.time()) + DURACAO)
        resposta.set_cookie(
            COOKIE,
            f"{ate}.{self._assinar(ate)}",
            max_age=DURACAO,
            httponly=True,
            samesite="lax",  # a link in a mail shall open its page
            secure=request.url.scheme == "https",
        )
        return resposta

    def fechar(self) -> Response:
        """Send on to the form, without the cookie."""
        resposta = RedirectResponse(ENTRAR, 303)
        resposta.delete_cookie(COOKIE)
        return resposta

    def _assinar(self, ate: str) -> str:
        return hmac.new(self._chave, ate.encode(), hashlib.sha256).hexdigest()


def caminho(request: Request) -> str:
    """Return the path that was asked for as an address: a code may hold what ends a path."""
    return quote(request.scope["path"], safe="/")


def aqui(request: Request) -> str:
    """Return the address that was asked for, without the service's own."""
    return caminho(request) + (f"?{request.url.query}" if request.url.query else "")


def para_entrar(request: Request) -> str:
    """Return the address of the form, which leads back to the page asked for."""
    return f"{ENTRAR}?destino={quote(aqui(request), safe='')}"


def desta_maquina(request: Request) -> bool:
    """Whether the service was called by a name that cannot mean another machine."""
    # Not by request.url: for a Host that it finds odd that has our own address instead.
    with suppress(ValueError):  # what is no address, and a Host that nobody can read
        nome = urlsplit("//" + request.headers.get("host", "")).hostname or ""
        return nome == "localhost" or ip_address(nome).is_loopback
    return False


def de_casa(request: Request) -> bool:
    """Whether a form was sent by a page of this service, not by somebody else's."""
    vindo = request.headers.get("sec-fetch-site")
    if vindo is not None:
        return vindo in ("same-origin", "none")
    origem = request.headers.get("origin") or request.headers.get("referer") or ""
    return urlsplit(origem).netloc == request.headers.get("host")


async def formulario(request: Request) -> dict[str, str]:
    """Return the fields of a form, the first of each name."""
    corpo = (await request.body()).decode("utf-8", "replace")
    return {nome: valores[0] for nome, valores in parse_qs(corpo, keep_blank_values=True).items()}


def _nossa(destino: str) -> str:
    """Return the address if it is one of ours, else that of the first page."""
    partes = urlsplit(destino)
    nossa = destino.startswith("/") and not destino.startswith(("//", "/\\"))
    return destino if nossa and not partes.scheme and not partes.netloc else "/"
