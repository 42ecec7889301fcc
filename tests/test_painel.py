"""The panel, seen by a real browser: pages, live changes, phone, keyboard, login."""

from __future__ import annotations

import html
import io
import re
import threading
import time
from collections.abc import Iterator
from typing import Any

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

from estoque_pg.painel.listas import LISTAS

TOKEN = "segredo-de-teste"
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
    contagens = pagina.locator(".contagens li").all_inner_texts()
    assert [re.sub(r"\s+", " ", c) for c in contagens] == [
        "1 acabam hoje", "2 em até 7 dias", "2 em até 28 dias", "1 negativos agora",
        "1 em risco", "3 abaixo do mínimo",
    ]  # fmt: skip
    assert tabela(pagina)[1] == [
        "P001", "Azeitona verde", "100", "▼ 08/08/2025", "em 2 dias", "55", "10/08/2025", "77",
    ]  # fmt: skip
    assert tabela(pagina)[0][1] == MAU  # text, whatever it says
    # Each figure opens the list it counts.
    for n, esperadas in enumerate([1, 2, 2, 1, 1, 3]):
        pagina.goto(painel)
        pagina.locator(".contagens a").nth(n).click()
        assert len(tabela(pagina)) == esperadas


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
    assert [linha[7] for linha in tabela(pagina)] == ["100", "95", "-55", "35"]
    descricao = pagina.locator("svg.grafico").get_attribute("aria-label") or ""
    assert "Fica abaixo de zero em 08/08/2025, chegando a -55." in descricao
    expect(pagina.locator(".explicacao")).to_contain_text("De 08/08/2025 a 10/08/2025")
    # A remedy is tried where it stands, and ends the rupture.
    pagina.get_by_role("link", name="testar").first.click()
    expect(pagina.locator(".tentativa")).to_contain_text("não acaba em até 28 dias")
    assert pagina.locator("svg .depois").count() == 1
    pagina.get_by_role("link", name="como está").click()
    assert pagina.locator("svg .depois").count() == 0


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
    expect(pagina.locator(".junta")).to_have_text("tudo pode ser prometido a partir de 11/08/2025")
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
        "INSERT INTO estoque_transicao (cod_produto, sequencia, tipo, em, dia, dia_depois,"
        " falta_depois, causa) SELECT 'H' || n, 1, 'apareceu', now() - interval '20 days'"
        " + n * interval '1 minute', estoque_hoje(), estoque_hoje(), n,"
        ' CASE n % 3 WHEN 0 THEN \'{"id": "7", "saida": 1, "origem": "separacao",'
        ' "documento": null}\'::jsonb WHEN 1 THEN \'{"unificado_em": "P001"}\' END'
        " FROM generate_series(1, 1100) AS n"
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


def test_away_and_back_again(chromium: Browser, cena: Banco, painel: str) -> None:
    contexto = chromium.new_context(locale="pt-BR")
    pagina = contexto.new_page()
    pagina.goto(painel + "/produto/P004")
    contexto.set_offline(True)
    cena.mov("P004", 2)
    time.sleep(2)
    expect(pagina.locator(".ficha dd").first).to_have_text("7")
    contexto.set_offline(False)
    expect(pagina.locator(".ficha dd").first).to_have_text("9", timeout=20000)
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


def test_errors_are_pages_for_people_and_json_for_programs(cena: Banco) -> None:
    with aplicacao(cena, com_painel=True) as cliente:
        gente = {"Accept": "text/html", "Accept-Language": "pt"}
        for caminho, status, dito in (
            ("/produto/zzz", 404, "nenhuma origem conhece o código"),
            ("/nada", 404, "não há nada neste endereço"),
            ("/lista/nada", 404, "não existe essa lista"),
            ("/lista/rupturas?dias=-1", 422, "dias"),
            ("/lista/rupturas?dias=x", 422, "dias"),
            ("/lista/rupturas?formato=pdf", 422, "pdf"),
        ):
            resposta = cliente.get(caminho, headers=gente)
            assert resposta.status_code == status
            assert resposta.headers["content-type"] == "text/html; charset=utf-8"
            assert dito in resposta.text
            assert cliente.get(caminho).json()["sucesso"] is False
        api = cliente.get("/api/estoque/tempo-real/produto/zzz", headers=gente)
        assert api.json()["sucesso"] is False
        politica = cliente.get("/", headers=gente).headers["content-security-policy"]
        assert "default-src 'none'" in politica
        assert "unsafe" not in politica


def test_a_page_is_drawn_once_for_all_who_renew_it(cena: Banco) -> None:
    with aplicacao(cena, com_painel=True) as cliente:
        renovar = {"HX-Request": "true"}
        primeira = cliente.get("/", headers=renovar).text
        cena.cru(
            "UPDATE estoque_regra SET minimo = 10 WHERE cod_produto = 'P004'"
        )  # no stock moved
        assert cliente.get("/", headers=renovar).text == primeira
        cena.mov("P004", -100)
        ate = time.monotonic() + 20
        while cliente.get("/", headers=renovar).text == primeira:
            assert time.monotonic() < ate
            time.sleep(0.1)
        cena.mov("P004", 100)
        cena.cru("UPDATE estoque_regra SET minimo = 9 WHERE cod_produto = 'P004'")
