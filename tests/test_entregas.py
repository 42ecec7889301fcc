"""Deliveries: real servers of mail and of HTTP that fail on purpose, deliverers that are killed."""

from __future__ import annotations

import base64
import json
import os
import random
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from apoio import RAIZ, Banco
from standardwebhooks import Webhook
from test_cli import estoque

from estoque_pg.api import APIEstoqueTempoReal
from estoque_pg.avisos import webhook
from estoque_pg.avisos.correio import Correio
from estoque_pg.avisos.entregador import TENTATIVAS, Entregador
from estoque_pg.avisos.falhas import NaoEntregue
from estoque_pg.cli.base import Banco as Endereco
from estoque_pg.erros import ArgumentoInvalido
from estoque_pg.perguntas.internas import Entrega
from estoque_pg.perguntas.linha import completo, momento_de_json

SEGREDO = "whsec_" + base64.b64encode(b"0123456789abcdef0123456789abcdef").decode()


@dataclass
class Servidor:
    """An HTTP server: what it was posted, and what it answers to each."""

    url: str = ""
    respostas: list[tuple[int, dict[str, str]]] = field(default_factory=list)
    falhas: float = 0.0  # how often it fails of itself, as 503, without an answer, or too late
    recebidos: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    acaso: random.Random = field(default_factory=lambda: random.Random(7))
    trava: threading.Lock = field(default_factory=threading.Lock)

    def responder(self, cabecalhos: dict[str, str], corpo: bytes) -> tuple[int, dict[str, str]]:
        with self.trava:
            if self.acaso.random() < self.falhas:
                return self.acaso.choice([(503, {}), (0, {}), (-1, {})])
            self.recebidos.append((cabecalhos, corpo))
            return self.respostas.pop(0) if self.respostas else (204, {})

    @property
    def dados(self) -> list[Any]:
        return [json.loads(corpo)["data"] for _, corpo in self.recebidos]


@contextmanager
def servindo(falhas: float = 0.0) -> Iterator[Servidor]:
    servidor = Servidor(falhas=falhas)

    class Atende(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            corpo = self.rfile.read(int(self.headers["content-length"]))
            cabecalhos = {nome.lower(): valor for nome, valor in self.headers.items()}
            estado, mais = servidor.responder(cabecalhos, corpo)
            if estado <= 0:
                if estado < 0:
                    time.sleep(0.6)
                self.close_connection = True
                return
            self.send_response(estado)
            for nome, valor in mais.items():
                self.send_header(nome, valor)
            self.end_headers()

        def log_message(self, *args: Any) -> None:
            pass

    http = ThreadingHTTPServer(("127.0.0.1", 0), Atende)
    http.daemon_threads = True
    threading.Thread(target=http.serve_forever, args=(0.02,), daemon=True).start()
    servidor.url = f"http://127.0.0.1:{http.server_address[1]}/gancho?de=estoque"
    try:
        yield servidor
    finally:
        http.shutdown()
        http.server_close()


@pytest.fixture
def servidor() -> Iterator[Servidor]:
    with servindo() as servidor:
        yield servidor


@dataclass
class Caixa:
    """A mail server: what it took, and what it answers to the next messages."""

    respostas: list[str] = field(default_factory=list)
    cartas: list[EmailMessage] = field(default_factory=list)

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        resposta = self.respostas.pop(0) if self.respostas else "250 OK"
        if resposta.startswith("250"):
            carta = message_from_bytes(envelope.content, policy=policy.default)
            assert isinstance(carta, EmailMessage)
            self.cartas.append(carta)
        return resposta


@pytest.fixture
def caixa(monkeypatch: pytest.MonkeyPatch) -> Iterator[Caixa]:
    caixa = Caixa()
    with socket.socket() as livre:
        livre.bind(("127.0.0.1", 0))
        porta = livre.getsockname()[1]
    controle = Controller(caixa, hostname="127.0.0.1", port=porta)
    controle.start()
    monkeypatch.setenv("ESTOQUE_SMTP", f"smtp://127.0.0.1:{porta}")
    monkeypatch.setenv("ESTOQUE_REMETENTE", "Estoque <estoque@empresa.example>")
    try:
        yield caixa
    finally:
        controle.stop()


@dataclass
class Quem:
    """A deliverer on a database, and what it said."""

    banco: Banco
    ditas: list[str | None] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.api = APIEstoqueTempoReal(self.banco.conn)
        assert self.api.anunciar() == 0
        self.entregador = Entregador(self._conectar, self._dizer, prazo=3, base=60)

    @contextmanager
    def _conectar(self) -> Iterator[APIEstoqueTempoReal]:
        yield self.api

    def _dizer(self, entrega: Entrega, falha: NaoEntregue | None) -> None:
        self.ditas.append(falha.motivo if falha else None)

    def entregar(self) -> list[str | None]:
        """Announce, deliver what is due; what became of each attempt."""
        self.ditas.clear()
        self.entregador.uma_vez()
        return list(self.ditas)

    def ate_entregar(self) -> None:
        ate = time.monotonic() + 20
        while self.pendentes():
            assert time.monotonic() < ate, self.ditas
            self.passar_as_esperas()
            self.entregador.uma_vez()

    def passar_as_esperas(self) -> None:
        """As if what waits for its next attempt, and for the end of a pause, had done so."""
        self.banco.cru(
            "UPDATE estoque_inscricao SET pausada_ate = now() WHERE pausada_ate > now();"
            "UPDATE estoque_entrega SET proxima_em = now() - interval '1 s'"
            " WHERE estado = 'pendente'"
        )

    def pendentes(self) -> int:
        return self.api.resumo().avisos_pendentes or 0


@pytest.fixture
def quem(banco: Banco) -> Quem:
    return Quem(banco)


# --- webhooks -----------------------------------------------------------------------------------


def test_a_webhook_is_signed_and_says_what_changed(quem: Quem, servidor: Servidor) -> None:
    quem.api.inscrever("webhook", servidor.url, segredo=SEGREDO)
    quem.banco.mov("P1", 2, nome_produto="Parafuso çã")
    quem.banco.sep("P1", 5, 3, num_pedido="PED-1")
    assert quem.entregar() == [None]
    [(cabecalhos, corpo)] = servidor.recebidos
    recebido = Webhook(SEGREDO).verify(corpo, cabecalhos)
    assert isinstance(recebido, Mapping)
    assert recebido["type"] == "estoque.transicao.apareceu"
    dados = recebido["data"]
    assert (dados["cod_produto"], dados["nome_produto"]) == ("P1", "Parafuso çã")
    assert (dados["dia_depois"], dados["falta_depois"]) == (quem.banco.dia(3).isoformat(), 3)
    assert dados["causa"]["documento"] == "PED-1"
    assert cabecalhos["webhook-id"].endswith(f"-t{dados['id']}-i1")
    assert quem.entregar() == []


def test_what_fails_is_tried_again_under_its_id_and_the_next_waits(
    quem: Quem, servidor: Servidor
) -> None:
    servidor.respostas = [(500, {}), (302, {"location": "/"}), (200, {})]
    quem.api.inscrever("webhook", servidor.url)
    saida = quem.banco.sep("P1", 5)
    assert quem.entregar() == ["answered 500 Internal Server Error"]
    quem.banco.cru("DELETE FROM separacao WHERE id = %s", [saida])
    quem.banco.sep("P2", 5)
    quem.ate_entregar()
    chegados = [(d["cod_produto"], d["tipo"]) for d in servidor.dados]
    # Between products there is no order.
    assert [tipo for produto, tipo in chegados if produto == "P1"][-1] == "terminou"
    assert chegados.count(("P1", "apareceu")) + chegados.count(("P2", "apareceu")) == 4
    ids = {(d["cod_produto"], d["tipo"]): set() for d in servidor.dados}  # type: ignore[var-annotated]
    for (cabecalhos, _), d in zip(servidor.recebidos, servidor.dados, strict=True):
        ids[d["cod_produto"], d["tipo"]].add(cabecalhos["webhook-id"])
    assert [len(chaves) for chaves in ids.values()] == [1, 1, 1]


def test_a_destination_may_ask_for_time_and_others_go_on(quem: Quem, servidor: Servidor) -> None:
    servidor.respostas = [(429, {"retry-after": "3600"})]
    quem.api.inscrever("webhook", servidor.url, produtos=None, prefixo="P")
    quem.api.inscrever("webhook", servidor.url.replace("gancho", "outro"), prefixo="P")
    quem.banco.sep("P1", 5)
    quem.banco.sep("P2", 5)
    # One attempt at the first is enough; everything else for it waits for the hour, too.
    assert quem.entregar() == ["answered 429 Too Many Requests", None, None]
    assert quem.pendentes() == 2
    assert quem.banco.valor(
        "SELECT min(pausada_ate) > now() + interval '50 minutes' FROM estoque_inscricao"
    )


def test_gone_ends_the_subscription(quem: Quem, servidor: Servidor) -> None:
    servidor.respostas = [(410, {})]
    quem.api.inscrever("webhook", servidor.url)
    quem.banco.sep("P1", 5)
    quem.banco.sep("P2", 5)
    assert quem.entregar() == ["answered 410 Gone"]
    [inscricao] = quem.api.inscricoes()
    assert (inscricao.ativa, inscricao.motivo) == (False, "answered 410 Gone")
    assert (inscricao.pendentes, inscricao.mortas) == (0, 2)
    quem.banco.sep("P3", 5)
    assert quem.entregar() == []


def test_after_so_many_attempts_it_is_given_up_and_blocks_no_more(
    quem: Quem, servidor: Servidor
) -> None:
    quem.api.inscrever("webhook", "http://127.0.0.1:1/", prefixo="P")  # nobody listens there
    quem.banco.sep("P1", 5)
    assert len(quem.entregar()) == 1
    quem.banco.cru("DELETE FROM separacao")
    quem.banco.cru(
        f"UPDATE estoque_entrega SET tentativas = {TENTATIVAS - 1}, proxima_em = now();"
        "UPDATE estoque_inscricao SET pausada_ate = NULL"
    )
    quem.entregar()
    [morta] = quem.api.entregas_mortas()
    assert (morta.cod_produto, morta.tipo, morta.tentativas) == ("P1", "apareceu", TENTATIVAS)
    assert "refused" in (morta.erro or "")
    quem.banco.cru("UPDATE estoque_inscricao SET destino = %s, pausada_ate = NULL", [servidor.url])
    assert quem.entregar() == [None]
    assert quem.api.reenviar(morta.id)
    assert quem.entregar() == [None]
    assert [d["tipo"] for d in servidor.dados] == ["terminou", "apareceu"]
    assert quem.api.entregas_mortas() == []


def test_a_lease_that_ran_out_is_not_heard_any_more(quem: Quem, servidor: Servidor) -> None:
    quem.api.inscrever("webhook", servidor.url)
    quem.banco.sep("P1", 5)
    lenta = Entregador(quem._conectar, reserva=0.01)
    tomadas: list[Entrega] = []

    def demorar(entrega: Entrega, mensagem: object, prazo: float) -> None:
        tomadas.append(entrega)
        time.sleep(0.05)
        assert quem.entregar() == [None]  # somebody else takes it up meanwhile
        raise NaoEntregue("too late", "inscricao")

    lenta._enviar["webhook"] = demorar
    lenta.uma_vez()
    assert len(tomadas) == 1
    [inscricao] = quem.api.inscricoes()
    assert (inscricao.ativa, inscricao.pendentes, inscricao.mortas) == (True, 0, 0)
    assert servidor.recebidos[0][0]["webhook-id"] == tomadas[0].chave


# --- whatever happens ---------------------------------------------------------------------------


@pytest.mark.parametrize("valor", ["12.3", "12.34", "12.345", "12.3456", "12.345678", "12"])
def test_times_of_json_are_read_by_every_python(valor: str) -> None:
    """PostgreSQL leaves out the zeros at the end of a fraction; Python 3.10 wants three or six."""
    assert re.search(r"\.\d{6}", completo(f"2026-11-26T23:25:{valor}+00:00")) or valor == "12"
    lido = momento_de_json(f"2026-11-26T23:25:{valor}+00:00")
    esperado = datetime(2026, 11, 26, 23, 25, 12, tzinfo=timezone.utc)
    assert lido == esperado + timedelta(seconds=float(valor) - 12)


def test_nobody_reads_times_of_json_otherwise() -> None:
    for arquivo in (RAIZ / "estoque_pg").rglob("*.py"):
        if arquivo.name != "linha.py":
            assert "datetime.fromisoformat" not in arquivo.read_text(encoding="utf-8"), arquivo


def test_what_nobody_foresaw_is_a_failed_attempt_and_stops_nobody(
    quem: Quem, servidor: Servidor
) -> None:
    """Bad data, or a bug in what sends: the message is tried again, the others go on."""
    quem.api.inscrever("webhook", servidor.url, segredo=SEGREDO)
    quem.api.inscrever("apprise", servidor.url.replace("http://", "json://"))

    def quebrar(entrega: Entrega, mensagem: object, prazo: float) -> None:
        raise RuntimeError(f"no\0pe at {entrega.destino}, \udcff")

    quem.entregador._enviar["apprise"] = quebrar
    quem.banco.sep("P1", 5)
    quem.banco.sep("P2", 5)
    quem.api.anunciar()
    quem.banco.cru("UPDATE estoque_transicao SET causa = '{}' WHERE cod_produto = 'P2'")
    ditas = quem.entregar()
    assert ditas.count(None) == 1
    assert "KeyError: 'saida'" in ditas
    assert servidor.url.partition("?")[0] not in "".join(map(str, ditas))
    quem.banco.cru("UPDATE estoque_transicao SET causa = NULL WHERE cod_produto = 'P2'")
    quem.banco.cru(
        f"UPDATE estoque_entrega SET tentativas = {TENTATIVAS - 1}, proxima_em = now()"
        " WHERE estado = 'pendente'"
    )
    quem.entregar()
    assert [d["cod_produto"] for d in servidor.dados] == ["P1", "P2"]
    mortas = quem.api.entregas_mortas()
    assert [(m.canal, m.tentativas) for m in mortas] == [("apprise", TENTATIVAS)] * 2
    for morta in mortas:
        assert morta.erro == "RuntimeError: no�pe at json://..., ?"


def test_a_bad_line_of_a_servers_answer_can_be_noted(quem: Quem) -> None:
    """Whatever it writes there: the reason is kept, without what a database cannot hold."""
    with socket.create_server(("127.0.0.1", 0)) as ouvido:

        def atender() -> None:
            cliente, _ = ouvido.accept()
            with cliente:
                cliente.recv(65536)
                cliente.sendall(b"HTTP/1.1 500 a\0b\xff\r\nRetry-After: \xb2\r\n\r\n")

        threading.Thread(target=atender, daemon=True).start()
        porta = ouvido.getsockname()[1]
        quem.api.inscrever("webhook", f"http://127.0.0.1:{porta}/")
        quem.banco.sep("P1", 5)
        assert len(quem.entregar()) == 1
    erro = quem.banco.valor("SELECT erro FROM estoque_entrega")
    assert erro == "answered 500 a�bÿ"


@pytest.mark.parametrize(
    ("dito", "espera"),
    [
        ("120", 120.0),
        (" 7 ", 7.0),
        ("9" * 500, webhook.ESPERA_MAXIMA),
        ("9" * 5000, webhook.ESPERA_MAXIMA),
        ("²", None),
        ("١٢", None),
        ("-5", None),
        ("1.5", None),
        ("", None),
        ("soon", None),
        ("Fri, 31 Dec 9999 23:59:59 GMT", webhook.ESPERA_MAXIMA),
        ("Fri, 31 Dec 2010 23:59:59 -0000", 0.0),
        ("Fri, 31 Dec 99999999999999 23:59:59 GMT", None),
        ("Fri, 31 Dec 2030 23:59:59 +99999999999999", None),
        ("Fri, 99 Dec 2030 23:59:59 GMT", None),
        (None, None),
    ],
)
def test_a_retry_after_of_any_form(dito: str | None, espera: float | None) -> None:
    assert webhook._espera(dito) == espera


@pytest.mark.parametrize("destino", ["http://[::1/", "http://x:99999/", "http://a℀b/"])
def test_an_address_that_no_program_can_read_is_given_up(quem: Quem, destino: str) -> None:
    """A subscription refuses those it can tell; an older one may have one."""
    quem.api.inscrever("webhook", "http://127.0.0.1:1/")
    quem.banco.cru("UPDATE estoque_inscricao SET destino = %s", [destino])
    quem.banco.sep("P1", 5)
    assert len(quem.entregar()) == 1
    assert len(quem.api.entregas_mortas()) == 1


# --- e-mail -------------------------------------------------------------------------------------


def test_a_mail_in_the_language_of_the_subscription(caixa: Caixa, quem: Quem) -> None:
    quem.api.inscrever("email", "compras@empresa.example")
    quem.api.inscrever("email", "buyers@empresa.example", idioma="en", tipos=["terminou"])
    quem.banco.mov("P<1>", 2, nome_produto="Parafuso\nBcc: x@y.example")
    saida = quem.banco.sep("P<1>", 5, 3, num_pedido="PED-1")
    caixa.respostas = ["451 later"]
    assert quem.entregar() == ["451 later"]
    quem.ate_entregar()
    [carta] = caixa.cartas
    dia = f"{quem.banco.dia(3):%d/%m/%Y}"
    assert carta["To"] == "compras@empresa.example"
    assert carta["Subject"].startswith("P<1> (Parafuso")
    assert f"rompe em {dia}" in carta["Subject"]
    assert "Bcc" not in carta
    assert carta["Message-ID"].endswith("-t1-i1@empresa.example>")
    texto, html = (parte.get_content() for parte in carta.iter_parts())
    assert "PED-1" in texto
    assert "P&lt;1&gt;" in html
    quem.banco.cru("DELETE FROM separacao WHERE id = %s", [saida])
    assert quem.entregar() == [None, None]
    assert caixa.cartas[2]["To"] == "buyers@empresa.example"
    assert caixa.cartas[2]["Subject"].endswith("no longer runs out")


def test_a_mailbox_that_there_is_not_gets_no_second_attempt(caixa: Caixa, quem: Quem) -> None:
    quem.api.inscrever("email", "ninguem@empresa.example")
    quem.banco.sep("P1", 5)
    caixa.respostas = ["550 no such mailbox"]
    assert quem.entregar() == ["550 no such mailbox"]
    assert [m.erro for m in quem.api.entregas_mortas()] == ["550 no such mailbox"]


def test_a_digest_in_a_mail(caixa: Caixa, quem: Quem) -> None:
    quem.api.inscrever("email", "diretoria@empresa.example", resumo_as=None, idioma="en")
    quem.banco.cru("UPDATE estoque_inscricao SET resumo_as = '00:00', resumo_em = '2020-01-01',"
                   " resumo_ate = 0")  # fmt: skip
    quem.banco.sep("P1", 5, 2)
    assert quem.entregar() == [None]
    [carta] = caixa.cartas
    assert carta["Subject"] == f"Stock on {quem.banco.D:%d/%m/%Y}: 1 product runs out"
    texto = next(carta.iter_parts()).get_content()
    assert f"{quem.banco.dia(2):%d/%m/%Y}: P1" in texto
    assert "Since the last digest:" in texto


def test_who_has_no_mail_server_leaves_mail_to_others(quem: Quem) -> None:
    quem.api.inscrever("email", "a@b.example")
    quem.banco.sep("P1", 5)
    assert "email" not in quem.entregador.canais
    assert quem.entregar() == []
    assert quem.pendentes() == 1


@pytest.mark.parametrize(
    "ambiente",
    [
        {"ESTOQUE_SMTP": "correio.empresa.example"},
        {"ESTOQUE_SMTP": "smtp://x:porta"},
        {"ESTOQUE_SMTP": "smtp://x", "ESTOQUE_REMETENTE": "estoque"},
    ],
)
def test_a_bad_mail_setting_is_named(
    monkeypatch: pytest.MonkeyPatch, ambiente: dict[str, str]
) -> None:
    for nome, valor in ambiente.items():
        monkeypatch.setenv(nome, valor)
    with pytest.raises(ArgumentoInvalido, match=list(ambiente)[-1]):
        Correio.do_ambiente()


def test_a_password_is_sent_to_no_server_without_starttls(caixa: Caixa, quem: Quem) -> None:
    porta = os.environ["ESTOQUE_SMTP"].rpartition(":")[2]
    correio = Correio("127.1", int(porta), False, "u", "segredo", "a@b.example")
    quem.entregador._enviar["email"] = correio.enviar
    quem.api.inscrever("email", "a@b.example")
    quem.banco.sep("P1", 5)
    assert quem.entregar() == ["the mail server has no STARTTLS: the password is not sent to it"]
    assert caixa.cartas == []


# --- apprise ------------------------------------------------------------------------------------


def test_apprise_takes_a_message_too(quem: Quem, servidor: Servidor) -> None:
    quem.api.inscrever("apprise", servidor.url.replace("http://", "json://"))
    quem.api.inscrever("apprise", "naoexiste://x", prefixo="P")
    quem.banco.sep("P1", 5)
    assert sorted(map(str, quem.entregar())) == ["Apprise does not know such an address", "None"]
    [(_, corpo)] = servidor.recebidos
    assert "P1" in json.loads(corpo)["title"]


# --- the commands -------------------------------------------------------------------------------


def test_the_commands_of_alerts(banco: Banco, servidor: Servidor) -> None:
    def avisos(*args: str, codigo: int = 0) -> str:
        feito = estoque("avisos", *args, dsn=banco.dsn)
        assert feito.exit_code == codigo, feito.output
        return feito.output

    banco.mov("P1", 1)
    assert avisos("entregar", "--uma-vez") == "0 attempts\n"
    feita = avisos("inscrever", "--webhook", servidor.url, "--produto", "P1", "--tipo", "apareceu")
    assert "subscription 1 made" in feita
    assert "whsec_" in feita
    lista = avisos("listar")
    assert "/gancho?..." in lista
    assert "whsec_" not in lista
    assert "P1, is going to run out" in lista
    assert avisos("testar", "1") == "delivered\n"
    assert json.loads(servidor.recebidos[0][1])["type"] == "estoque.teste"
    banco.sep("P1", 5, 2, num_pedido="PED-9")
    assert avisos("entregar", "--uma-vez") == "1 attempt\n"
    assert "PED-9" in avisos("transicoes")
    assert json.loads(avisos("transicoes", "--json"))[0]["tipo"] == "apareceu"
    assert "0 transitions" in avisos("transicoes", "--desde", "2100-01-01")
    servidor.respostas = [(410, {})]
    assert "not delivered: answered 410 Gone" in avisos("testar", "1", codigo=1)
    assert "1 delivery given up" in avisos("mortas")
    status = estoque("status", dsn=banco.dsn).output
    assert "0 subscriptions; 0 waiting, 1 given up" in status
    assert "1 alert was given up" in status
    [morta] = json.loads(avisos("mortas", "--json"))
    assert "no longer: answered 410 Gone" in avisos("listar")
    assert avisos("retomar", "1") == "subscription 1 goes on\n"
    assert avisos("pausar", "1") == "subscription 1 paused\n"
    assert "paused" in avisos("listar")
    assert avisos("reenviar", "--todas") == "0 deliveries are tried again\n"  # that one rests
    assert json.loads(avisos("reenviar", "--inscricao", "1", "--json")) == {"reenviadas": 1}
    avisos("pausar", "1")
    assert "give a number" in avisos("reenviar", codigo=2)
    assert "give a number" in avisos("reenviar", "1", "--todas", codigo=2)
    assert "tried again" in avisos("reenviar", str(morta["id"]))
    assert "no delivery" in avisos("reenviar", str(morta["id"]), codigo=1)
    assert "1 delivery waits" in avisos("pendentes")
    assert [p["id"] for p in json.loads(avisos("pendentes", "--json"))] == [morta["id"]]
    avisos("pausar", "1")
    assert "forgotten" in avisos("descartar", str(morta["id"]))
    assert "no delivery" in avisos("descartar", str(morta["id"]), codigo=1)
    assert avisos("cancelar", "1") == "subscription 1 removed\n"
    for comando in ("cancelar", "testar", "pausar", "retomar"):
        assert "no subscription 1" in avisos(comando, "1", codigo=1)
    assert "give one of" in avisos("inscrever", codigo=2)
    assert "07:00" in avisos("inscrever", "--email", "a@b.example", "--resumo", "7h", codigo=2)
    assert "no address" in avisos("inscrever", "--email", "ninguém", codigo=1)


# --- the storm ----------------------------------------------------------------------------------


@pytest.mark.lento
def test_thirty_kills_among_two_deliverers_lose_nothing(
    banco: Banco, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a server that fails 15 % of the time: at least once, in order, under one id.

    Beside it one that is never there, and a mail server that is not, either.
    """
    monkeypatch.setenv("ESTOQUE_SMTP", "smtp://127.0.0.1:1")
    produtos = [f"P{n}" for n in range(8)]
    comando = [
        sys.executable, "-m", "estoque_pg", "avisos", "entregar", "--dsn", banco.dsn,
        "--reserva", "0.9", "--prazo", "0.3", "--espera", "0.05",
    ]  # fmt: skip
    acaso = random.Random(1)
    with servindo(falhas=0.15) as servidor:
        api = APIEstoqueTempoReal(banco.conn)
        api.anunciar()
        api.inscrever("webhook", servidor.url, segredo=SEGREDO)
        api.inscrever("webhook", "http://127.0.0.1:1/")
        api.inscrever("email", "a@b.example")

        def comecar() -> subprocess.Popen[bytes]:
            return subprocess.Popen(
                comando, cwd=Path(__file__).parent.parent, stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )  # fmt: skip

        vivos = [comecar(), comecar()]
        try:
            for _ in range(30):
                ate = time.monotonic() + acaso.uniform(0.3, 0.6)
                while time.monotonic() < ate:
                    produto = acaso.choice(produtos)
                    if not banco.cru("DELETE FROM separacao WHERE cod_produto = %s RETURNING 1",
                                     [produto]):  # fmt: skip
                        banco.cru(
                            "INSERT INTO separacao (separacao_lote_id, cod_produto, qtd_saldo,"
                            " expedicao) VALUES ('L', %s, 1, %s)", [produto, banco.dia(1)],
                        )  # fmt: skip
                    time.sleep(0.05)
                    api.anunciar()
                qual = acaso.randrange(2)
                vivos[qual].send_signal(signal.SIGKILL)
                vivos[qual].wait()
                vivos[qual] = comecar()
            ate = time.monotonic() + 60
            while api.inscricoes()[0].pendentes and time.monotonic() < ate:
                time.sleep(0.1)
        finally:
            for processo in vivos:
                processo.kill()
                processo.wait()
    feitas = banco.cru("SELECT id, cod_produto, sequencia FROM estoque_transicao ORDER BY id")
    assert [(i.pendentes, i.mortas) for i in api.inscricoes()] == [
        (0, 0), (len(feitas), 0), (len(feitas), 0),
    ]  # fmt: skip
    assert len(feitas) > 60
    por_produto: dict[str, list[int]] = {}
    chaves: dict[int, set[str]] = {}
    for (cabecalhos, corpo), d in zip(servidor.recebidos, servidor.dados, strict=True):
        Webhook(SEGREDO).verify(corpo, cabecalhos)
        por_produto.setdefault(d["cod_produto"], []).append(d["sequencia"])
        chaves.setdefault(d["id"], set()).add(cabecalhos["webhook-id"])
    assert set(chaves) == {f["id"] for f in feitas}
    assert {len(c) for c in chaves.values()} == {1}
    for sequencias in por_produto.values():
        assert sequencias == sorted(sequencias)


def test_the_worker_delivers(banco: Banco, servidor: Servidor) -> None:
    from estoque_pg.cli.entrega import entregador
    from estoque_pg.cli.trabalhador import Trabalhador

    api = APIEstoqueTempoReal(banco.conn)
    api.anunciar()
    api.inscrever("webhook", servidor.url)
    banco.sep("P1", 5)
    endereco = Endereco(banco.dsn, None)
    trabalhador = Trabalhador(endereco, entregador=entregador(endereco))
    fio = threading.Thread(target=trabalhador.ciclo, daemon=True)
    fio.start()
    ate = time.monotonic() + 20
    while not servidor.recebidos and time.monotonic() < ate:
        time.sleep(0.02)
    trabalhador.fim.set()
    fio.join(20)
    assert [d["cod_produto"] for d in servidor.dados] == ["P1"]
