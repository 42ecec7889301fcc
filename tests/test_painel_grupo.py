"""A group's page in the panel, and its endpoints: all companies, and those that are away."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import quote

import httpx2 as httpx
import psycopg
import pytest
from axe_playwright_python.sync_playwright import Axe
from conftest import Servico as Servidor
from fastapi.testclient import TestClient
from navegador import navegador
from oraculo import Conexao
from playwright.sync_api import Browser, expect
from psycopg import sql
from test_grupo import ESTRANHA, D, montar, olhar
from test_http import BASE, Servico
from test_painel import anotar_queixas, tabela

from estoque_pg import GrupoEstoque, grupos
from estoque_pg.http import criar_aplicacao

TOKEN = "segredo-de-teste"
MAU = "<script>document.title='!'</script>"


@pytest.fixture(scope="module")
def dsn(servico: Servidor) -> Iterator[str]:
    """Two companies and one that is gone, in a group; a second group, of an odd name."""
    nome = servico.criar()
    dsn = servico.dsn(nome)
    montar(dsn, "empresa_1", 1)
    montar(dsn, ESTRANHA, 2)
    with psycopg.connect(dsn, autocommit=True) as conn:
        olhar(conn, ESTRANHA)
        conn.execute(
            "INSERT INTO movimentacao_estoque (cod_produto, nome_produto, data_movimentacao,"
            " tipo_movimentacao, qtd_movimentacao, ativo)"
            " SELECT 'N' || n, %s, %s, 'AJUSTE', -n, true FROM generate_series(1, 60) AS n",
            [MAU, D],
        )
        conn.execute("RESET search_path")
        grupos.criar(conn, "holding", ["empresa_1", ESTRANHA])
        conn.execute("INSERT INTO holding.estoque_grupo_empresa VALUES ('Filial <b>', 'nada')")
        grupos.criar(conn, 'O "G/rupo" é', ["empresa_1"])
    yield dsn
    servico.remover(nome)


@pytest.fixture(scope="module")
def painel(dsn: str) -> Iterator[str]:
    with Servico(
        dsn, "--schema", "empresa_1", "--grupo", "holding", "--grupo", 'O "G/rupo" é'
    ) as s:
        yield str(s.cliente.base_url).rstrip("/")


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with navegador() as aberto:
        yield aberto


def test_all_companies_on_a_page(chromium: Browser, painel: str) -> None:
    contexto = chromium.new_context(locale="pt-BR", viewport={"width": 1280, "height": 900})
    pagina = contexto.new_page()
    queixas = anotar_queixas(pagina)
    pagina.goto(painel)
    pagina.get_by_role("navigation", name="páginas").get_by_role("link", name="Grupo").click()
    expect(pagina.get_by_role("heading", level=1)).to_contain_text("holding")
    # Who is away is the first thing that is said, and stands among the companies.
    expect(pagina.get_by_role("alert")).to_contain_text("1 empresa não respondeu")
    expect(pagina.get_by_role("alert")).to_contain_text("Filial <b>: não instalada")
    contagens = pagina.locator(".contagens li").all_inner_texts()
    assert [re.sub(r"\s+", " ", c) for c in contagens] == [
        "2 empresas", "64 produtos", "62 acabam em até 7 dias", "60 saldo negativo",
        "0 saldo zerado",
    ]  # fmt: skip
    assert [linha[0] for linha in tabela(pagina, 1)] == [ESTRANHA, "empresa_1", "Filial <b>"]
    assert len(tabela(pagina)) == 50
    pagina.get_by_role("navigation", name="partes").get_by_role("link", name="2").click()
    ultimas = tabela(pagina)
    assert len(ultimas) == 12
    assert ultimas[-2] == [
        "empresa_1", "P001", "Azeitona", "10", "-90", "▼ 07/08/2025", "amanhã", "90", "–"
    ]  # fmt: skip
    assert pagina.title() == "holding – estoque"  # names are text

    pagina.locator("select[name=empresa]").select_option("empresa_1")
    pagina.get_by_label("em quantos dias").fill("0")
    pagina.get_by_role("button", name="Filtrar").click()
    expect(pagina.locator(".vazio")).to_contain_text("Nada corresponde")
    pagina.goto(painel + "/grupos/holding?texto=azeitona+empresa_1&ordem=-cod_produto")
    assert [linha[:2] for linha in tabela(pagina)] == [["empresa_1", "P001"]]
    with pagina.expect_download() as baixado:
        pagina.get_by_role("link", name="planilha").click()
    linhas = baixado.value.path().read_text(encoding="utf-8-sig").splitlines()
    assert linhas[0].startswith("Empresa;Produto;Nome;")
    assert [linha.partition(";")[0] for linha in linhas[1:]] == ["empresa_1", "Filial <b>"]
    assert linhas[-1].endswith(";não instalada")
    pagina.goto(painel + "/grupos/holding")
    pagina.get_by_role("link", name='O "G/rupo" é').click()
    expect(pagina.get_by_role("heading", level=1)).to_contain_text('O "G/rupo" é')
    assert len(tabela(pagina)) == 1
    contexto.close()
    assert queixas == []


def test_on_a_phone_for_a_screen_reader_and_without_javascript(
    chromium: Browser, painel: str
) -> None:
    for mais in ({"color_scheme": "dark"}, {"java_script_enabled": False}):
        contexto = chromium.new_context(
            locale="pt-BR",
            viewport={"width": 390, "height": 844},
            **mais,
        )
        pagina = contexto.new_page()
        pagina.goto(painel + "/grupos/holding")
        assert len(tabela(pagina)) == 50
        if "color_scheme" in mais:
            assert pagina.evaluate("document.documentElement.scrollWidth") <= 390
            achados = Axe().run(pagina)
            assert achados.violations_count == 0, achados.generate_report()
        contexto.close()


def test_a_list_goes_on_on_a_second_page(painel: str, dsn: str) -> None:
    with Servico(dsn, "--schema", ESTRANHA) as s:
        pagina = s.cliente.get("/lista/negativos?pagina=2", headers={"Accept-Language": "pt"})
        assert pagina.status_code == 200
        assert pagina.text.count('<th scope="row">') == 10
        assert 'aria-current="page">2</a>' in pagina.text
        # No groups, and no word of them.
        assert "/grupos" not in pagina.text
        assert s.cliente.get("/grupos", headers={"Accept": "text/html"}).status_code == 404


def test_a_group_that_is_not_there_is_told_at_the_start(dsn: str) -> None:
    with Servico(dsn, "--schema", "empresa_1", "--grupo", "holding", "--grupo", "nenhum") as s:
        assert s.dito[0] == "warning: this role finds no group nenhum\n"


def test_only_the_groups_that_the_service_was_told(painel: str) -> None:
    with httpx.Client(base_url=painel) as cliente:
        assert cliente.get("/grupos").headers["location"] == "/grupos/holding"
        assert cliente.get("/grupos/empresa_1").status_code == 404
        assert cliente.get(BASE + "/grupos/empresa_1/rupturas").status_code == 404


# --- over HTTP ----------------------------------------------------------------------------------


@contextmanager
def cliente(dsn: str, **opcoes: object) -> Iterator[TestClient]:
    app = criar_aplicacao(dsn, "empresa_1", grupos=["holding"], **opcoes)  # type: ignore[arg-type]
    with TestClient(app, raise_server_exceptions=False) as aberto:
        yield aberto


@pytest.fixture(scope="module")
def conn(dsn: str) -> Iterator[Conexao]:
    with psycopg.connect(dsn, autocommit=True) as aberta:
        yield aberta


def test_endpoints_answer_what_the_group_does(dsn: str, conn: Conexao) -> None:
    grupo = GrupoEstoque(conn, "holding")
    with cliente(dsn) as c:
        assert c.get(BASE + "/grupos").json() == {"sucesso": True, "grupos": ["holding"]}
        rupturas = c.get(BASE + "/grupos/holding/rupturas?dias=1").json()
        assert rupturas == {
            "sucesso": True, "dias_analisados": 1, "total_rupturas": 61,
            **grupo.rupturas(1).como_dict(),
        }  # fmt: skip
        # Why, but nothing that the server said of itself.
        assert rupturas["empresas_fora"] == [{"empresa": "Filial <b>", "fora": "ausente"}]
        figuras = c.get(BASE + "/grupos/holding/estatisticas").json()
        assert figuras == {"sucesso": True, **grupo.estatisticas().como_dict()}
        saldos = c.get(BASE + "/grupos/holding/saldos?codigos=ALIAS&codigos=N7").json()
        assert saldos == {
            "sucesso": True, "total": 3, **grupo.saldos(["ALIAS", "N7"]).como_dict()
        }  # fmt: skip
        corpo = {"produtos": ["ALIAS", "N7"]}
        assert c.post(BASE + "/grupos/holding/consultar", json=corpo).json() == saldos
        assert c.get(BASE + "/grupos/holding/saldos").status_code == 422
        assert c.get(BASE + "/grupos/holding/rupturas?dias=-1").status_code == 422
        arquivo = c.get(BASE + "/grupos/holding/saldos?codigos=ALIAS&formato=csv")
        assert arquivo.headers["estoque-empresas-fora"] == "1"
        linhas = list(csv.DictReader(io.StringIO(arquivo.text, newline="")))
        assert [(r["empresa"], r["cod_produto"], r["fora"]) for r in linhas] == [
            *((empresa, "P001", "") for empresa in sorted(["empresa_1", ESTRANHA])),
            ("Filial <b>", "", "ausente"),
        ]  # fmt: skip
        assert c.get(BASE + "/grupos/holding/rupturas?formato=xlsx").content[:2] == b"PK"


def test_a_token_for_everything_is_for_groups_too(dsn: str) -> None:
    with cliente(dsn, token=TOKEN, token_para_tudo=True, com_painel=True) as c:
        for caminho in ("", "/holding/rupturas"):
            assert c.get(f"{BASE}/grupos{caminho}").status_code == 401
            dado = {"Authorization": f"Bearer {TOKEN}"}
            assert c.get(f"{BASE}/grupos{caminho}", headers=dado).status_code == 200
        fora = c.get("/grupos/holding", follow_redirects=False)
        assert (fora.status_code, fora.headers["location"]) == (
            303, "/entrar?destino=" + quote("/grupos/holding", safe="")
        )  # fmt: skip


def test_a_group_that_is_not_there_is_a_503(dsn: str, conn: Conexao) -> None:
    with cliente(dsn) as c:
        conn.execute(sql.SQL("ALTER SCHEMA holding RENAME TO outro"))
        try:
            assert c.get(BASE + "/grupos/holding/rupturas").status_code == 503
        finally:
            conn.execute(sql.SQL("ALTER SCHEMA outro RENAME TO holding"))
