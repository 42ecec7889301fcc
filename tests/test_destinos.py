"""Destinations that fail: who waits for them, for how long, and what ends an attempt."""

from __future__ import annotations

import re
import socket
import socketserver
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import pytest
from apoio import RAIZ, Banco
from test_cli import estoque
from test_entregas import Caixa, Quem, Servidor, caixa, quem, servidor  # noqa: F401

from estoque_pg.avisos import entregador, servicos
from estoque_pg.avisos.correio import Correio
from estoque_pg.avisos.falhas import em_prazo
from estoque_pg.erros import ErroEstoque
from estoque_pg.idioma import com_idioma

NINGUEM = "http://127.0.0.1:1/"  # nobody listens there


@contextmanager
def atendendo(conversar: Callable[[Any], None]) -> Iterator[int]:
    """A server of TCP that does so with each who connects; its port."""

    class Atende(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            with suppress(OSError):
                conversar(self)

    class Servico(socketserver.ThreadingTCPServer):
        daemon_threads = True
        request_queue_size = 100

    with Servico(("127.0.0.1", 0), Atende) as servico:
        threading.Thread(target=servico.serve_forever, args=(0.02,), daemon=True).start()
        yield servico.server_address[1]
        servico.shutdown()


def calar(quem_liga: Any) -> None:
    """Take what comes and say nothing, until the other side ends it."""
    while quem_liga.request.recv(65536):
        pass


def gotejar(antes: bytes, depois: bytes, segundos: float) -> Callable[[Any], None]:
    """Answer byte by byte, for so long, and then as one ought to."""

    def conversar(quem_liga: Any) -> None:
        quem_liga.wfile.write(antes)
        for _ in range(int(segundos / 0.05)):
            quem_liga.wfile.write(b"x")
            time.sleep(0.05)
        quem_liga.wfile.write(depois)
        calar(quem_liga)

    return conversar


def pausas(quem: Quem) -> list[tuple[int, float | None]]:  # noqa: F811
    """Of each subscription: failures in a row, and the seconds for which nothing is tried."""
    return [
        (r["falhas"], r["segundos"] and float(r["segundos"]))
        for r in quem.banco.cru(
            "SELECT falhas, extract(epoch FROM pausada_ate - clock_timestamp()) AS segundos"
            " FROM estoque_inscricao ORDER BY id"
        )
    ]


def romper(quem: Quem, *codigos: str) -> None:  # noqa: F811
    for codigo in codigos:
        quem.banco.cru(
            "INSERT INTO separacao (separacao_lote_id, cod_produto, qtd_saldo, expedicao)"
            " VALUES ('L', %s, 5, %s)", [codigo, quem.banco.D],
        )  # fmt: skip


# --- who waits for whom -------------------------------------------------------------------------


@pytest.mark.parametrize("caminhos", [False, True])
def test_what_hangs_holds_others_up_for_one_attempt(
    quem: Quem,  # noqa: F811
    servidor: Servidor,  # noqa: F811
    caminhos: bool,
) -> None:
    """Many subscriptions at one that hangs, by one address or several; healthy ones beside."""
    quem.entregador.prazo = 0.2
    presos = [f"H{n}" for n in range(5)]
    with atendendo(calar) as porta:
        for n, codigo in enumerate(presos):
            url = f"http://127.0.0.1:{porta}/" + (f"{n}?x" if caminhos else "")
            quem.api.inscrever("webhook", url, prefixo=codigo)
        for n in range(3):
            quem.api.inscrever("webhook", f"{servidor.url}{n}", prefixo="S")
        romper(quem, *presos, "S1")
        ditas = quem.entregar()
        # What else is reached by the same server comes after what is not.
        assert [d is None for d in ditas] == [False, *[True] * 3, *[False] * (caminhos and 4)]
        assert quem.pendentes() == len(presos)
        assert [f for f, _ in pausas(quem)] == [*[1] * len(presos), 0, 0, 0]
        for segundo in ("S2", "S3"):
            quem.passar_as_esperas()
            romper(quem, segundo)
            ditas = quem.entregar()
            assert [d is None for d in ditas[:4]] == [True] * 3 + [False]
        # Who came out of nowhere is not waited for, either.
        assert "no answer" in str(ditas[3]) or "timed out" in str(ditas[3])


def test_failures_in_a_row_lengthen_the_pause_of_all_at_a_destination(
    quem: Quem,  # noqa: F811
    servidor: Servidor,  # noqa: F811
) -> None:
    quem.entregador.base = 100
    quem.api.inscrever("webhook", servidor.url)
    quem.api.inscrever("webhook", servidor.url, prefixo="P")
    quem.api.inscrever("webhook", servidor.url + "&outro")
    servidor.respostas = [(503, {}), (200, {}), (200, {}), (503, {}), (504, {})]
    romper(quem, "P1")
    # Two addresses at a server: one that fails is no reason to pause the other.
    assert len(quem.entregar()) == 2
    for falhas, base in ((1, 100), (2, 200), (3, 400)):
        (uma, segundos), outra, alheia = pausas(quem)
        assert (uma, alheia) == (falhas, (0, None))
        assert segundos is not None
        assert 0.7 * base < segundos < 1.25 * base
        assert (outra[0], round(outra[1] or 0)) == (uma, round(segundos))
        assert quem.entregar() == []
        if falhas < 3:
            quem.passar_as_esperas()
            # Not both that wait: while one is tried at what failed, it is for all.
            servidor.respostas = [(503, {})]
            assert len(quem.entregar()) == 1
    # A pause that is there is not made shorter.
    quem.banco.cru("UPDATE estoque_inscricao SET falhas = 0 WHERE id = 1")
    quem.banco.cru("UPDATE estoque_entrega SET proxima_em = now()")
    quem.banco.cru("UPDATE estoque_inscricao SET pausada_ate = now() + interval '1 h' WHERE id = 2")
    quem.banco.cru("UPDATE estoque_inscricao SET pausada_ate = NULL WHERE id = 1")
    servidor.respostas = [(503, {})]
    quem.entregar()
    assert (pausas(quem)[1][1] or 0) > 3500


def test_one_success_wakes_all_that_a_destination_kept_waiting(
    quem: Quem,  # noqa: F811
    servidor: Servidor,  # noqa: F811
) -> None:
    for prefixo in ("P", "Q", "R"):
        quem.api.inscrever("webhook", servidor.url, prefixo=prefixo)
    romper(quem, "P1", "Q1", "R1")
    servidor.respostas = [(502, {})]
    assert len(quem.entregar()) == 1
    quem.passar_as_esperas()
    servidor.respostas = [(502, {})]
    assert len(quem.entregar()) == 1
    quem.banco.cru("UPDATE estoque_inscricao SET pausada_ate = now() WHERE prefixo = 'P'")
    quem.banco.cru(
        "UPDATE estoque_entrega SET proxima_em = proxima_em - interval '1 day' WHERE inscricao = 1"
    )
    # Two of them would wait longer; the destination is back, so they do not.
    assert quem.entregar() == [None] * 3
    assert [f for f, _ in pausas(quem)] == [0, 0, 0]
    assert quem.pendentes() == 0


def test_a_message_that_alone_fails_is_not_woken_by_others(
    quem: Quem,  # noqa: F811
    servidor: Servidor,  # noqa: F811
) -> None:
    """It keeps its own waits, whatever arrives meanwhile, and pauses nobody for long."""
    quem.api.inscrever("webhook", servidor.url)
    romper(quem, "P1")
    servidor.respostas = [(500, {})]
    quem.entregar()
    quem.banco.cru("UPDATE estoque_entrega SET proxima_em = now()")
    servidor.respostas = [(0, {})]
    quem.entregar()
    assert pausas(quem)[0][0] == 1
    passar = "UPDATE estoque_inscricao SET pausada_ate = now()"
    quem.banco.cru(passar)
    romper(quem, "P2")
    assert quem.entregar() == [None]
    assert quem.entregar() == []
    assert pausas(quem) == [(0, None)]
    assert [(m.cod_produto, m.tentativas) for m in quem.api.entregas_pendentes()] == [("P1", 2)]


def test_one_is_tried_at_a_time_at_what_failed(
    quem: Quem,  # noqa: F811
    servidor: Servidor,  # noqa: F811
) -> None:
    """Several deliverers do not all hang there: one does, the others go on."""
    for n in range(3):
        quem.api.inscrever("webhook", f"{NINGUEM}{n}")
    romper(quem, "P1", "P2")
    assert len(quem.entregar()) == 1  # it is the server that cannot be reached, for all of them
    assert [f for f, _ in pausas(quem)] == [1, 1, 1]
    quem.passar_as_esperas()
    tomar = "SELECT * FROM _estoque_tomar_entrega('{webhook}', '%s')"
    [tomada] = quem.banco.cru(tomar % "1 minute")
    assert tomada["falhas"] == 1
    assert quem.banco.cru(tomar % "1 minute") == []
    quem.api.inscrever("webhook", servidor.url)
    romper(quem, "P3")
    assert quem.entregar() == [None]
    # Who took it is gone: at the end of the lease another may.
    quem.banco.cru("UPDATE estoque_entrega SET proxima_em = now() WHERE estado = 'pendente'")
    assert len(quem.banco.cru(tomar % "1 minute")) == 1


def test_what_fails_slowly_is_a_destination_that_fails(quem: Quem) -> None:  # noqa: F811
    def demorar(quem_liga: Any) -> None:
        quem_liga.request.recv(65536)
        time.sleep(0.3)
        quem_liga.wfile.write(b"HTTP/1.1 500 no\r\ncontent-length: 0\r\n\r\n")

    quem.entregador.prazo = 1
    with atendendo(demorar) as porta:
        quem.api.inscrever("webhook", f"http://127.0.0.1:{porta}/")
        romper(quem, "P1", "P2", "P3")
        assert quem.entregar() == ["answered 500 no"]
    assert quem.pendentes() == 3


def test_at_a_destination_that_never_comes_back_all_is_given_up_in_time(
    quem: Quem,  # noqa: F811
) -> None:
    """What waits there is not tried one by one, each for as long."""
    quem.api.inscrever("webhook", NINGUEM, prefixo="P")
    quem.api.inscrever("webhook", NINGUEM, prefixo="Q")
    quem.api.inscrever("webhook", NINGUEM.replace("127", "127.0"), prefixo="R")
    quem.entregador.base = entregador.ESPERA_INICIAL
    romper(quem, "P1", "P2", "Q1", "Q2", "R1")
    quem.api.anunciar()
    quem.banco.cru(
        "UPDATE estoque_entrega SET criada_em = now() - make_interval(secs => %s)"
        " WHERE transicao <> 2", [entregador.ao_todo() + 1],
    )  # fmt: skip
    quem.banco.cru("UPDATE estoque_inscricao SET falhas = %s", [entregador.TENTATIVAS - 2])
    quem.entregar()
    assert quem.api.entregas_mortas() == []
    quem.banco.cru("UPDATE estoque_inscricao SET pausada_ate = NULL WHERE id <> 3")
    quem.entregar()
    mortas = quem.api.entregas_mortas()
    assert [m.cod_produto for m in mortas] == ["P1", "Q1", "Q2"]
    assert all("refused" in (m.erro or "") for m in mortas)
    # However long it lasts: the pause stays what it is at most.
    quem.banco.cru("UPDATE estoque_inscricao SET falhas = 5000, pausada_ate = NULL WHERE id = 1")
    quem.banco.cru("UPDATE estoque_entrega SET proxima_em = now()")
    assert len(quem.entregar()) == 1
    assert (pausas(quem)[0][1] or 0) <= 1.25 * entregador.ESPERA_MAXIMA


def test_what_is_taken_up_again_is_tried_at_once_and_as_long_as_new(quem: Quem) -> None:  # noqa: F811
    quem.entregador.base = entregador.ESPERA_INICIAL
    quem.api.inscrever("webhook", NINGUEM, prefixo="P")
    quem.api.inscrever("webhook", NINGUEM + "x", prefixo="Q")
    romper(quem, "P1", "P2", "Q1")
    quem.api.anunciar()
    quem.banco.cru("UPDATE estoque_entrega SET estado = 'morta', criada_em = '2020-01-01'")
    quem.banco.cru(
        "UPDATE estoque_inscricao SET falhas = 99, pausada_ate = now() + interval '1 hour'"
    )
    assert quem.api.reenviar_mortas(2) == 1
    assert quem.api.reenviar_mortas(2) == 0
    quem.api.pausar_inscricao(2)  # what it left is not sent with all others
    assert (quem.api.reenviar_mortas(), quem.api.reenviar_mortas()) == (2, 0)
    assert len(quem.entregar()) == 1
    assert [m.inscricao for m in quem.api.entregas_mortas()] == [2]
    assert quem.pendentes() == 2
    status = quem.api.resumo()
    assert (status.avisos_desde or status.agora).year > 2020


def test_the_page_says_how_long_it_is_tried() -> None:
    """The figures of docs/avisos.md are those of the deliverer."""
    pagina = " ".join((RAIZ / "docs" / "avisos.md").read_text().split())
    achado = re.search(
        r"tried again after (\d+) s, (\d+) s, (\d+) s, up to (.+?), (\d+) times in all,"
        r" some (\d+) hours", pagina,
    )  # fmt: skip
    assert achado is not None
    *esperas, maior, vezes, horas = achado.groups()
    base = entregador.ESPERA_INICIAL
    assert [float(e) for e in esperas] == [entregador.espera(base, n) for n in range(3)]
    assert (maior, int(vezes)) == ("an hour", entregador.TENTATIVAS)
    assert entregador.ESPERA_MAXIMA == 3600
    assert int(horas) == round(entregador.ao_todo() / 3600)


# --- the mail server ----------------------------------------------------------------------------


@dataclass
class Carteiro:
    """A mail server that says what it is told to."""

    ditos: dict[str, str] = field(default_factory=dict)
    cartas: int = 0

    def __call__(self, quem_liga: Any) -> None:
        def dizer(verbo: str, padrao: str) -> None:
            quem_liga.wfile.write(self.ditos.get(verbo, padrao).encode() + b"\r\n")

        dizer("", "220 ola")
        while linha := quem_liga.rfile.readline().decode():
            verbo = linha.split()[0].upper()
            if verbo != "DATA":
                dizer(verbo, "250 certo")
                continue
            dizer(verbo, "354 diga")
            if "DATA" not in self.ditos:
                while quem_liga.rfile.readline().strip() != b".":
                    pass
                self.cartas += 1
                dizer(".", "250 certo")


@contextmanager
def carteando(quem: Quem, usuario: str | None = None, remetente: str = "e@b.example",  # noqa: F811
              **ditos: str) -> Iterator[Carteiro]:  # fmt: skip
    """The deliverer has such a mail server."""
    carteiro = Carteiro(ditos)
    with atendendo(carteiro) as porta:
        feito = Correio("127.0.0.1", porta, False, usuario, "x", remetente)
        quem.entregador._enviar["email"] = feito.enviar
        yield carteiro


def test_a_mail_server_that_is_down_pauses_all_mail_and_nothing_else(
    quem: Quem,  # noqa: F811
    servidor: Servidor,  # noqa: F811
) -> None:
    quem.entregador._enviar["email"] = Correio("127.0.0.1", 1, False, None, None, "e@b").enviar
    for n in range(10):
        quem.api.inscrever("email", f"a{n}@b.example")
    quem.api.inscrever("webhook", servidor.url)
    for codigo in ("P1", "P2"):
        romper(quem, codigo)
        ditas = quem.entregar()
        assert (len(ditas), ditas.count(None)) == (2, 1)
        quem.passar_as_esperas()
    assert quem.pendentes() == 20
    with carteando(quem) as carteiro:
        assert quem.entregar() == [None] * 20
    assert carteiro.cartas == 20
    assert {f for f, _ in pausas(quem)} == {0}


@pytest.mark.parametrize(
    ("ditos", "dela"),
    [
        ({"": "554 closed"}, False),
        ({"MAIL": "530 5.7.0 authenticate first"}, False),
        ({"MAIL": "550 no such sender"}, False),
        ({"MAIL": "552 too large"}, True),
        ({"EHLO": "250-eu\r\n250 AUTH PLAIN", "AUTH": "535 wrong password"}, False),
        ({"RCPT": "550 nobody"}, True),
        ({"RCPT": "530 authenticate first"}, False),
        ({"DATA": "554 spam"}, True),
        ({"RCPT": "421 closing"}, False),
    ],
)
def test_what_the_mail_server_refuses_to_all_is_no_fault_of_a_message(
    quem: Quem,  # noqa: F811
    ditos: dict[str, str],
    dela: bool,
) -> None:
    for n in range(2):
        quem.api.inscrever("email", f"a{n}@b.example")
    with carteando(quem, "u" if "AUTH" in ditos else None, **ditos):
        romper(quem, "P1")
        ditas = quem.entregar()
    [dito] = ditos.values() if len(ditos) == 1 else [ditos["AUTH"]]
    assert dito.split()[0] in str(ditas[0])
    # Of the message: given up at once, each. Of the server: one attempt for all, tried again.
    assert len(quem.api.entregas_mortas()) == (2 if dela else 0)
    assert (len(ditas), pausas(quem)[1][0]) == ((2, 0) if dela else (1, 1))


@pytest.mark.parametrize("remetente", ["e@b.example", "estação@b.example"])
def test_an_address_that_the_mail_server_cannot_write(
    quem: Quem,  # noqa: F811
    remetente: str,
) -> None:
    quem.api.inscrever("email", "joão@b.example")
    with carteando(quem, remetente=remetente) as carteiro:
        romper(quem, "P1")
        [dita] = quem.entregar()
    assert "SMTPUTF8" in str(dita)
    # That of the sender is in all messages: whoever mends it does not find them given up.
    assert len(quem.api.entregas_mortas()) == (remetente.isascii())
    assert carteiro.cartas == 0


# --- the end of an attempt ----------------------------------------------------------------------


OK = b"HTTP/1.1 204 certo\r\n\r\n"


@pytest.mark.parametrize(
    "conversar",
    [
        gotejar(b"HTTP/1.1 204 certo\r\nx-longo: ", b"\r\n\r\n", 1.5),
        gotejar(b"HTTP/1.1 100 continua\r\nx-longo: ", b"\r\n\r\n" + OK, 1.5),
    ],
)
def test_a_webhook_that_drips_has_its_time_and_no_more(
    quem: Quem,  # noqa: F811
    conversar: Callable[[Any], None],
) -> None:
    """It would be taken in the end: that this is a failure says that nobody waited for it."""
    with atendendo(conversar) as porta:
        quem.api.inscrever("webhook", f"http://127.0.0.1:{porta}/")
        romper(quem, "P1")
        quem.entregador.prazo = 0.5
        assert quem.entregar() == ["no answer within 0.5 s"]
    assert pausas(quem)[0][0] == 1


@pytest.mark.parametrize(
    ("canal", "inicio"),
    [
        ("webhook", b"HTTP/1.1 204 certo\r\nx-longo: "),
        ("webhook", b"HTTP/1.1 100 continua\r\nx-longo: "),
        ("email", b""),
        ("email", b"220-"),
    ],
)
def test_what_is_cut_off_is_not_read_as_whole(
    quem: Quem,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
    canal: str,
    inicio: bytes,
) -> None:
    """An attempt ends itself, in the middle of an answer; whoever waits outside is late."""
    monkeypatch.setattr(entregador, "em_prazo", lambda _, fazer: em_prazo(30, fazer))
    with atendendo(gotejar(inicio, b"\r\n\r\n", 20)) as porta:
        correio = Correio("127.0.0.1", porta, False, None, None, "e@b.example")
        quem.entregador._enviar["email"] = correio.enviar
        destino = "a@b.example" if canal == "email" else f"http://127.0.0.1:{porta}/"
        quem.api.inscrever(canal, destino)
        romper(quem, "P1")
        quem.entregador.prazo = 0.5
        assert quem.entregar() == ["no answer within 0.5 s"]
    assert pausas(quem)[0][0] == 1


def test_a_mail_server_that_never_ends_its_farewell_has_taken_the_message(
    quem: Quem,  # noqa: F811
) -> None:
    with carteando(quem, QUIT="221-") as carteiro:
        quem.api.inscrever("email", "a@b.example")
        romper(quem, "P1")
        quem.entregador.prazo = 1
        assert quem.entregar() == [None]
    assert carteiro.cartas == 1


def test_what_is_looked_up_for_too_long_is_not_sent_afterwards(
    quem: Quem,  # noqa: F811
    servidor: Servidor,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    procurar, achou = socket.getaddrinfo, threading.Event()

    def devagar(*args: Any, **mais: Any) -> Any:
        time.sleep(0.8)
        achou.set()
        return procurar(*args, **mais)

    quem.api.inscrever("webhook", servidor.url)
    romper(quem, "P1")
    monkeypatch.setattr(socket, "getaddrinfo", devagar)
    quem.entregador.prazo = 0.5
    assert quem.entregar() == ["no answer within 0.5 s"]
    assert achou.wait(10)
    time.sleep(0.2)
    assert servidor.recebidos == []


@pytest.mark.parametrize(
    ("antes", "depois"),
    [(b"", b"\r\n"), (b"220-", b"\r\n220 ola\r\n")],
)
def test_a_greeting_that_drips_has_its_time_and_no_more(
    quem: Quem,  # noqa: F811
    antes: bytes,
    depois: bytes,
) -> None:
    abertos: list[Any] = []

    def conversar(quem_liga: Any) -> None:
        abertos.append(quem_liga)
        gotejar(antes, depois, 20)(quem_liga)

    with atendendo(conversar) as porta:
        feito = Correio("127.0.0.1", porta, False, None, None, "e@b.example")
        quem.entregador._enviar["email"] = feito.enviar
        quem.api.inscrever("email", "a@b.example")
        quem.api.inscrever("email", "c@b.example")
        romper(quem, "P1")
        quem.entregador.prazo = 0.5
        assert quem.entregar() == ["no answer within 0.5 s"]
    assert [f for f, _ in pausas(quem)] == [1, 1]
    # Nor does anything of it stay behind: the connection is closed.
    assert len(abertos) == 1
    ate = time.monotonic() + 10
    while any("tentar" in f.name for f in threading.enumerate()):
        assert time.monotonic() < ate
        time.sleep(0.02)


def test_a_service_of_apprise_that_hangs_holds_nobody_up(
    quem: Quem,  # noqa: F811
    servidor: Servidor,  # noqa: F811
) -> None:
    assert servicos.ha()
    with atendendo(gotejar(b"HTTP/1.1 204 certo\r\nx-longo: ", b"\r\n\r\n", 3)) as porta:
        quem.api.inscrever("apprise", f"json://127.0.0.1:{porta}/")
        quem.api.inscrever("webhook", servidor.url)
        romper(quem, "P1", "P2")
        quem.entregador.prazo = 0.5
        assert quem.entregar() == ["no answer within 0.5 s", None, None]


def test_reasons_are_said_in_the_language_of_who_delivers(quem: Quem) -> None:  # noqa: F811
    """An attempt is made in a thread, which does not know it of itself."""

    def recusar(quem_liga: Any) -> None:
        quem_liga.wfile.write(b"HTTP/1.1 500 no\r\n\r\n")
        calar(quem_liga)  # who closes before all is read breaks off the sending

    with atendendo(recusar) as porta:
        quem.api.inscrever("webhook", f"http://127.0.0.1:{porta}/")
        romper(quem, "P1")
        with com_idioma("pt_BR"):
            [dita] = quem.entregar()
    assert dita is not None
    assert dita.startswith("respondeu 500")


# --- announcing ---------------------------------------------------------------------------------


def test_what_cannot_be_announced_is_said_and_the_rest_delivered(
    quem: Quem,  # noqa: F811
    servidor: Servidor,  # noqa: F811
) -> None:
    quem.api.inscrever("webhook", servidor.url)
    romper(quem, "P1")
    quem.api.anunciar()
    quem.banco.cru("ALTER TABLE estoque_transicao ADD CONSTRAINT nunca CHECK (false) NOT VALID")
    romper(quem, "P2")
    with pytest.raises(ErroEstoque, match="nunca"):
        quem.entregar()
    assert [d["cod_produto"] for d in servidor.dados] == ["P1"]
    queixas: list[str] = []
    quem.entregador.queixar = lambda erro: queixas.append(erro.mensagem)
    entregador_de_sempre = threading.Thread(target=quem.entregador.ciclo, daemon=True)
    quem.api.testar_inscricao(1)
    entregador_de_sempre.start()
    ate = time.monotonic() + 20
    while len(servidor.recebidos) < 2:
        assert time.monotonic() < ate
        time.sleep(0.01)
    quem.entregador.fim.set()
    entregador_de_sempre.join(20)
    assert len(queixas) == 1
    assert "nunca" in queixas[0]


def test_a_time_zone_that_is_no_more_ends_one_digest_and_no_other(banco: Banco) -> None:
    quem = Quem(banco)  # noqa: F811
    for destino in ("a@b.example", "c@b.example"):
        quem.api.inscrever("email", destino, resumo_as=None)
    quem.api.inscrever("email", "d@b.example")
    banco.cru(
        "UPDATE estoque_inscricao SET resumo_as = '00:00', resumo_em = '2020-01-01', resumo_ate = 0"
        " WHERE id < 3; UPDATE estoque_inscricao SET fuso = 'America/Atlantida' WHERE id = 1"
    )
    romper(quem, "P1")
    assert quem.api.anunciar() == 1
    assert quem.api.anunciar() == 0
    primeira, segunda, terceira = quem.api.inscricoes()
    assert not primeira.ativa
    assert "America/Atlantida" in (primeira.motivo or "")
    assert [i.pendentes for i in (primeira, segunda, terceira)] == [0, 1, 1]
    assert "1 subscription ended of itself" in estoque("status", dsn=banco.dsn).output
    assert "Atlantida" in estoque("avisos", "listar", dsn=banco.dsn).output
    # Taken up again it ends again; mended, it goes on.
    assert quem.api.pausar_inscricao(1, False)
    quem.api.anunciar()
    assert not quem.api.inscricoes()[0].ativa
    banco.cru("UPDATE estoque_inscricao SET fuso = 'America/Manaus', ativa = true WHERE id = 1")
    quem.api.anunciar()
    assert quem.api.inscricoes()[0].pendentes == 1


def test_ruptures_are_asked_for_once_for_all_digests(quem: Quem) -> None:  # noqa: F811
    for n in range(3):
        quem.api.inscrever("email", f"a{n}@b.example", responsavel="Ana" if n else None)
    quem.banco.cru(
        "UPDATE estoque_inscricao SET resumo_as = '00:00', resumo_em = '2020-01-01', resumo_ate = 0"
    )
    quem.banco.mov("P1", 1)
    quem.banco.cru("INSERT INTO estoque_regra (cod_produto, responsavel) VALUES ('P1', 'ana')")
    romper(quem, "P1", "P2")
    with quem.banco.transacao():
        quem.banco.cru("SET LOCAL track_functions = 'all'")
        quem.api.anunciar()
        vezes = quem.banco.valor(
            "SELECT calls FROM pg_stat_xact_user_functions WHERE funcname = 'estoque_rupturas'"
        )
    assert vezes == 2  # to compare, and for the digests
    resumos = quem.banco.cru(
        "SELECT jsonb_path_query_array(conteudo, '$.rupturas[*].cod_produto') AS codigos"
        " FROM estoque_entrega ORDER BY inscricao"
    )
    assert [r["codigos"] for r in resumos] == [["P1", "P2"], ["P1"], ["P1"]]
