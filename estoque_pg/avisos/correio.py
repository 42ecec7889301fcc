"""E-mail, by the SMTP server that ESTOQUE_SMTP names.

smtp://user:password@host:587 (STARTTLS where the server has it; with a password, on another machine
than this, not without it), or smtps://user:password@host:465. ESTOQUE_REMETENTE is the sender.
"""

from __future__ import annotations

import contextlib
import os
import smtplib
import socket
import ssl
import time
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from typing import Any
from urllib.parse import unquote, urlsplit

from estoque_pg.avisos.falhas import Alcance, NaoEntregue, no_maximo
from estoque_pg.avisos.mensagem import Mensagem
from estoque_pg.erros import ArgumentoInvalido
from estoque_pg.idioma import t
from estoque_pg.perguntas.internas import Entrega

VARIAVEL, REMETENTE = "ESTOQUE_SMTP", "ESTOQUE_REMETENTE"
GRANDE_DEMAIS = 552
# It closes, or wants to know who asks: of any message, whenever it says so.
DO_SERVIDOR = (421, 530, 534, 535, 538)
DESTA_MAQUINA = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True)
class Correio:
    """A server, and how to speak with it."""

    servidor: str
    porta: int
    cifrado: bool
    usuario: str | None
    senha: str | None
    remetente: str

    @classmethod
    def do_ambiente(cls) -> Correio | None:
        """Read it of the environment; None where that names no server."""
        endereco = os.environ.get(VARIAVEL, "").strip()
        if not endereco:
            return None
        try:
            partes = urlsplit(endereco)
            porta, servidor = partes.port, partes.hostname
        except ValueError:
            porta = servidor = None
        if not servidor or partes.scheme not in ("smtp", "smtps"):
            raise ArgumentoInvalido(
                t("{variavel} is no address of a mail server", variavel=VARIAVEL),
                t("write it smtp://user:password@host:587, or smtps://"),
            )
        cifrado = partes.scheme == "smtps"
        remetente = os.environ.get(REMETENTE, "").strip() or f"estoque@{socket.getfqdn()}"
        if "@" not in parseaddr(remetente)[1] or not remetente.isprintable():
            raise ArgumentoInvalido(
                t("{variavel} is no address of a sender", variavel=REMETENTE),
                t("write it name@domain, or Name <name@domain>"),
            )
        return cls(
            servidor,
            porta or (465 if cifrado else 25),
            cifrado,
            unquote(partes.username) if partes.username else None,
            unquote(partes.password) if partes.password else None,
            remetente,
        )

    def enviar(self, entrega: Entrega, mensagem: Mensagem, prazo: float) -> None:
        """Send a message; raise NaoEntregue where the server does not take it."""
        try:
            carta = self._carta(entrega, mensagem)
        except ValueError as erro:
            raise NaoEntregue(str(erro), "mensagem") from None
        limite = time.monotonic() + prazo
        apresentado = False
        try:
            servidor = self._conectar(prazo)
            with contextlib.closing(servidor):
                resta = max(limite - time.monotonic(), 0.0)
                with no_maximo(resta, lambda: _fechar(servidor)):
                    self._apresentar(servidor)
                    apresentado = True
                    servidor.send_message(carta)
                # What it says of the farewell changes nothing any more, nor that it says nothing:
                # the attempt ends before those who wait for it give it up.
                resta = max(limite - time.monotonic(), 0.0) / 2
                with contextlib.suppress(OSError), no_maximo(resta, lambda: _fechar(servidor)):
                    servidor.quit()
        except smtplib.SMTPRecipientsRefused as erro:
            codigo, dito = next(iter(erro.recipients.values()))
            raise _recusada(codigo, dito) from None
        except smtplib.SMTPSenderRefused as erro:
            # It is the same of every message, but for one that is too large.
            grande = erro.smtp_code == GRANDE_DEMAIS
            raise _recusada(erro.smtp_code, erro.smtp_error, not grande) from None
        except smtplib.SMTPDataError as erro:
            raise _recusada(erro.smtp_code, erro.smtp_error) from None
        except smtplib.SMTPNotSupportedError as erro:
            # Once it is greeted: no SMTPUTF8, for an address that cannot be written without.
            da_carta = apresentado and self.remetente.isascii()
            raise NaoEntregue(str(erro), "mensagem" if da_carta else "servidor") from None
        except (OSError, smtplib.SMTPException) as erro:
            raise NaoEntregue(str(erro) or type(erro).__name__, "servidor") from None
        except ValueError as erro:
            raise NaoEntregue(str(erro), "mensagem") from None

    def _carta(self, entrega: Entrega, mensagem: Mensagem) -> EmailMessage:
        carta = EmailMessage()
        carta["From"] = self.remetente
        carta["To"] = entrega.destino
        carta["Subject"] = mensagem.assunto
        carta["Date"] = format_datetime(mensagem.em)
        dominio = parseaddr(self.remetente)[1].rpartition("@")[2]
        carta["Message-ID"] = f"<{entrega.chave}@{dominio}>"
        carta["Auto-Submitted"] = "auto-generated"
        carta.set_content(mensagem.texto)
        carta.add_alternative(mensagem.html, subtype="html")
        return carta

    def _conectar(self, prazo: float) -> smtplib.SMTP:
        if self.cifrado:
            return _ServidorCifrado(
                self.servidor, self.porta, timeout=prazo, context=ssl.create_default_context()
            )
        return _Servidor(self.servidor, self.porta, timeout=prazo)

    def _apresentar(self, servidor: smtplib.SMTP) -> None:
        servidor.ehlo()
        if not self.cifrado and servidor.has_extn("starttls"):
            servidor.starttls(context=ssl.create_default_context())
            servidor.ehlo()
        elif not self.cifrado and self.senha and self.servidor not in DESTA_MAQUINA:
            raise smtplib.SMTPException(
                t("the mail server has no STARTTLS: the password is not sent to it")
            )
        if self.usuario is not None:
            servidor.login(self.usuario, self.senha or "")


class _Servidor(smtplib.SMTP):
    """A server whose greeting, too, comes within the time limit as a whole."""

    timeout: float

    def connect(self, *args: Any, **mais: Any) -> tuple[int, bytes]:
        """Connect, and hear the greeting."""
        with no_maximo(self.timeout, lambda: _fechar(self)):
            return super().connect(*args, **mais)


class _ServidorCifrado(_Servidor, smtplib.SMTP_SSL):
    pass


def _fechar(servidor: smtplib.SMTP) -> None:
    with contextlib.suppress(OSError, AttributeError):
        if servidor.sock is not None:
            servidor.sock.shutdown(socket.SHUT_RDWR)


def _recusada(codigo: int, dito: bytes | str, do_servidor: bool = False) -> NaoEntregue:
    texto = dito.decode(errors="replace") if isinstance(dito, bytes) else dito
    alcance: Alcance = "mensagem" if 500 <= codigo < 600 else "tentativa"
    if do_servidor or codigo in DO_SERVIDOR:
        alcance = "servidor"
    return NaoEntregue(f"{codigo} {texto}", alcance)
