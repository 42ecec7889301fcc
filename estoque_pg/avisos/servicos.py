"""Everything that Apprise reaches: Telegram, Slack, Teams, gateways of WhatsApp and many more.

The one module that knows apprise, which only the extra `avisos` installs. It tells no more than
whether a message was taken. It has no time limit: the deliverer stops waiting for it.
"""

from __future__ import annotations

import functools
import importlib.util
import logging

from estoque_pg.avisos.falhas import NaoEntregue
from estoque_pg.avisos.mensagem import Mensagem
from estoque_pg.idioma import t
from estoque_pg.perguntas.internas import Entrega


def ha() -> bool:
    """Whether apprise is installed."""
    return importlib.util.find_spec("apprise") is not None


@functools.cache
def carregar() -> None:
    """Load all that it knows, which takes seconds: no part of the time of an attempt."""
    import apprise

    apprise.Apprise.instantiate("json://localhost")


def enviar(entrega: Entrega, mensagem: Mensagem, prazo: float) -> None:
    """Send a message; raise NaoEntregue where the service does not take it."""
    import apprise

    # What it would log of a failure has the address in it, and with it the password.
    logging.getLogger("apprise").setLevel(logging.CRITICAL + 1)
    servicos = apprise.Apprise()
    try:
        conhecido = servicos.add(entrega.destino)
        aceita = conhecido and servicos.notify(title=mensagem.assunto, body=mensagem.texto)
    except Exception as erro:
        # Its own message may have parts of the address in it.
        raise NaoEntregue(
            t("Apprise failed: {erro}", erro=type(erro).__name__), "destino"
        ) from None
    if not conhecido:
        raise NaoEntregue(t("Apprise does not know such an address"), "mensagem")
    if not aceita:
        raise NaoEntregue(t("the service did not take the message"), "destino")
