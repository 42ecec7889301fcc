"""Spreadsheets: what a planner's Excel makes of an answer, from the command line and over HTTP."""

from __future__ import annotations

import csv
import io
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timezone
from decimal import Decimal
from typing import Annotated, Any

import openpyxl
import pytest
from apoio import Banco
from conftest import Servico
from fastapi.testclient import TestClient
from openpyxl.worksheet.worksheet import Worksheet
from terminal import Terminal
from test_cli import estoque, uma_linha
from test_http import BASE, aplicacao

from estoque_pg import planilha
from estoque_pg.cli import cli
from estoque_pg.erros import ArgumentoInvalido
from estoque_pg.http.formatos import do_cabecalho
from estoque_pg.idioma import com_idioma
from estoque_pg.perguntas.linha import Coluna, Linha, colunas_exigidas
from estoque_pg.perguntas.saldos import MovimentacaoPrevista, Produto

EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
SEPARADORES = ("csv", "planilha")

# What a product may be called, and what Excel would make of it: numbers, dates, money, formulas,
# truth, errors; beside names that it leaves alone.
HOSTIS = [
    "0123", "12345678901234567890", "1E5", "1.234", "-5", "+5", "5%", "R$ 10", "$5", "10/11", "3-4",
    "5 mar", "MAR5", "Set/25", "dez 2026", "1 de maio", "12:30", "VERDADEIRO", "false", "#N/D",
    "=1+1", "@SOMA(A1)", "=cmd|'/c calc'!A1", "\t=1", " 7", "\u00a07", "(5)", ".5", ",5", "'1",
    "＝1+1", "１２３", '="x"', '=HYPERLINK("http://x")',
]  # fmt: skip
MANSOS = [
    "P001", "AZEITONA VERDE 200 G", 'Óleo; de "soja"\ne milho', "A,1", "日本", "falsos", "T-4",
    "MARGARINA 500 G", "SET DE FACAS", "separacao 2", "DECORAÇÃO 12", "OUTROS 3",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Exemplo(Linha):
    """A row with a field of each kind."""

    texto: Annotated[str | None, Coluna("name")]
    quantidade: Annotated[Decimal | float | int | None, Coluna("quantity")] = None
    dia: Annotated[date | None, Coluna("date")] = None
    logico: Annotated[bool | None, Coluna("state")] = None
    previstas: Annotated[tuple[Any, ...], Coluna("documents")] = ()
    chave: Annotated[str, Coluna("what", frases={"k": "balance"})] = ""


def ler(dados: bytes) -> list[list[str]]:
    """The cells of what Brazilian Excel is given, as they stand there."""
    texto = dados.decode("utf-8-sig")
    return list(csv.reader(io.StringIO(texto, newline=""), delimiter=";", strict=True))


def abrir(dados: bytes) -> Worksheet:
    livro = openpyxl.load_workbook(io.BytesIO(dados))
    assert len(livro.worksheets) == 1
    return livro.worksheets[0]


def em_formula(texto: str) -> str:
    return '="' + texto.replace('"', '""') + '"'


# --- CSV for Brazilian Excel --------------------------------------------------------------------


def test_the_bytes() -> None:
    linhas = [
        Exemplo("Pão; 1", Decimal("1234.500"), date(2026, 12, 1), True, ("a", "b"), "k"),
        Exemplo(None, Decimal("-0.001")),
        Exemplo("x", 1000000, date(9999, 12, 31), False),
    ]
    esperado = (
        "\ufeffName;Quantity;Date;State;Documents;What\r\n"
        '"Pão; 1";1234,5;01/12/2026;yes;a; b;balance\r\n'
        ";-0,001;;;;\r\n"
        "x;1000000;31/12/9999;no;;\r\n"
    ).replace("a; b", '"a; b"')
    assert planilha.em_planilha(Exemplo, linhas) == esperado.encode()
    with com_idioma("pt_BR"):
        primeira, segunda, *_ = planilha.em_planilha(Exemplo, linhas).decode("utf-8").split("\r\n")
    assert primeira == "\ufeffNome;Quantidade;Data;Situação;Documentos;O quê"
    assert segunda == '"Pão; 1";1234,5;01/12/2026;sim;"a; b";saldo'


@pytest.mark.parametrize("texto", HOSTIS)
def test_a_text_that_excel_would_change_is_a_formula_that_gives_it(texto: str) -> None:
    [_, celulas] = ler(planilha.em_planilha(Exemplo, [Exemplo(texto)]))
    assert celulas[0] == em_formula(texto)


@pytest.mark.parametrize("texto", MANSOS)
def test_other_texts_stand_as_they_are(texto: str) -> None:
    [_, celulas] = ler(planilha.em_planilha(Exemplo, [Exemplo(texto)]))
    assert celulas[0] == texto


@pytest.mark.parametrize("sinal", ["x", '"', "🍅"])
def test_long_texts(sinal: str) -> None:
    """A text within a formula has at most 255 units of UTF-16, a formula 8,192."""
    for tamanho in (254, 255, 256, 1000):
        texto = "=" + sinal * tamanho
        [_, celulas] = ler(planilha.em_planilha(Exemplo, [Exemplo(texto)]))
        assert re.fullmatch(r'=("([^"]|"")*"&)*"([^"]|"")*"', celulas[0])
        literais = re.findall(r'"((?:[^"]|"")*)"(?:&|$)', celulas[0])
        assert "".join(literais).replace('""', '"') == texto
        assert all(len(parte.encode("utf-16-le")) <= 2 * 255 for parte in literais)
    enorme = "=" + sinal * 9000
    [_, celulas] = ler(planilha.em_planilha(Exemplo, [Exemplo(enorme)]))
    assert celulas[0] == "'" + enorme


def test_a_text_too_long_for_a_cell_says_so() -> None:
    for sinal, cabem in (("x", 32_767), ("🍅", 16_383)):
        exato, demais = sinal * cabem, sinal * (cabem + 1)
        for texto in (exato, demais):
            folha = abrir(planilha.em_xlsx(Exemplo, [Exemplo(texto)]))
            [_, celulas] = ler(planilha.em_planilha(Exemplo, [Exemplo(texto)]))
            valor = str(folha["A2"].value)
            assert len(valor.encode("utf-16-le")) <= 2 * 32_767
            assert valor == celulas[0].removeprefix("'")
            assert (valor == texto) == (texto is exato)
            assert (texto is exato) or valor.endswith("ask for csv or json)")


def test_what_has_no_type_is_a_text() -> None:
    """Dates that spreadsheets count differently, numbers of too many digits, times with zones."""
    momento: Any = datetime(2026, 12, 1, 10, 30, tzinfo=timezone.utc)
    linhas = [
        Exemplo("a", Decimal("1234567890123456.789"), date(1900, 2, 28)),
        Exemplo("b", Decimal("NaN"), date.min),
        Exemplo("c", Decimal("123456789012.345"), date(1900, 3, 1)),
        Exemplo("d", Decimal("1E+20"), momento),
    ]
    esperadas = [
        [em_formula("1234567890123456,789"), em_formula("28/02/1900")],
        ["NaN", em_formula("01/01/0001")],
        ["123456789012,345", "01/03/1900"],
        ["100000000000000000000", em_formula("2026-12-01 10:30:00+00:00")],
    ]
    assert [c[1:3] for c in ler(planilha.em_planilha(Exemplo, linhas))[1:]] == esperadas
    folha = abrir(planilha.em_xlsx(Exemplo, linhas))
    assert [[c.value for c in r[1:3]] for r in folha.iter_rows(min_row=2)] == [
        ["1234567890123456,789", "28/02/1900"],
        ["NaN", "01/01/0001"],
        [123456789012.345, datetime(1900, 3, 1)],
        [1e20, "2026-12-01 10:30:00+00:00"],
    ]


def test_rows_within_a_row_are_words() -> None:
    previstas = (
        MovimentacaoPrevista(date(2025, 8, 7), Decimal(0), Decimal("1600.5"), Decimal("-1600.5")),
        MovimentacaoPrevista(date(2025, 8, 9), Decimal(5), Decimal(0), Decimal(5)),
    )
    linha = Produto("A", "P", None, Decimal(1), Decimal(2), None, previstas)
    with com_idioma("pt_BR"):
        [_, celulas] = ler(planilha.em_planilha(Produto, [linha]))
    assert celulas[-1] == em_formula(
        "07/08/2025 entrada 0 saída 1600,5 saldo do dia -1600,5;"
        " 09/08/2025 entrada 5 saída 0 saldo do dia 5"
    )


# --- workbooks ----------------------------------------------------------------------------------


def test_a_workbook() -> None:
    linhas = [
        Exemplo("0123", Decimal("1234.500"), date(2026, 12, 1), True, ("a", "b"), "k"),
        Exemplo(None, Decimal(2000)),
        Exemplo("x" * 300, 7),
    ]
    dados = planilha.em_xlsx(Exemplo, linhas)
    folha = abrir(dados)
    assert [[c.value for c in linha] for linha in folha.iter_rows()] == [
        ["Name", "Quantity", "Date", "State", "Documents", "What"],
        ["0123", 1234.5, datetime(2026, 12, 1), True, "a; b", "balance"],
        [None, 2000, None, None, None, None],
        ["x" * 300, 7, None, None, None, None],
    ]
    assert folha.freeze_panes == "A2"
    assert folha.auto_filter.ref == "A1:F4"
    assert all(c.font.bold for c in folha[1])
    assert not any(c.font.bold for c in folha[2])
    assert [folha[c].number_format for c in ("B2", "B3", "C2")] == [
        "#,##0.###", "#,##0", "dd/mm/yyyy",
    ]  # fmt: skip
    larguras = [folha.column_dimensions[c].width for c in "ABC"]
    assert larguras[0] == pytest.approx(60, abs=1)
    assert larguras[1] == pytest.approx(11, abs=1)
    assert larguras[2] == pytest.approx(12, abs=1)
    interno = zipfile.ZipFile(io.BytesIO(dados)).read("xl/worksheets/sheet1.xml").decode()
    assert 'numberStoredAsText="1"' in interno  # no green corner on 0123


@pytest.mark.parametrize("texto", [*HOSTIS, *MANSOS, "http://x.br", "mailto:a@b", "{=1}", "<r>"])
def test_a_text_of_a_workbook_is_the_very_text(texto: str) -> None:
    celula = abrir(planilha.em_xlsx(Exemplo, [Exemplo(texto)]))["A2"]
    assert celula.value == texto
    assert celula.data_type == "s"
    assert celula.hyperlink is None


def test_signs_that_xml_does_not_have() -> None:
    """They are written as Excel writes them; what looks like that, so that it stays what it is."""
    texto = "a\x01\x0b\x1f\r_x0041_\ufffe\uffff\x7f\x85"
    dados = planilha.em_xlsx(Exemplo, [Exemplo(texto)])
    textos = zipfile.ZipFile(io.BytesIO(dados)).read("xl/sharedStrings.xml").decode()
    assert "a_x0001__x000B__x001F__x000D__x005F_x0041__xFFFE__xFFFF_\x7f\x85" in textos
    abrir(dados)


def test_markup_of_the_library_is_a_text_too() -> None:
    """XlsxWriter writes what looks like its own pieces of formatted text as it stands."""
    for texto in ("<r></r>", "<r><t>&</r>", "<r><f>1</f></r>"):
        assert abrir(planilha.em_xlsx(Exemplo, [Exemplo(texto)]))["A2"].value == texto


def test_more_rows_than_a_sheet_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(planilha, "MAX_LINHAS", 3)
    assert abrir(planilha.em_xlsx(Exemplo, [Exemplo("a"), Exemplo("b")])).max_row == 3
    with pytest.raises(ArgumentoInvalido, match="3 rows are more than a sheet holds, which are 2"):
        planilha.em_xlsx(Exemplo, [Exemplo("a")] * 3)


def test_what_the_library_refuses_is_an_error() -> None:
    with pytest.raises(ValueError, match="refused a cell"):
        planilha._exigir(-2)


# --- the commands -------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def cena(servico: Servico, modelo: str) -> Iterator[Banco]:
    """Read by all tests of this part and the next; whoever changes it puts it back."""
    with servico.banco(modelo) as banco:
        banco.mov("0123", 1500, nome_produto="=1+1")
        banco.sep("0123", 1600, 1, num_pedido="77")
        banco.prod("0123", "500.5", 5)
        banco.mov("P002", 7, nome_produto="Óleo; de soja")
        banco.unir("ALIAS", "0123")
        banco.sep("P002", 3, -9)
        banco.cru("INSERT INTO estoque_regra (cod_produto, minimo) VALUES ('P002', 20)")
        yield banco


# One call of each command that has --formato, and whether its answer has rows here.
CHAMADAS: dict[str, tuple[list[str], bool]] = {
    "consultar": (["P002", "ALIAS"], True),
    "produto": (["ALIAS"], True),
    "rupturas": ([], True),
    "projecao": (["0123"], True),
    "disponibilidade": (["0123", "400"], True),
    "documentos": (["0123"], True),
    "explicar": (["0123"], True),
    "simular": (["--adiar", "2", "--pedido", "77"], True),
    "prometer": (["0123=5", "P002=2"], True),
    "abaixo-do-minimo": ([], True),
    "em-risco": ([], False),
    "negativos": ([], False),
    "regra": ([], True),
    "incoerencias": ([], True),
    "cobertura": (["0123", "P002"], True),
    "buscar": (["soja"], True),
    "estatisticas": ([], True),
    "verificar": ([], False),
    "recalcular": (["--tudo"], True),
    "list": ([], True),
    "bench": (["--vezes", "10"], True),
}


def test_every_command_with_formats_is_tried_here() -> None:
    com_formato = {
        nome
        for nome, comando in cli.commands.items()
        if any("--formato" in p.opts for p in comando.params)
    }
    assert com_formato == set(CHAMADAS)


@pytest.mark.parametrize("comando", CHAMADAS)
def test_each_command_in_each_format(cena: Banco, comando: str) -> None:
    args, tem_linhas = CHAMADAS[comando]

    def pedir(formato: str, lingua: str = "pt_BR") -> bytes:
        argumentos = (comando, *args, "--formato", formato)
        feito = estoque(*argumentos, dsn=cena.dsn, ESTOQUE_IDIOMA=lingua)
        assert feito.exit_code == 0, feito.output
        return feito.stdout_bytes

    dados = pedir("planilha")
    assert dados.startswith(b"\xef\xbb\xbf")
    assert b"\n" not in dados.replace(b"\r\n", b"")
    titulos, *linhas = ler(dados)
    assert len(set(titulos)) == len(titulos)
    assert all(
        titulo == titulo[:1].upper() + titulo[1:] and "_" not in titulo for titulo in titulos
    )
    assert bool(linhas) is tem_linhas
    # The workbook has the same, in types of its own.
    folha = abrir(pedir("xlsx"))
    if comando != "bench":  # each run takes its own time
        assert [[_como_na_planilha(c.value) for c in r] for r in folha.iter_rows()] == [
            titulos, *([c.removeprefix('="').removesuffix('"') if c.startswith("=") else c
                        for c in linha] for linha in linhas)
        ]  # fmt: skip
    assert folha.freeze_panes == "A2"
    # The other CSV has a row for each, too, whatever the language.
    chaves, *planas = csv.reader(io.StringIO(pedir("csv", "en").decode(), newline=""))
    assert len(planas) == len(linhas)
    assert len(chaves) == len(titulos)
    assert all(chave.islower() for chave in chaves)


def _como_na_planilha(valor: object) -> str:
    if valor is None:
        return ""
    if isinstance(valor, bool):
        return "sim" if valor else "não"
    if isinstance(valor, datetime):
        return f"{valor:%d/%m/%Y}"
    return str(valor).replace(".", ",") if isinstance(valor, (int, float)) else str(valor)


def test_what_a_planner_sees(cena: Banco) -> None:
    def linhas(*args: str) -> list[dict[str, str]]:
        argumentos = (*args, "--formato", "planilha")
        feito = estoque(*argumentos, dsn=cena.dsn, ESTOQUE_IDIOMA="pt_BR")
        titulos, *resto = ler(feito.stdout_bytes)
        return [dict(zip(titulos, linha, strict=True)) for linha in resto]

    [ruptura] = linhas("rupturas")
    assert ruptura == {
        "Produto": '="0123"', "Nome": '="=1+1"', "Saldo": "1500", "Menor D+7": "-100",
        "Acaba em": "07/08/2025", "Dias até acabar": "1", "Falta": "100", "Até": "10/08/2025",
    }  # fmt: skip
    [intervalo] = linhas("explicar", "0123")
    assert "repor quantidade 100 para 07/08/2025" in intervalo["O que resolveria"]
    assert "adiar a saída separacao" in intervalo["O que resolveria"]
    assert intervalo["Próxima entrada"] == "11/08/2025"
    [incoerencia] = linhas("incoerencias")
    assert incoerencia["O que está errado"] == "saída atrasada"
    assert incoerencia["Documentos"] == "separacao 2"
    assert incoerencia["O que fazer"].startswith("expeça")
    documentos = linhas("documentos", "P002")
    assert [d["Situação"] for d in documentos] == ["atrasada, conta hoje"]
    simulados = linhas("simular", "--adiar", "9", "--pedido", "77")
    assert [s["Acaba em"] for s in simulados] == ["07/08/2025"]
    assert [s["Depois, acaba em"] for s in simulados] == [""]


def test_what_has_no_place_in_the_rows_is_said_besides(cena: Banco) -> None:
    for formato in ("csv", "planilha", "xlsx"):
        feito = estoque("simular", "--ignorar", "--lote", "zzz", "--formato", formato, dsn=cena.dsn)
        assert feito.exit_code == 0
        assert "item 1 of mudancas meets no open document" in feito.stderr
        feito = estoque("consultar", "P002", "zzz", "--formato", formato, dsn=cena.dsn)
        assert "'zzz'" in uma_linha(feito, 1)
        assert feito.stdout_bytes


def test_the_audit_shows_numbers_as_numbers(cena: Banco) -> None:
    cena.cru("UPDATE estoque_tempo_real SET saldo_atual = 8.5 WHERE cod_produto = 'P002'")
    try:
        feito = estoque("verificar", "--formato", "planilha", dsn=cena.dsn)
        assert feito.exit_code == 4
        assert ["P002", "saldo_atual", "", "8,5", "7"] in ler(feito.stdout_bytes)
    finally:
        cena.cru("SELECT estoque_recalcular_tudo()")


def test_a_workbook_is_nothing_for_a_terminal(cena: Banco) -> None:
    with Terminal("rupturas", "--formato", "xlsx", dsn=cena.dsn) as terminal:
        assert terminal.fim() == 2
        assert "--formato xlsx > file.xlsx" in terminal.texto


def test_without_the_extra(cena: Banco) -> None:
    sem = "import sys; sys.modules['xlsxwriter'] = None; from estoque_pg.cli import main; main()"
    for formato, saida in (("xlsx", 1), ("planilha", 0)):
        comando = [sys.executable, "-c", sem, "rupturas", "--formato", formato, "--dsn", cena.dsn]
        feito = subprocess.run(comando, capture_output=True, text=True, timeout=30)
        assert feito.returncode == saida
        assert bool(feito.stdout) is (saida == 0)
        if saida:
            assert feito.stderr.splitlines() == [
                "error: xlsx needs the package XlsxWriter, which is not installed",
                "hint: pip install 'estoque-pg[xlsx]', or XlsxWriter alone; or ask for planilha",
            ]


# --- HTTP ---------------------------------------------------------------------------------------

# One request of each endpoint that answers with rows: address, body, the command that says it too.
PEDIDOS: dict[str, tuple[str, Any, list[str]]] = {
    "consultar": ("", {"produtos": ["P002", "ALIAS"]}, ["consultar", "P002", "ALIAS"]),
    "cobertura": ("", {"produtos": ["0123", "P002"]}, ["cobertura", "0123", "P002"]),
    "simular": (
        "",
        {"mudancas": [{"acao": "adiar", "dias": 2, "pedidos": ["77"]}]},
        ["simular", "--adiar", "2", "--pedido", "77"],
    ),
    "projecao_simulada": (
        "",
        {"codigo": "0123", "mudancas": [{"acao": "adiar", "dias": 2, "pedidos": ["77"]}]},
        ["simular", "--adiar", "2", "--pedido", "77", "--produto", "0123"],
    ),
    "prometer": (
        "",
        {"pedido": [{"codigo": "0123", "quantidade": 5}, {"codigo": "P002", "quantidade": 2}]},
        ["prometer", "0123=5", "P002=2"],
    ),
    "produto": ("/ALIAS", None, ["produto", "ALIAS"]),
    "rupturas": ("?dias=7", None, ["rupturas"]),
    "projecao": ("/0123", None, ["projecao", "0123"]),
    "disponibilidade": ("/0123?quantidade=400", None, ["disponibilidade", "0123", "400"]),
    "documentos": ("/0123", None, ["documentos", "0123"]),
    "explicar": ("/0123", None, ["explicar", "0123"]),
    "abaixo_do_minimo": ("", None, ["abaixo-do-minimo"]),
    "em_risco": ("", None, ["em-risco"]),
    "negativos": ("", None, ["negativos"]),
    "regras": ("", None, ["regra"]),
    "regra": ("/P002", None, ["regra", "P002"]),
    "incoerencias": ("", None, ["incoerencias"]),
    "buscar": ("?texto=soja", None, ["buscar", "soja"]),
    "estatisticas": ("", None, ["estatisticas"]),
}


@pytest.fixture(scope="module")
def cliente(cena: Banco) -> Iterator[TestClient]:
    with aplicacao(cena) as cliente:
        yield cliente


def perguntar(cliente: TestClient, nome: str, formato: str | None = None, **cabecalhos: str) -> Any:
    resto, corpo, _ = PEDIDOS[nome]
    consulta = f"{'&' if '?' in resto else '?'}formato={formato}" if formato else ""
    metodo = "GET" if corpo is None else "POST"
    nomes = {c.replace("_", "-"): v for c, v in cabecalhos.items()}
    endereco = f"{BASE}/{nome}{resto}{consulta}"
    return cliente.request(metodo, endereco, json=corpo, headers=nomes)


@pytest.mark.parametrize("nome", PEDIDOS)
def test_each_endpoint_in_each_format(cliente: TestClient, cena: Banco, nome: str) -> None:
    for formato, tipo, final in (
        ("csv", "text/csv; charset=utf-8", "csv"),
        ("planilha", "text/csv; charset=utf-8", "csv"),
        ("xlsx", EXCEL, "xlsx"),
    ):
        obtida = perguntar(cliente, nome, formato, accept_language="pt-BR")
        assert obtida.status_code == 200, obtida.text
        assert obtida.headers["content-type"] == tipo
        assert obtida.headers["content-disposition"] == f'attachment; filename="{nome}.{final}"'
        assert obtida.headers["content-language"] == "pt-BR"
        assert obtida.headers["vary"] == "Accept, Accept-Language"
        # The same bytes as from the command; of a workbook the same cells.
        argumentos = (*PEDIDOS[nome][2], "--formato", formato)
        dita = estoque(*argumentos, dsn=cena.dsn, ESTOQUE_IDIOMA="pt_BR").stdout_bytes
        if formato == "xlsx":
            assert list(abrir(obtida.content).values) == list(abrir(dita).values)
        else:
            assert obtida.content == dita
    em_json = perguntar(cliente, nome, "json", accept=EXCEL)
    assert em_json.headers["content-type"] == "application/json"
    assert em_json.headers["vary"] == "Accept"
    assert em_json.json() == perguntar(cliente, nome).json()


def test_all_endpoints_that_only_read_have_formats(cliente: TestClient) -> None:
    caminhos = cliente.get("/openapi.json").json()["paths"]
    com_formato = {
        caminho.removeprefix(f"{BASE}/").partition("/")[0]
        for caminho, metodos in caminhos.items()
        for operacao in metodos.values()
        if {"text/csv", EXCEL} <= set(operacao["responses"]["200"]["content"])
        and any(p["name"] == "formato" for p in operacao["parameters"])
        and "501" in operacao["responses"]
    }
    # Those of groups are asked in test_painel_grupo.py.
    assert com_formato == {*PEDIDOS, "grupos"}


@pytest.mark.parametrize(
    ("aceitos", "formato"),
    [
        ("", "json"),
        ("*/*", "json"),
        ("text/csv", "csv"),
        ("TEXT/CSV; charset=utf-8", "csv"),
        ("text/*", "csv"),
        (EXCEL, "xlsx"),
        (f"{EXCEL}, */*;q=0.1", "xlsx"),
        (f"text/csv;q=0.5, {EXCEL};q=0.9", "xlsx"),
        ("text/csv, */*", "csv"),
        ("*/*, text/csv;q=0.9", "json"),
        ("text/csv;q=0, application/json;q=0.1", "json"),
        ("text/csv;q=0", "json"),
        ("text/html,application/xhtml+xml,*/*;q=0.8", "json"),
        ("image/png", "json"),
        (";;,,q=1;text/csv;q=x", "json"),
    ],
)
def test_what_an_accept_gets(cliente: TestClient, aceitos: str, formato: str) -> None:
    assert do_cabecalho(aceitos) == formato
    tipo = perguntar(cliente, "rupturas", accept=aceitos).headers["content-type"]
    assert tipo == {"json": "application/json", "csv": "text/csv; charset=utf-8"}.get(
        formato, EXCEL
    )


def test_errors_stay_json(cliente: TestClient) -> None:
    def erro(caminho: str, status: int, lingua: str = "en") -> str:
        cabecalhos = {"accept": "text/csv", "accept-language": lingua}
        resposta = cliente.get(BASE + caminho, headers=cabecalhos)
        assert resposta.status_code == status
        assert resposta.headers["content-type"] == "application/json"
        return str(resposta.json()["erro"])

    quais = "json, csv, planilha, xlsx"
    for pedido in ("xml", "", "CSV"):
        dito = erro(f"/rupturas?formato={pedido}", 422)
        assert dito == f"formato: one of {quais} is expected"
        dito = erro(f"/rupturas?formato={pedido}", 422, "pt")
        assert dito == f"formato: tem de ser um de {quais}"
    assert "nada" in erro("/produto/nada", 404)
    assert "dias" in erro("/rupturas?dias=-1", 422)


def test_what_has_no_place_in_the_rows_is_counted(cliente: TestClient) -> None:
    mudancas = [{"acao": "ignorar", "lotes": ["zzz"]}]
    resposta = cliente.post(f"{BASE}/simular?formato=csv", json={"mudancas": mudancas})
    assert resposta.headers["estoque-avisos"] == "1"
    for nome in ("consultar", "cobertura"):
        corpo = {"produtos": ["zzz", "P002", "yyy"]}
        resposta = cliente.post(f"{BASE}/{nome}?formato=csv", json=corpo)
        assert resposta.headers["estoque-nao-encontrados"] == "2"
        assert resposta.text.count("\n") == 2


def test_a_service_without_the_extra(cliente: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "xlsxwriter", None)
    for resposta in (
        perguntar(cliente, "rupturas", "xlsx"),
        perguntar(cliente, "rupturas", accept=EXCEL),
    ):
        assert resposta.status_code == 501
        assert "XlsxWriter" in resposta.json()["erro"]
        assert resposta.headers["vary"] == "Accept, Accept-Language"
    assert perguntar(cliente, "rupturas", "planilha").status_code == 200


def test_a_row_without_titles_is_a_mistake() -> None:
    @dataclass(frozen=True, slots=True)
    class SemTitulo(Linha):
        campo: str

    with pytest.raises(TypeError, match=r"SemTitulo\.campo has no title"):
        colunas_exigidas(SemTitulo)
