"""Webhooks, signed as Standard Webhooks has it: webhook-id, webhook-timestamp, webhook-signature.

The id is the delivery's key, the same at every attempt: who gets a message twice knows it by that.
"""

from __future__ import annotations

import base64
import contextlib
import email.utils
import hashlib
import hmac
import http.client
import re
import socket
import ssl
import time
from datetime import datetime, timezone
from urllib.parse import urlsplit

from estoque_pg import __version__
from estoque_pg.avisos.falhas import Alcance, NaoEntregue, no_maximo, tarde
from estoque_pg.avisos.mensagem import Mensagem
from estoque_pg.idioma import t
from estoque_pg.perguntas.internas import Entrega

FORA = (429, 502, 503, 504)  # too much, or nobody there: of any message, not of this one
ESPERA_MAXIMA = 86400.0  # seconds that a Retry-After may ask for


def assinatura(segredo: str, chave: str, momento: int, corpo: bytes) -> str:
    """Return the signature of a body under a secret written whsec_..."""
    bruto = base64.b64decode(segredo.removeprefix("whsec_"))
    digesto = hmac.digest(bruto, f"{chave}.{momento}.".encode() + corpo, hashlib.sha256)
    return f"v1,{base64.b64encode(digesto).decode()}"


def enviar(entrega: Entrega, mensagem: Mensagem, prazo: float) -> None:
    """Post a message; raise NaoEntregue for whatever is not answered with 2xx in time."""
    conexao: http.client.HTTPConnection
    limite = time.monotonic() + prazo
    momento = int(time.time())
    try:
        cabecalhos = {
            "content-type": "application/json; charset=utf-8",
            "user-agent": f"estoque_pg/{__version__}",
            "webhook-id": entrega.chave,
            "webhook-timestamp": str(momento),
            "webhook-signature": assinatura(
                entrega.segredo or "", entrega.chave, momento, mensagem.corpo
            ),
        }
        endereco = urlsplit(entrega.destino)
        if endereco.scheme == "https":
            conexao = http.client.HTTPSConnection(
                endereco.hostname or "",
                endereco.port,
                timeout=prazo / 2,
                context=ssl.create_default_context(),
            )
        else:
            conexao = http.client.HTTPConnection(
                endereco.hostname or "", endereco.port, timeout=prazo / 2
            )
        alvo = endereco._replace(scheme="", netloc="", path=endereco.path or "/").geturl()
    except (ValueError, http.client.HTTPException) as erro:
        raise NaoEntregue(str(erro), "mensagem") from None

    def fechar() -> None:
        with contextlib.suppress(OSError):
            if conexao.sock is not None:
                conexao.sock.shutdown(socket.SHUT_RDWR)

    alcance: Alcance = "servidor"
    try:
        with contextlib.closing(conexao), no_maximo(prazo, fechar):
            conexao.connect()
            alcance = "destino"
            # While it connects there is nothing to close: a name may have been looked up for long.
            if (resta := limite - time.monotonic()) <= 0:
                raise TimeoutError(tarde(prazo))
            conexao.sock.settimeout(resta)
            conexao.request("POST", alvo, mensagem.corpo, cabecalhos)
            resposta = conexao.getresponse()
    except ValueError as erro:  # an address that cannot be written in a request
        raise NaoEntregue(str(erro), "mensagem") from None
    except (OSError, http.client.HTTPException) as erro:
        raise NaoEntregue(str(erro) or type(erro).__name__, alcance) from None
    if not 200 <= resposta.status < 300:
        _recusar(resposta)


def _recusar(resposta: http.client.HTTPResponse) -> None:
    alcance: Alcance = "tentativa"
    espera = _espera(resposta.getheader("retry-after"))
    if resposta.status == 410:
        alcance = "inscricao"
    elif resposta.status in FORA or espera is not None:
        alcance = "destino"
    motivo = t("answered {estado} {motivo}", estado=resposta.status, motivo=resposta.reason)
    raise NaoEntregue(motivo.strip(), alcance, espera)


def _espera(dito: str | None) -> float | None:
    """Read a Retry-After: seconds, or a date."""
    if dito is None:
        return None
    if re.fullmatch("[0-9]+", dito.strip()):
        return min(float(dito), ESPERA_MAXIMA)
    try:
        ate = email.utils.parsedate_to_datetime(dito)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    # Without a zone it is UTC, and says that the zone of its origin is not known.
    falta = ate.replace(tzinfo=ate.tzinfo or timezone.utc) - datetime.now(timezone.utc)
    return min(max(falta.total_seconds(), 0.0), ESPERA_MAXIMA)
