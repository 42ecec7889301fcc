"""The panel's page of alerts: its forms, in a real browser and by hand, and who may use them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pytest
from apoio import RAIZ, Banco, papel_novo
from axe_playwright_python.sync_playwright import Axe
from conftest import Servico as ServidorDeBancos
from fastapi.testclient import TestClient
from navegador import navegador
from playwright.sync_api import Browser, Page, expect
from psycopg.conninfo import make_conninfo
from test_entregas import Caixa, Servidor, caixa, servidor  # noqa: F401
from test_http import Servico, aplicacao
from test_painel import anotar_queixas, tabela

from estoque_pg.api import APIEstoqueTempoReal

TOKEN = "segredo-de-teste"
DE_CASA = {"Origin": "http://localhost", "Accept-Language": "pt", "Accept": "text/html"}


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with navegador() as aberto:
        yield aberto


def preparar(banco: Banco) -> None:
    """Products that are known, and a first comparison."""
    banco.mov("P001", 10, nome_produto="Azeitona")
    banco.cru("INSERT INTO estoque_regra (cod_produto, responsavel) VALUES ('P001', 'Ana')")
    banco.cru("SELECT estoque_anunciar()")


@pytest.fixture
def avisado(banco: Banco) -> Banco:
    preparar(banco)
    return banco


@pytest.fixture(scope="module")
def de_todos(servico: ServidorDeBancos, modelo: str) -> Iterator[tuple[Banco, str]]:
    with servico.banco(modelo) as banco:
        preparar(banco)
        with Servico(banco.dsn) as s:
            yield banco, str(s.cliente.base_url).rstrip("/") + "/avisos"


@pytest.fixture
def sitio(de_todos: tuple[Banco, str]) -> Iterator[tuple[Banco, str]]:
    """A real service, one for all tests; nobody is subscribed. The database, the page's address."""
    yield de_todos
    de_todos[0].cru("DELETE FROM estoque_entrega")
    de_todos[0].cru("DELETE FROM estoque_inscricao")


@pytest.fixture(scope="module")
def balcao(servico: ServidorDeBancos, modelo: str) -> Iterator[tuple[TestClient, Banco]]:
    """One application for all that changes nothing."""
    with servico.banco(modelo) as banco:
        banco.mov("P001", 10)
        with em_casa(banco) as cliente:
            yield cliente, banco


@contextmanager
def em_casa(banco: Banco, **opcoes: Any) -> Iterator[TestClient]:
    """The application, called as from this machine, by a page of its own."""
    with aplicacao(banco, com_painel=True, **opcoes) as cliente:
        cliente.base_url = "http://localhost"
        cliente.headers.update(DE_CASA)
        cliente.follow_redirects = False
        yield cliente


def api(banco: Banco) -> APIEstoqueTempoReal:
    return APIEstoqueTempoReal(banco.conn)


# --- in a browser -------------------------------------------------------------------------------


def test_a_rupture_arrives_in_the_inbox_of_who_filled_in_the_form(
    chromium: Browser,
    sitio: tuple[Banco, str],
    caixa: Caixa,  # noqa: F811
) -> None:
    """Without JavaScript, from the form to the letter; nothing else is told."""
    banco, endereco = sitio
    contexto = chromium.new_context(java_script_enabled=False, locale="pt-BR")
    pagina = contexto.new_page()
    pagina.goto(endereco.replace("/avisos", "/estado"))
    pagina.get_by_role("link", name="Avisos").click()
    pagina.get_by_label("endereço").fill("compras@empresa.example")
    pagina.get_by_label("vai acabar").check()
    pagina.get_by_label("produtos").fill("P001\n")
    pagina.get_by_label("responsável").fill("ana")
    pagina.get_by_role("button", name="Inscrever").click()
    expect(pagina.get_by_role("status")).to_have_text("A inscrição foi feita.")
    assert tabela(pagina)[0][1:4] == [
        "compras@empresa.example", "P001, ana, vai acabar", "na hora",
    ]  # fmt: skip
    banco.mov("P002", -1)
    banco.sep("P001", 15, 2, num_pedido="PED-7")
    entregador = subprocess.Popen(
        [sys.executable, "-m", "estoque_pg", "avisos", "entregar", "--dsn", banco.dsn],
        cwd=RAIZ, env={**os.environ}, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        for _ in range(300):
            if caixa.cartas:
                break
            pagina.wait_for_timeout(100)
        [carta] = caixa.cartas
        assert carta["To"] == "compras@empresa.example"
        assert carta["Subject"].startswith("P001 (Azeitona)")
    finally:
        entregador.terminate()
        entregador.wait(20)
        contexto.close()


def test_a_secret_is_shown_once_and_in_no_address(
    chromium: Browser, sitio: tuple[Banco, str]
) -> None:
    banco, endereco = sitio
    contexto = chromium.new_context(locale="pt-BR", viewport={"width": 1280, "height": 900})
    pagina = contexto.new_page()
    queixas = anotar_queixas(pagina)
    vistos: list[str] = []
    pagina.on("request", lambda pedido: vistos.append(pedido.url))
    pagina.goto(endereco)
    pagina.locator("select[name=canal]").select_option("webhook")
    pagina.get_by_label("endereço").fill("https://erp.example/gancho?chave=abc")
    pagina.get_by_role("button", name="Inscrever").click()
    segredo = pagina.locator(".segredo code").inner_text()
    assert re.fullmatch(r"whsec_[A-Za-z0-9+/]{43}=", segredo)
    assert segredo == banco.valor("SELECT segredo FROM estoque_inscricao")
    assert tabela(pagina)[0][1] == "https://erp.example/gancho?..."
    pagina.reload()
    expect(pagina.get_by_role("heading", name="Inscrições")).to_be_visible()
    assert "whsec_" not in pagina.content()
    assert "chave" not in pagina.content()
    assert "whsec" not in "".join(vistos)
    assert contexto.cookies() == []
    assert len(api(banco).inscricoes()) == 1  # loaded anew, and nothing done twice
    assert queixas == []
    contexto.close()


def test_the_page_on_a_phone_and_for_a_screen_reader(
    chromium: Browser, sitio: tuple[Banco, str]
) -> None:
    banco, endereco = sitio
    um = api(banco).inscrever("email", "um-nome-comprido.de.alguem@empresa-comprida.example").id
    api(banco).inscrever("webhook", "https://erp.example/" + "x" * 60, tipos=["terminou"])
    parada = api(banco).inscrever("apprise", "tgram://segredo/1", prefixo="A").id
    for codigo in ("A001", "A002"):
        banco.sep(codigo, 15)
    banco.cru("SELECT estoque_anunciar()")
    api(banco).pausar_inscricao(parada)
    banco.cru("UPDATE estoque_entrega SET erro = repeat('y', 400)")
    contexto = chromium.new_context(
        locale="pt-BR", viewport={"width": 390, "height": 844}, color_scheme="dark"
    )
    pagina = contexto.new_page()
    queixas = anotar_queixas(pagina)
    pagina.goto(endereco)
    for secao in ("Inscrições", "Abandonadas", "À espera de entrega"):
        expect(pagina.get_by_role("heading", name=secao)).to_be_visible()
    pagina.get_by_role("link", name=f"remover a inscrição {um}").click()
    expect(pagina.get_by_role("button", name=f"remover a inscrição {um}")).to_be_visible()
    pagina.get_by_text("Nova inscrição").click()
    conferir(pagina)
    pagina.get_by_label("endereço").fill("ninguém")
    pagina.get_by_role("button", name="Inscrever").click()
    expect(pagina.get_by_role("alert")).to_contain_text("endereço: ")
    expect(pagina.get_by_label("endereço")).to_be_focused()
    expect(pagina.get_by_label("endereço")).to_have_value("ninguém")
    conferir(pagina)
    # The browser says of an answer 422 that it is one.
    assert [q for q in queixas if "422" not in q] == []
    contexto.close()


def conferir(pagina: Page) -> None:
    assert pagina.evaluate("document.documentElement.scrollWidth") <= 390
    achados = Axe().run(pagina)
    assert achados.violations_count == 0, achados.generate_report()


# --- the forms ----------------------------------------------------------------------------------


def dito(cliente: TestClient, resposta: Any) -> str:
    """What the page says that a form was sent on to."""
    assert resposta.status_code == 303, resposta.text
    pagina = cliente.get(resposta.headers["location"])
    [frase] = re.findall(r'role="status">([^<]+)<', pagina.text)
    return str(frase)


def test_pause_resume_test_and_remove(avisado: Banco) -> None:
    with em_casa(avisado) as cliente:
        assert "Ninguém é avisado" in cliente.get("/avisos").text
        campos = {"canal": "email", "destino": "a@b.example", "resumo_as": "07:30",
                  "fuso": "America/Manaus", "idioma": "en", "prefixo": "P"}  # fmt: skip
        assert dito(cliente, cliente.post("/avisos", data=campos)) == "A inscrição foi feita."
        [inscricao] = api(avisado).inscricoes()
        assert (str(inscricao.resumo_as), inscricao.fuso, inscricao.idioma, inscricao.prefixo) == (
            "07:30:00", "America/Manaus", "en", "P",
        )  # fmt: skip
        assert (inscricao.tipos, inscricao.produtos, inscricao.responsavel) == (None,) * 3
        assert "por dia, às 07:30 (America/Manaus)" in cliente.get("/avisos").text
        assert "teste espera" in dito(cliente, cliente.post("/avisos/1/testar"))
        assert "resumo ou teste" in cliente.get("/avisos").text
        assert "pausada" in dito(cliente, cliente.post("/avisos/1/pausar"))
        assert "a inscrição foi pausada" in cliente.get("/avisos").text
        assert "retomada" in dito(cliente, cliente.post("/avisos/1/retomar"))
        [morta] = api(avisado).entregas_mortas()
        entrega = f"/avisos/entrega/{morta.id}"
        assert "tentada de novo" in dito(cliente, cliente.post(f"{entrega}/reenviar"))
        assert "nada mudou" in dito(cliente, cliente.post(f"{entrega}/descartar"))
        avisado.cru("UPDATE estoque_entrega SET estado = 'morta', erro = '<b>550</b>'")
        assert "&lt;b&gt;550" in cliente.get("/avisos").text
        assert 'class="falta">1</a>' in cliente.get("/estado").text
        assert "tentar todas" not in cliente.get("/avisos").text
        cliente.post("/avisos/1/testar")
        avisado.cru("UPDATE estoque_entrega SET estado = 'morta'")
        assert "tentar todas" in cliente.get("/avisos").text
        assert "tentado de novo" in dito(cliente, cliente.post("/avisos/reenviar"))
        assert len(api(avisado).entregas_pendentes()) == 2
        assert "nada mudou" in dito(cliente, cliente.post("/avisos/reenviar"))
        avisado.cru("UPDATE estoque_entrega SET estado = 'morta'")
        assert "esquecida" in dito(cliente, cliente.post(f"{entrega}/descartar"))
        assert "removida" in dito(cliente, cliente.post("/avisos/1/cancelar"))
        for acao in ("pausar", "retomar", "cancelar", "testar"):
            assert "nada mudou" in dito(cliente, cliente.post(f"/avisos/1/{acao}"))
        for caminho in ("1/apagar", "entrega/1/pausar", f"{2**63}/pausar", "0/pausar", "x/pausar"):
            assert cliente.post(f"/avisos/{caminho}").status_code == 404
        assert cliente.get("/avisos/1/cancelar").status_code == 405
        assert api(avisado).inscricoes() == []


@pytest.mark.parametrize(
    ("campos", "campo", "parte"),
    [
        ({"canal": "pombo"}, "canal", "escolha"),
        ({"destino": "ninguém"}, "destino", "endereço"),
        ({"destino": ""}, "destino", "endereço"),
        ({"destino": "a@b.example\r\nBcc: x@y"}, "destino", "endereço"),
        ({"canal": "webhook", "destino": "http://[::1/"}, "destino", "endereço"),
        ({"produtos": "P001\nnão há"}, "produtos", "não há"),
        ({"resumo_as": "25:00"}, "resumo_as", "07:00"),
        ({"idioma": "tlh"}, "idioma", "tlh"),
        ({"fuso": "America/Atlantida"}, "fuso", "Atlantida"),
        ({"segredo": "curto-demais"}, "segredo", "webhook"),
        ({"canal": "webhook", "destino": "https://x/", "segredo": "curto-demais"}, "segredo", ""),
        ({"prefixo": "\0"}, None, "NUL"),
    ],
)
def test_what_is_wrong_is_said_at_its_field(
    balcao: tuple[TestClient, Banco],
    campos: Mapping[str, str],
    campo: str | None,
    parte: str,
) -> None:
    cliente, banco = balcao
    dados = {"canal": "email", "destino": "a@b.example", "responsavel": "<Rui>", **campos}
    resposta = cliente.post("/avisos", data=dados)
    assert resposta.status_code == 422
    [alerta] = re.findall(r'role="alert"[^>]*>([^<]+)<', resposta.text)
    assert parte in alerta
    assert (f'id="queixa-{campo}"' in resposta.text) == (campo is not None)
    assert resposta.text.count('aria-invalid="true"') == (campo is not None)
    assert 'value="&lt;Rui&gt;"' in resposta.text  # what was typed stays
    assert "curto-demais" not in resposta.text  # but for a secret
    assert api(banco).inscricoes() == []


# --- who may ------------------------------------------------------------------------------------


def test_forms_of_other_sites_change_nothing(avisado: Banco) -> None:
    api(avisado).inscrever("email", "a@b.example")
    campos = {"canal": "email", "destino": "x@y.example"}
    caminhos = ["", "/reenviar", "/1/cancelar", "/1/pausar", "/1/testar", "/entrega/1/reenviar"]
    with em_casa(avisado) as cliente:
        for caminho in caminhos:
            for cabecalhos in (
                {"Origin": "http://alheio.example"},
                {"Origin": "null"},
                {"Origin": "http://localhost:81"},
                {"Origin": "", "Referer": "http://alheio.example/localhost"},
                {"Sec-Fetch-Site": "cross-site"},
                {"Sec-Fetch-Site": "same-site"},
            ):
                resposta = cliente.post(f"/avisos{caminho}", data=campos, headers=cabecalhos)
                assert resposta.status_code == 403, (caminho, cabecalhos)
        # A name of somebody else's that was made to lead here is no name of this machine.
        for alheio in (
            "alheio.example", "192.0.2.1", "localhost.alheio.example", "a_b.example", "[::1", "@",
            "localhost@alheio.example", "127.0.0.1.alheio.example", "",
        ):  # fmt: skip
            cabecalhos = {"Host": alheio, "Origin": f"http://{alheio}",
                          "Sec-Fetch-Site": "same-origin"}  # fmt: skip
            assert cliente.post("/avisos", data=campos, headers=cabecalhos).status_code == 403
            pagina = cliente.get("/avisos", headers=cabecalhos)
            assert pagina.status_code == 403
            assert "ESTOQUE_TOKEN" in pagina.text
            assert "a@b.example" not in pagina.text
        for nosso in ("127.0.0.1:8000", "[::1]:8000", "localhost"):
            assert cliente.get("/avisos", headers={"Host": nosso}).status_code == 200
    assert [(i.destino, i.ativa) for i in api(avisado).inscricoes()] == [("a@b.example", True)]
    assert avisado.valor("SELECT count(*) FROM estoque_entrega") == 0


@pytest.mark.parametrize("para_tudo", [False, True])
def test_with_a_token_who_writes_gives_it(avisado: Banco, para_tudo: bool) -> None:
    """As recalculating wants it; on a loopback address whatever only reads does not."""
    with em_casa(avisado, token=TOKEN, token_para_tudo=para_tudo) as cliente:
        assert cliente.get("/").status_code == (303 if para_tudo else 200)
        resposta = cliente.get("/avisos?cancelar=1")
        assert resposta.headers["location"] == "/entrar?destino=%2Favisos%3Fcancelar%3D1"
        campos = {"canal": "email", "destino": "a@b.example"}
        resposta = cliente.post("/avisos", data=campos)
        assert (resposta.status_code, resposta.headers["location"]) == (
            303,
            "/entrar?destino=/avisos",
        )
        assert cliente.get("/ao-vivo" if para_tudo else "/estado").status_code == (
            303 if para_tudo else 200
        )
        assert api(avisado).inscricoes() == []
        assert "Sair" not in cliente.get("/entrar").text
        cliente.post("/entrar", data={"senha": TOKEN})
        assert "Sair" in cliente.get("/avisos").text
        assert "feita" in dito(cliente, cliente.post("/avisos", data=campos))
        de_fora = {"Origin": "http://alheio.example"}
        assert cliente.post("/avisos/1/cancelar", headers=de_fora).status_code == 403
        cliente.post("/sair")
        assert cliente.post("/avisos/1/cancelar").status_code == 303
    assert len(api(avisado).inscricoes()) == 1


def test_a_role_that_may_not_write_is_told_which_grant_it_lacks(avisado: Banco) -> None:
    api(avisado).inscrever("email", "a@b.example")
    with papel_novo(avisado.conn, "olheiro") as papel:
        quem: Any = type("Olheiro", (), {"dsn": make_conninfo(avisado.dsn, user=papel)})
        with em_casa(quem) as cliente:
            pagina = cliente.get("/avisos")
            assert pagina.status_code == 200
            assert f"estoque grant {papel} --escrita" in pagina.text
            assert "a@b.example" not in pagina.text
            campos = {"canal": "email", "destino": "x@y.example"}
            assert cliente.post("/avisos", data=campos).status_code == 403
            assert cliente.post("/avisos/1/cancelar").status_code == 403
            assert cliente.get("/estado").status_code == 200
            api(avisado).conceder(papel, escrita=True)
            assert "a@b.example" in cliente.get("/avisos").text
            assert "feita" in dito(cliente, cliente.post("/avisos", data=campos))
            assert "pausada" in dito(cliente, cliente.post("/avisos/1/pausar"))
    assert len(api(avisado).inscricoes()) == 2
