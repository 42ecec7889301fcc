"""The panel, seen by a real browser: pages, live changes, phone, keyboard, login."""

from __future__ import annotations

import asyncio
import html
import io
import re
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import quote

import httpx2 as httpx
import pytest
from apoio import RAIZ, Banco, papel_novo
from axe_playwright_python.sync_playwright import Axe
from conftest import Servico as Servidor
from jinja2 import Environment, nodes
from navegador import navegador
from openpyxl import load_workbook
from playwright.sync_api import Browser, ConsoleMessage, Page, expect
from psycopg.conninfo import make_conninfo
from test_http import Servico, aplicacao

from estoque_pg.painel import aovivo
from estoque_pg.painel.aovivo import AoVivo
from estoque_pg.painel.listas import LISTAS

TOKEN = "segredo-de-teste"
RENOVAR = {"HX-Request": "true"}
MAU = "<script>document.title='!'</script> & \"aspas\""


def encher(banco: Banco) -> None:
    banco.mov("P001", 100, nome_produto="Azeitona verde")
    banco.sep("P001", 150, 2, num_pedido="77", separacao_lote_id="L1")
    banco.sep("P001", 5, -2)
    banco.prod("P001", 90, 5, linha_producao="LINHA 3")
    banco.mov("P002", 40, nome_produto="Óleo de soja")
    banco.sep("P002", 45, 3)
    banco.prod("P002", 45, 2)
    banco.mov("P003", -3, nome_produto=MAU)
    banco.mov("P004", 7, nome_produto="Outro")
    banco.sep("P004", 1, None)
    banco.mov("A/1 ç?", 5, nome_produto="De código difícil")
    banco.unir("VELHO", "P001")
    banco.cru("SELECT estoque_anunciar()")  # takes the state as known
    banco.mov("P005", -2, nome_produto="Acabou de acabar")
    banco.cru("SELECT estoque_anunciar()")
    banco.cru("UPDATE movimentacao_estoque SET ativo = false WHERE cod_produto = 'P005'")
    banco.cru(
        "INSERT INTO estoque_regra (cod_produto, minimo, responsavel) VALUES ('P004', 9, 'Ana')"
    )


PAGINAS = (
    "/", "/lista/rupturas?dias=28", "/lista/abaixo-do-minimo", "/lista/em-risco",
    "/lista/negativos", "/lista/rupturas?texto=nada", "/produto/P001", "/produto/P001?dias=90",
    "/produto/P001?acao=ignorar&documento=separacao%3A1", "/produto/P001?quantidade=10",
    "/produto/A%2F1%20%C3%A7%3F", "/pedido", "/pedido?linhas=P001+10%0Azzz+1", "/incoerencias",
    "/mudancas",
    "/buscar?texto=o", "/estado", "/entrar",
)  # fmt: skip


@pytest.fixture(scope="module")
def cena(servico: Servidor, modelo: str) -> Iterator[Banco]:
    with servico.banco(modelo) as banco:
        encher(banco)
        yield banco


@pytest.fixture(scope="module")
def painel(cena: Banco) -> Iterator[str]:
    with Servico(cena.dsn) as s:
        yield str(s.cliente.base_url).rstrip("/")


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with navegador() as aberto:
        yield aberto


def anotar_queixas(pagina: Page) -> list[str]:
    """What the page complains of from now on: script errors, what its policy stopped."""
    queixas: list[str] = []

    def anotar(mensagem: ConsoleMessage) -> None:
        if mensagem.type in ("error", "warning"):
            queixas.append(mensagem.text)

    pagina.on("console", anotar)
    pagina.on("pageerror", lambda erro: queixas.append(str(erro)))
    return queixas


@pytest.fixture
def pagina(chromium: Browser) -> Iterator[Page]:
    """A page in Portuguese that complains of nothing: no script error, nothing that CSP stopped."""
    contexto = chromium.new_context(locale="pt-BR", viewport={"width": 1280, "height": 900})
    aberta = contexto.new_page()
    queixas = anotar_queixas(aberta)
    yield aberta
    contexto.close()
    assert queixas == []


def tabela(pagina: Page, n: int = 0) -> list[list[str]]:
    linhas = pagina.locator("table").nth(n).locator("tbody tr").all()
    return [[c.strip() for c in linha.locator("th, td").all_inner_texts()] for linha in linhas]


# --- what is shown ------------------------------------------------------------------------------


def test_today(pagina: Page, painel: str) -> None:
    pagina.goto(painel)
    assert pagina.title() == "Hoje – estoque"
    expect(pagina.locator(".contagens li")).to_have_count(7)  # the last is counted aside
    contagens = pagina.locator(".contagens li").all_inner_texts()
    assert [re.sub(r"\s+", " ", c) for c in contagens] == [
        "1 acabam hoje", "2 em até 7 dias", "2 em até 28 dias", "1 negativos agora",
        "1 em risco", "3 abaixo do mínimo", "1 incoerentes",
    ]  # fmt: skip
    assert tabela(pagina)[1] == [
        "P001", "Azeitona verde", "100", "▼ 08/08/2025", "em 2 dias", "55", "10/08/2025", "77",
    ]  # fmt: skip
    assert tabela(pagina)[0][1] == MAU  # text, whatever it says
    # Each figure opens the list it counts.
    for n, esperadas in enumerate([1, 2, 2, 1, 1, 3, 1]):
        pagina.goto(painel)
        pagina.locator(".contagens a").nth(n).click()
        assert len(tabela(pagina)) == esperadas
    # Of one person: each figure, the list, and where the figures lead.
    pagina.goto(painel)
    pagina.get_by_label("responsável").select_option("Ana")
    pagina.get_by_role("button", name="Filtrar").click()
    expect(pagina.locator(".contagens b")).to_have_text(["0", "0", "0", "0", "0", "1", "1"])
    expect(pagina.locator("main")).to_contain_text("Nenhum produto acaba em até 28 dias")
    pagina.locator(".contagens a").nth(5).click()
    assert [linha[0] for linha in tabela(pagina)] == ["P004"]


def test_a_list_is_filtered_ordered_and_a_file(pagina: Page, painel: str) -> None:
    pagina.goto(painel + "/lista/abaixo-do-minimo")
    assert [linha[0] for linha in tabela(pagina)] == ["P003", "P004", "P001"]
    pagina.get_by_label("responsável").select_option("Ana")
    pagina.get_by_role("button", name="Filtrar").click()
    pagina.wait_for_url("**responsavel=Ana**")
    assert [linha[0] for linha in tabela(pagina)] == ["P004"]
    assert "responsavel=Ana" in pagina.url
    pagina.goto(painel + "/lista/abaixo-do-minimo?texto=AZEITONA+p0")
    assert [linha[0] for linha in tabela(pagina)] == ["P001"]
    pagina.goto(painel + "/lista/abaixo-do-minimo")
    pagina.locator("thead a").first.click()
    pagina.wait_for_url("**ordem=cod_produto**")
    assert [linha[0] for linha in tabela(pagina)] == ["P001", "P003", "P004"]
    pagina.locator("thead a").first.click()
    pagina.wait_for_url("**ordem=-cod_produto**")
    assert [linha[0] for linha in tabela(pagina)] == ["P004", "P003", "P001"]
    with pagina.expect_download() as baixado:
        pagina.get_by_role("link", name="planilha").click()
    texto = baixado.value.path().read_text(encoding="utf-8-sig")
    assert baixado.value.suggested_filename == "abaixo-do-minimo.csv"
    assert texto.splitlines()[0].startswith("Produto;Nome;Mínimo;")
    assert texto.splitlines()[1].startswith("P004;Outro;9;")


def test_a_product(pagina: Page, painel: str) -> None:
    pagina.goto(painel + "/produto/VELHO")
    expect(pagina.locator("main")).to_contain_text("VELHO está unificado neste código")
    expect(pagina.locator(".ficha")).to_contain_text("▼ 08/08/2025 (em 2 dias)")
    # The balance now, then each document's: the screen adds up.
    assert [linha[4] for linha in tabela(pagina)] == ["100", "95", "-55", "35"]
    descricao = pagina.locator("svg.grafico:visible").get_attribute("aria-label") or ""
    assert "Fica abaixo de zero em 08/08/2025, chegando a -55." in descricao
    expect(pagina.locator(".explicacao")).to_contain_text("De 08/08/2025 a 10/08/2025")
    # A remedy is tried where it stands, and ends the rupture.
    pagina.get_by_role("link", name="testar").first.click()
    expect(pagina.locator(".tentativa")).to_contain_text("não acaba em até 28 dias")
    assert pagina.locator("svg:visible .depois").count() == 1
    pagina.get_by_role("link", name="como está").click()
    assert pagina.locator("svg:visible .depois").count() == 0


def test_what_if_and_promise_by_their_forms(pagina: Page, painel: str) -> None:
    pagina.goto(painel + "/produto/P001")
    pagina.locator("select[name=acao]").select_option("ignorar")
    pagina.locator("select[name=documento]").select_option(index=2)
    pagina.get_by_role("button", name="Testar").click()
    expect(pagina.locator(".tentativa")).to_contain_text("não acaba em até 28 dias; menor saldo 95")
    pagina.locator("select[name=acao]").select_option("adiar")
    pagina.get_by_role("button", name="Testar").click()
    expect(pagina.locator(".tentativa .queixa")).to_contain_text("para")
    pagina.locator("input[name=quantidade]").fill("10")
    pagina.get_by_role("button", name="A partir de quando?").click()
    expect(pagina.locator(".promessa")).to_contain_text("a partir de 11/08/2025; até 35 nesse dia")
    pagina.locator("input[name=quantidade]").fill("x")
    pagina.get_by_role("button", name="A partir de quando?").click()
    expect(pagina.locator(".promessa")).to_contain_text("maior que zero")


def test_an_order(pagina: Page, painel: str) -> None:
    pagina.goto(painel + "/pedido")
    pagina.get_by_role("textbox", name="Cole as linhas").fill("P001;10\nP004 2")
    pagina.get_by_role("button", name="prometer tudo").click()
    expect(pagina.locator(".junta")).to_have_text(
        "tudo pode ser prometido a partir de 11/08/2025; quem segura é P001"
    )
    pagina.get_by_role("textbox", name="Cole as linhas").fill("P001 dez")
    pagina.get_by_role("button", name="prometer tudo").click()
    expect(pagina.get_by_role("alert")).to_contain_text("linha 1")


def test_search_incoherences_and_system(pagina: Page, painel: str) -> None:
    pagina.goto(painel)
    pagina.get_by_role("searchbox").first.fill("oleo SOJA")
    pagina.get_by_role("button", name="Buscar").click()
    assert pagina.url.endswith("/produto/P002")  # the only one there is
    pagina.get_by_role("link", name="Incoerências").click()
    expect(pagina.locator("main")).to_contain_text("P004")
    pagina.get_by_role("link", name="O que mudou").click()
    assert [linha[1:4] for linha in tabela(pagina)] == [
        ["P005", "Acabou de acabar", "▼ vai acabar"]
    ]
    pagina.get_by_role("link", name="Sistema").click()
    expect(pagina.locator(".ficha")).to_contain_text("PostgreSQL")


@pytest.fixture
def muitas(cena: Banco) -> Iterator[Banco]:
    """A history longer than a page of it, and than the 1,000 that the question gives unasked."""
    cena.cru(
        "WITH x AS MATERIALIZED (SELECT _estoque_numerar('transicoes', 1100) AS antes)"
        "INSERT INTO estoque_transicao (id, cod_produto, sequencia, tipo, em, dia, dia_depois,"
        " falta_depois, causa) SELECT x.antes + n, 'H' || n, 1, 'apareceu',"
        " now() - interval '20 days'"
        " + n * interval '1 minute', estoque_hoje(), estoque_hoje(), n,"
        ' CASE n % 3 WHEN 0 THEN \'{"id": "7", "saida": 1, "origem": "separacao",'
        ' "documento": null}\'::jsonb WHEN 1 THEN \'{"unificado_em": "P001"}\' END'
        " FROM x, generate_series(1, 1100) AS n"
    )
    yield cena
    cena.cru("DELETE FROM estoque_transicao WHERE cod_produto ~ '^H'")


def test_what_changed_goes_on_and_its_file_has_all(painel: str, muitas: Banco) -> None:
    with httpx.Client(base_url=painel, headers={"Accept-Language": "pt"}) as cliente:
        caminho, vistas, ditas = "/mudancas?dias=30", [], []
        while caminho:
            pagina = cliente.get(caminho).text
            vistas += re.findall(r'<th scope="row"><a href="[^"]*">([^<]+)</a>', pagina)
            ditas += re.findall(r'class="total">([^<]+)<', pagina)
            # The address of a part shows the same to whoever opens it, whatever comes since.
            [caminho] = re.findall(r'href="([^"]*)">mais antigas<', pagina) or [""]
            caminho = html.unescape(caminho)
        assert vistas == [*(f"H{n}" for n in range(1100, 0, -1)), "P005"]
        assert ditas == [
            "As 500 mais novas; o arquivo tem todas.", "500 mais antigas", "101 mais antigas",
        ]  # fmt: skip
        assert '<a href="/mudancas?dias=30">as mais novas</a>' in pagina
        for formato in ("csv", "planilha", "xlsx"):
            resposta = cliente.get(f"/mudancas?dias=30&formato={formato}")
            assert resposta.status_code == 200, resposta.text
            if formato != "xlsx":
                assert len(resposta.text.splitlines()) == 1 + 1101
            if formato == "planilha":
                assert "separacao 7" in resposta.text
                assert '=""→ P001""' in resposta.text
        livro = load_workbook(io.BytesIO(resposta.content), read_only=True)
        assert livro.active.max_row == 1 + 1101
        # Every other file, too.
        for caminho in ("incoerencias?", "pedido?linhas=P001+1&", *(f"lista/{x}?" for x in LISTAS)):
            for formato in ("csv", "planilha", "xlsx"):
                assert cliente.get(f"/{caminho}formato={formato}").status_code == 200


def test_english_where_it_is_asked_for(chromium: Browser, painel: str) -> None:
    contexto = chromium.new_context(locale="en-US")
    pagina = contexto.new_page()
    pagina.goto(painel + "/produto/P001")
    expect(pagina.locator(".ficha")).to_contain_text("▼ 2025-08-08 (in 2 days)")
    contexto.close()


def test_no_page_has_a_sentence_past_the_catalogue() -> None:
    """All that a template says goes through t(): what is left of it has no words."""
    pasta = RAIZ / "estoque_pg" / "painel" / "modelos"
    for arquivo in pasta.glob("*.html"):
        texto = ""
        for no in (
            Environment().parse(arquivo.read_text(encoding="utf-8")).find_all(nodes.TemplateData)
        ):
            texto += no.data
        sem_marcas = re.sub(r"<[^>]*>|<[^<>]*$|^[^<>]*>", " ", texto)
        palavras = set(re.findall(r"[^\W\d_]{3,}", re.sub(r'="[^"]*"?', "", sem_marcas)))
        assert palavras <= {"estoque", "PostgreSQL", "xlsx", "csv"}, arquivo.name


# --- for everybody ------------------------------------------------------------------------------


@pytest.mark.parametrize("caminho", PAGINAS)
def test_every_page_on_a_phone_and_for_a_screen_reader(
    chromium: Browser, painel: str, caminho: str
) -> None:
    contexto = chromium.new_context(
        locale="pt-BR", viewport={"width": 390, "height": 844}, color_scheme="dark"
    )
    pagina = contexto.new_page()
    queixas = anotar_queixas(pagina)
    resposta = pagina.goto(painel + caminho)
    assert resposta is not None
    assert resposta.status == 200
    assert pagina.evaluate("document.documentElement.scrollWidth") <= 390
    achados = Axe().run(pagina)
    assert achados.violations_count == 0, achados.generate_report()
    for letras in pagina.locator("svg.grafico:visible text").all():
        caixa = letras.bounding_box()
        assert caixa is not None
        assert caixa["height"] >= 9, "a chart's letters are too small for a phone"
        assert caixa["x"] >= 0
        assert caixa["x"] + caixa["width"] <= 390
    contexto.close()
    assert queixas == []


def test_without_javascript(chromium: Browser, painel: str) -> None:
    contexto = chromium.new_context(java_script_enabled=False, locale="pt-BR")
    pagina = contexto.new_page()
    pagina.goto(painel)
    pagina.get_by_role("link", name="P001").click()
    expect(pagina.locator(".ficha")).to_contain_text("▼ 08/08/2025")
    pagina.locator("select[name=acao]").select_option("ignorar")
    pagina.locator("select[name=documento]").select_option(index=2)
    pagina.get_by_role("button", name="Testar").click()
    expect(pagina.locator(".tentativa")).to_contain_text("não acaba")
    contexto.close()


def test_by_keyboard(pagina: Page, painel: str) -> None:
    pagina.goto(painel)
    pagina.keyboard.press("Tab")
    expect(pagina.locator(".pular")).to_be_focused()
    pagina.keyboard.press("Enter")
    pagina.keyboard.press("Tab")
    pagina.keyboard.press("Enter")  # the first figure
    pagina.wait_for_url("**/lista/rupturas?dias=0")


# --- live ---------------------------------------------------------------------------------------


def test_a_change_shows_by_itself(pagina: Page, painel: str, cena: Banco) -> None:
    pagina.goto(painel + "/produto/P004")
    with cena.transacao():
        cena.cru("SAVEPOINT s")  # a subtransaction's number is in no snapshot
        cena.mov("P004", 1000)
    expect(pagina.locator(".ficha")).to_contain_text("1.007")
    pagina.goto(painel)
    expect(pagina.locator(".contagens")).not_to_contain_text("P009")
    cena.mov("P009", -5)
    expect(pagina.locator("main")).to_contain_text("P009")
    cena.cru("DELETE FROM movimentacao_estoque WHERE cod_produto = 'P009'")
    expect(pagina.locator("main")).not_to_contain_text("P009")
    # What is typed meanwhile stays.
    pagina.goto(painel + "/produto/P004")
    pagina.locator("input[name=quantidade]").fill("12")
    cena.mov("P004", -1000)
    expect(pagina.locator(".ficha dd").first).to_have_text("7")
    expect(pagina.locator("input[name=quantidade]")).to_have_value("12")


def test_a_page_follows_its_product_into_another_code(
    pagina: Page, painel: str, cena: Banco
) -> None:
    cena.mov("VAI", 5)
    cena.mov("FICA", 1)
    pagina.goto(painel + "/produto/VAI")
    cena.unir("VAI", "FICA")
    expect(pagina.locator("main")).to_contain_text("VAI está unificado neste código")
    expect(pagina.locator(".ficha dd").first).to_have_text("6")
    cena.mov("FICA", 30)
    expect(pagina.locator(".ficha dd").first).to_have_text("36")
    cena.cru("DELETE FROM unificacao_codigos WHERE codigo_destino = 'FICA'")
    cena.cru("DELETE FROM movimentacao_estoque WHERE cod_produto IN ('VAI', 'FICA')")


def test_away_and_back_again(chromium: Browser, cena: Banco, painel: str) -> None:
    contexto = chromium.new_context(locale="pt-BR")
    pagina = contexto.new_page()
    pagina.goto(painel + "/produto/P004")
    parada = pagina.locator("#parada")
    expect(parada).to_be_hidden()
    contexto.set_offline(True)
    expect(parada).to_contain_text("não pode ser alcançado")
    cena.mov("P004", 2)
    time.sleep(2)
    expect(pagina.locator(".ficha dd").first).to_have_text("7")
    contexto.set_offline(False)
    expect(pagina.locator(".ficha dd").first).to_have_text("9", timeout=20000)
    expect(parada).to_be_hidden()
    cena.mov("P004", -2)
    contexto.close()


def test_five_hundred_listeners(painel: str, cena: Banco) -> None:
    """All are told, by one reader: the database sees no more of them than of one."""
    ouvidos = 0
    prontos = threading.Semaphore(0)
    with httpx.Client(
        base_url=painel, timeout=30, limits=httpx.Limits(max_connections=None)
    ) as cliente:
        versao, antes = "", None
        while versao != antes:  # until all that other tests wrote has been seen
            antes = versao
            time.sleep(2)
            [versao, *_] = re.findall(r"versao=([\d-]+)", cliente.get("/").text)
        endereco = f"/ao-vivo?codigo=P002&versao={versao}"

        def ouvir() -> None:
            nonlocal ouvidos
            with cliente.stream("GET", endereco) as resposta:
                prontos.release()
                for linha in resposta.iter_lines():
                    if linha == "event: mudou":
                        ouvidos += 1
                        return

        linhas = [threading.Thread(target=ouvir, daemon=True) for _ in range(500)]
        for linha in linhas:
            linha.start()
        for _ in linhas:
            assert prontos.acquire(timeout=30)
        cena.mov("P004", 1)  # none of their business
        time.sleep(1.5)
        assert ouvidos == 0
        cena.mov("P002", 1)
        for linha in linhas:
            linha.join(20)
        assert ouvidos == 500
        conexoes = cena.valor(
            "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'estoque servir'"
            " AND datname = current_database()"
        )
        assert conexoes <= 6
    cena.mov("P002", -1)
    cena.mov("P004", -1)


# --- who may see it -----------------------------------------------------------------------------


def test_login(cena: Banco) -> None:
    with aplicacao(cena, token=TOKEN, token_para_tudo=True, com_painel=True) as cliente:
        cliente.follow_redirects = False
        casa = {"Origin": "http://testserver", "Host": "testserver"}
        resposta = cliente.get("/produto/P001?dias=90", headers={"Accept": "text/html"})
        assert resposta.status_code == 303
        assert resposta.headers["location"] == "/entrar?destino=%2Fproduto%2FP001%3Fdias%3D90"
        assert cliente.get("/ao-vivo").status_code == 303
        assert cliente.get("/entrar").status_code == 200
        errado = cliente.post("/entrar", data={"senha": "x"}, headers=casa)
        assert errado.status_code == 401
        certo = {"senha": TOKEN, "destino": "/produto/P001?dias=90"}
        de_fora = cliente.post("/entrar", data=certo, headers={"Origin": "http://alheio"})
        assert de_fora.status_code == 403
        assert cliente.post("/entrar", data=certo).status_code == 403  # says not where it is from
        dentro = cliente.post("/entrar", data=certo, headers=casa)
        assert (dentro.status_code, dentro.headers["location"]) == (303, "/produto/P001?dias=90")
        cookie = dentro.headers["set-cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=lax" in cookie
        assert TOKEN not in cookie
        assert cliente.get("/produto/P001").status_code == 200
        # The cookie is for pages; the API wants the token.
        assert cliente.get("/api/estoque/tempo-real/rupturas").status_code == 401
        for destino in ("https://alheio", "//alheio", "/\\alheio", "javascript:1"):
            levado = cliente.post("/entrar", data={**certo, "destino": destino}, headers=casa)
            assert levado.headers["location"] == "/"
        ate, _, assinatura = cliente.cookies["estoque_painel"].partition(".")
        for falso in (f"{int(ate) + 1}.{assinatura}", f"1.{assinatura}", "x", "", f".{assinatura}"):
            cliente.cookies.clear()
            cliente.cookies.set("estoque_painel", falso)
            assert cliente.get("/").status_code == 303
        cliente.cookies.clear()
        cliente.post("/entrar", data=certo, headers=casa)
        assert cliente.get("/").status_code == 200
        assert cliente.post("/sair", headers={"Origin": "http://alheio"}).status_code == 403
        cliente.post("/sair", headers=casa)
        assert cliente.get("/").status_code == 303


def test_a_role_that_may_not_read_documents(cena: Banco) -> None:
    with papel_novo(cena.conn, "olheiro") as papel:
        dsn = make_conninfo(cena.dsn, user=papel)
        olheiro: Any = type("Olheiro", (), {"dsn": dsn})
        with aplicacao(olheiro, com_painel=True) as cliente:
            assert "balance now" in cliente.get("/produto/P001").text
            assert "may not read documents" in cliente.get("/produto/P001").text
            assert "may not read documents" in cliente.get("/incoerencias").text
            assert cliente.get("/").status_code == 200
            assert cliente.get("/lista/rupturas").status_code == 200
            # Not an empty file, which would say that there is nothing.
            for caminho in ("/lista/abaixo-do-minimo", "/incoerencias", "/mudancas"):
                assert cliente.get(caminho + "?formato=csv").status_code == 403
            # What runs out after D+7 does so without its documents too.
            cena.sep("P002", 1000, 20)
            assert "in 20 days" in cliente.get("/produto/P002").text
            cena.cru("DELETE FROM separacao WHERE qtd_saldo = 1000")


def test_a_shortage_within_the_tolerance_is_none(cena: Banco) -> None:
    cena.mov("TOL", 10)
    cena.sep("TOL", 11, 2, num_pedido="pouco")
    cena.sep("TOL", 5, 4, num_pedido="muito")
    cena.cru("INSERT INTO estoque_regra (cod_produto, tolerancia) VALUES ('TOL', 3)")
    with aplicacao(cena, com_painel=True) as cliente:
        assert "in 4 days" in cliente.get("/produto/TOL").text
        [linha] = re.findall(
            r"<tr>\s*<th scope=.row.><a href=./produto/TOL.*?</tr>",
            cliente.get("/lista/rupturas").text,
            re.DOTALL,
        )
        assert "muito" in linha
        assert "pouco" not in linha
        cena.cru("UPDATE estoque_regra SET tolerancia = 6 WHERE cod_produto = 'TOL'")
        assert "not within 28 days" in cliente.get("/produto/TOL").text
    cena.cru("DELETE FROM separacao WHERE cod_produto = 'TOL'")
    cena.cru("DELETE FROM movimentacao_estoque WHERE cod_produto = 'TOL'")
    cena.cru("DELETE FROM estoque_regra WHERE cod_produto = 'TOL'")


@pytest.mark.parametrize("codigo", ["50%", "a b ", "x\ny", "?#&"])
def test_a_page_knows_its_own_address(cena: Banco, codigo: str) -> None:
    """Whatever a code holds: it renews itself, and sends its forms, to where it is."""
    cena.mov(codigo, 7)
    endereco = "/produto/" + quote(codigo, safe="")
    with aplicacao(cena, com_painel=True) as cliente:
        texto = cliente.get(endereco).text
        assert f'hx-get="{endereco}"' in texto
        assert texto.count(f'action="{endereco}"') == 2
        assert cliente.get(endereco + "?quantidade=1", headers={"HX-Request": "true"}).is_success
    cena.cru("DELETE FROM movimentacao_estoque WHERE cod_produto = %s", [codigo])


def test_rows_say_what_they_are_about_in_words(cena: Banco) -> None:
    """An order that holds a promise up, a document's order, a day to order by that is past."""
    cena.mov("P006", 9, nome_produto="Pepino")
    um = cena.sep("P006", 3, None, num_pedido="10.088")
    cena.cru("UPDATE estoque_regra SET prazo_reposicao = 3 WHERE cod_produto = 'P004'")
    with aplicacao(cena, com_painel=True) as cliente:
        pagina = cliente.get("/incoerencias").text
        assert f"separation 10.088 ({um})" in pagina
        assert "<td>Pepino</td>" in pagina
        pagina = cliente.get("/pedido?linhas=P001+10%0AP002+1%0AP004+1").text
        assert "all of it can be promised from 2025-08-11; P001 holds it up" in pagina
        assert "2025-08-03 (past)" in cliente.get("/lista/abaixo-do-minimo").text
    cena.cru("DELETE FROM separacao WHERE id = %s", [um])
    cena.cru("DELETE FROM movimentacao_estoque WHERE cod_produto = 'P006'")
    cena.cru("UPDATE estoque_regra SET prazo_reposicao = NULL WHERE cod_produto = 'P004'")


def test_errors_are_pages_for_people_and_json_for_programs(cena: Banco) -> None:
    with aplicacao(cena, com_painel=True) as cliente:
        gente = {"Accept": "text/html", "Accept-Language": "pt"}
        for caminho, status, dito in (
            ("/produto/zzz", 404, "nenhuma origem conhece o código"),
            ("/nada", 404, "não há nada neste endereço</p>"),
            ("/lista/nada", 404, "não existe essa lista"),
            ("/lista/rupturas?dias=-1", 422, "dias"),
            ("/lista/rupturas?dias=x", 422, "dias"),
            ("/lista/rupturas?formato=pdf", 422, "pdf"),
            ("/lista/rupturas?dias=", 200, "Rupturas"),
            ("/mudancas?dias=", 200, "O que mudou"),
            ("/mudancas?dias=0", 422, "dias"),
            ("/produto/P001?mudancas=" + "[" * 50_000, 200, "não são JSON"),
        ):
            resposta = cliente.get(caminho, headers=gente)
            assert resposta.status_code == status
            assert resposta.headers["content-type"] == "text/html; charset=utf-8"
            assert dito in resposta.text
            if status != 200:
                assert cliente.get(caminho).json()["sucesso"] is False
        api = cliente.get("/api/estoque/tempo-real/produto/zzz", headers=gente)
        assert api.json()["sucesso"] is False
        politica = cliente.get("/", headers=gente).headers["content-security-policy"]
        assert "default-src 'none'" in politica
        assert "unsafe" not in politica


def renovada(cliente: Any) -> str:
    """The first page as it renews itself, but for the state that it says it knows."""
    return re.sub(r"versao=[\d-]+", "", cliente.get("/", headers=RENOVAR).text)


def mudar(cliente: Any, antes: str, *, ate: float = 20) -> str:
    """Renew the first page until it is another one."""
    fim = time.monotonic() + ate
    while (texto := renovada(cliente)) == antes:
        assert time.monotonic() < fim
        time.sleep(0.1)
    return texto


def test_a_page_is_drawn_once_for_all_who_renew_it(cena: Banco) -> None:
    with aplicacao(cena, com_painel=True) as cliente:
        primeira = mudar(cliente, renovada(cliente))  # with incoherences
        cena.cru("UPDATE separacao SET num_pedido = '78' WHERE num_pedido = '77'")
        assert renovada(cliente) == primeira  # no stock moved
        assert ">78<" in cliente.get("/").text  # who asks gets what is true now
        cena.cru("UPDATE separacao SET num_pedido = '77' WHERE num_pedido = '78'")
        cena.cru("UPDATE estoque_regra SET minimo = 0 WHERE cod_produto = 'P004'")
        segunda = mudar(cliente, primeira)
        cena.cru("UPDATE estoque_regra SET minimo = 9 WHERE cod_produto = 'P004'")
        assert mudar(cliente, segunda) == primeira
        cena.mov("P004", -100)
        mudar(cliente, primeira)
        cena.mov("P004", 100)


def test_a_database_that_is_away_holds_nobody_up(cena: Banco) -> None:
    """Fifty who renew a page are told so together, not one after the other."""
    longe: Any = type("Longe", (), {"dsn": make_conninfo(cena.dsn, port=1)})
    with aplicacao(longe, com_painel=True) as cliente, ThreadPoolExecutor(50) as gente:
        respostas = gente.map(lambda _: cliente.get("/", headers=RENOVAR).status_code, range(50))
        assert set(respostas) == {503}
        pool: Any = cliente.app
        assert pool.state.pool_de_paginas.get_stats()["requests_num"] < 25


def test_a_reader_that_hangs_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aovivo, "LIMITE", 0.05)
    monkeypatch.setattr(aovivo, "INTERVALO", 0.01)
    perguntas: list[float] = []

    async def responder(pergunta: Any) -> Any:
        perguntas.append(time.monotonic())
        if len(perguntas) == 2:
            raise RuntimeError("anything at all")
        await asyncio.Event().wait()

    async def viver() -> None:
        vivo = AoVivo(responder)
        leitor = asyncio.create_task(vivo.olhar_sempre())
        while len(perguntas) < 4:
            await asyncio.sleep(0.01)
        vivo.encerrar()
        await asyncio.wait_for(leitor, 5)

    with ThreadPoolExecutor(1) as outra:  # the browser has a loop in this one
        outra.submit(lambda: asyncio.run(viver())).result(20)
