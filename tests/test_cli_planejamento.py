"""The planner's commands: why, what if, what may be promised, rules, the day's lists."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from apoio import Banco
from test_cli import dados, estoque, uma_linha


@pytest.fixture
def cena(banco: Banco) -> Banco:
    banco.mov("P001", 100, nome_produto="Azeitona verde")
    banco.sep("P001", 150, 2, num_pedido="77", separacao_lote_id="L1")
    banco.prod("P001", 90, 5, linha_producao="LINHA 3")
    banco.mov("P002", 40, nome_produto="Óleo de soja")
    banco.unir("VELHO", "P001")
    return banco


def tela(*args: str, dsn: str, **env: Any) -> tuple[list[str], str]:
    feito = estoque(*args, dsn=dsn, **env)
    assert feito.exit_code == 0, feito.output
    return feito.stdout.splitlines(), feito.stderr


# --- every screen adds up -----------------------------------------------------------------------


def test_a_product_with_what_is_overdue(cena: Banco) -> None:
    cena.sep("P001", 30, -40)
    cena.prod("P001", 12, -3)
    cena.prod("P001", 12, -31)  # so old that nobody expects it
    linhas, _ = tela("produto", "VELHO", dsn=cena.dsn)
    assert linhas[1] == "VELHO is unified into this code"
    celulas = [linha.split("  ") for linha in linhas[-4:]]
    assert [[c.strip() for c in linha if c.strip()] for linha in celulas] == [
        ["overdue", "0", "30", "-30"],
        ["overdue, does not count", "12", "0", "0"],
        ["08/08/2025", "0", "150", "-150"],
        ["11/08/2025", "90", "0", "90"],
    ]
    assert "lowest D+7   -80" in linhas


# --- documents, why -----------------------------------------------------------------------------


def test_documents(cena: Banco) -> None:
    linhas, contadas = tela("documentos", "VELHO", dsn=cena.dsn)
    assert linhas[0].split()[-3:] == ["out", "balance", "state"]
    assert linhas[2].endswith("-50  counts")
    assert contadas == "2 documents\n"
    [primeiro, _] = dados("documentos", "P001", dsn=cena.dsn)
    assert (primeiro["saida"], primeiro["saldo"], primeiro["situacao"]) == (150.0, -50.0, "conta")
    assert dados("documentos", "P002", dsn=cena.dsn) == []
    assert "nada" in uma_linha(estoque("documentos", "nada", dsn=cena.dsn), 1)


def test_why_names_the_smallest_exit_where_it_is_not_the_cause(cena: Banco) -> None:
    cena.sep("P002", 30, 1, num_pedido="80")
    cena.sep("P002", 60, 2, num_pedido="81")
    cena.sep("P002", 55, 3, num_pedido="82")
    cena.prod("P002", 200, 4)
    linhas, _ = tela("explicar", "P002", dsn=cena.dsn)
    assert linhas[2].endswith("The next entry: 200 on 10/08/2025.")  # none suffices alone
    cena.cru("DELETE FROM separacao WHERE num_pedido = '82'")
    cena.cru("UPDATE separacao SET qtd_saldo = 25 WHERE num_pedido = '81'")
    linhas, _ = tela("explicar", "P002", dsn=cena.dsn)
    assert "What takes it there: 81 (separacao 3), 25 going out." in linhas[2]
    assert "smallest" not in linhas[2]  # it is the cause itself
    cena.cru("UPDATE separacao SET qtd_saldo = 15 WHERE num_pedido = '80'")
    cena.cru("UPDATE separacao SET qtd_saldo = 35 WHERE num_pedido = '81'")
    linhas, _ = tela("explicar", "P002", dsn=cena.dsn)
    assert linhas[2].endswith(
        " The smallest exit that it suffices to put off: 80 (separacao 2), 15."
    )
    assert linhas[-1].startswith("put the exit off         80 (separacao 2)")


def test_why(cena: Banco) -> None:
    linhas, _ = tela("explicar", "P001", dsn=cena.dsn)
    assert linhas[2] == (
        "From 08/08/2025 to 10/08/2025 the balance is below zero, 50 short on 08/08/2025."
        " What takes it there: 77 (separacao 1), 150 going out. The next entry: 90 on 11/08/2025."
    )
    assert [linha.split("  ")[0] for linha in linhas[5:]] == [
        "replenish", "bring the entry forward", "put the exit off",
    ]  # fmt: skip
    em_portugues, _ = tela("explicar", "P001", dsn=cena.dsn, ESTOQUE_IDIOMA="pt_BR")
    assert em_portugues[2].startswith("De 08/08/2025 a 10/08/2025 o saldo fica abaixo de zero")
    linhas, _ = tela("explicar", "P002", dsn=cena.dsn)
    assert linhas[1:] == ["does not run out within 28 days"]
    [intervalo] = dados("explicar", "P001", dsn=cena.dsn)
    # What it proposes can be given to the simulation as it is, and ends the rupture.
    for remedio in intervalo["remedios"]:
        mudancas = json.dumps(remedio["mudancas"])
        feito = estoque("simular", "-", "--json", dsn=cena.dsn, entrada=mudancas)
        [produto] = json.loads(feito.stdout)["produtos"]
        assert produto["dia_ruptura_antes"] == "2025-08-08"
        assert produto["dia_ruptura_depois"] is None


# --- what if ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("opcoes", "depois"),
    [
        (["--adiar", "4", "--pedido", "77"], (None, 90)),
        (["--para", "2025-08-11", "--lote", "L1"], (None, 40)),
        (["--ignorar", "--origem", "separacao", "--id", "1"], (None, 100)),
        (["--escalar", "0.5", "--codigo", "VELHO", "--de", "2025-08-08", "--ate", "2025-08-08"],
         (None, 25)),
        (["--adiar", "2", "--linha", "LINHA 3"], None),
    ],
)  # fmt: skip
def test_what_if_by_options(cena: Banco, opcoes: list[str], depois: Any) -> None:
    resposta = dados("simular", *opcoes, dsn=cena.dsn)
    [produto] = resposta["produtos"]
    assert resposta["avisos"] == []
    assert produto["menor_antes"] == -50
    if depois is not None:
        assert produto["dia_ruptura_depois"] == depois[0]
    else:  # still short, for longer
        assert produto["dia_ruptura_depois"] == "2025-08-08"


def test_what_if_says_how_long_what_stays_short_is(cena: Banco) -> None:
    tarde = ["--adiar", "2", "--linha", "LINHA 3"]
    for opcoes, antes, depois in (
        ([*tarde], "08/08–10/08/2025", "08/08–12/08/2025"),
        ([*tarde, "--dias", "5"], "08/08–10/08/2025", "from 08/08/2025"),
        (["--para", "2025-08-10", "--pedido", "77"], "08/08–10/08/2025", "10/08/2025"),
        (["--para", "2025-08-11", "--pedido", "77"], "08/08–10/08/2025", "-"),
    ):
        linhas, _ = tela("simular", *opcoes, dsn=cena.dsn)
        assert [c.strip("▼ ") for c in linhas[2].split("  ") if c][2:4] == [antes, depois]
    [produto] = dados("simular", *tarde, "--dias", "5", dsn=cena.dsn)["produtos"]
    assert list(produto)[-2:] == ["fim_ruptura_antes", "fim_ruptura_depois"]
    assert (produto["fim_ruptura_antes"], produto["fim_ruptura_depois"]) == ("2025-08-10", None)


def test_what_if_from_a_file(cena: Banco, tmp_path: Path) -> None:
    arquivo = tmp_path / "mudancas.json"
    mudancas = [{"acao": "ignorar", "pedidos": ["77"]}, {"acao": "ignorar", "lotes": ["ninguém"]}]
    arquivo.write_text("\ufeff" + json.dumps(mudancas), encoding="utf-8")
    linhas, ditas = tela("simular", str(arquivo), dsn=cena.dsn)
    assert linhas[2].split()[-2:] == ["-50", "100"]
    assert ditas.splitlines() == [
        "item 2 of mudancas meets no open document",
        "1 product would have another balance within 28 days",
    ]
    assert cena.verificar()  # nothing was written


def test_what_if_of_one_product(cena: Banco) -> None:
    opcoes = ["--ignorar", "--pedido", "77", "--produto", "VELHO", "--dias", "2"]
    linhas, _ = tela("simular", *opcoes, dsn=cena.dsn)
    assert linhas[:3] == ["P001  Azeitona verde", "VELHO is unified into this code", ""]
    assert linhas[3].split("  ")[-1].strip() == "then balance"
    assert [linha.split() for linha in linhas[5:8]] == [
        ["06/08/2025", "0", "0", "100", "0", "0", "100"],
        ["07/08/2025", "0", "0", "100", "0", "0", "100"],
        ["08/08/2025", "0", "150", "-50", "0", "0", "100", "▼"],
    ]
    assert linhas[8:] == [
        "", "as it is     ▼ rupture on 08/08/2025 (in 2 days), 50 short that day",
        "then         no rupture up to 08/08/2025",
    ]  # fmt: skip
    # The first day below zero is marked now and then, and no other.
    linhas, _ = tela("simular", "--para", "2025-08-07", "--pedido", "77", "--produto", "P001",
                     "--dias", "3", dsn=cena.dsn)  # fmt: skip
    assert [linha.split()[3:] for linha in linhas[4:8]] == [
        ["100", "0", "0", "100"],
        ["100", "0", "150", "-50", "▼"],
        ["-50", "0", "0", "-50", "▼"],
        ["-50", "0", "0", "-50"],
    ]
    assert [d["saldo_depois"] for d in dados("simular", *opcoes, dsn=cena.dsn)["dias"]] == [100] * 3
    nada = ["--ignorar", "--pedido", "77", "--produto", "nada"]
    assert "nada" in uma_linha(estoque("simular", *nada, dsn=cena.dsn), 1)


@pytest.mark.parametrize(
    ("args", "entrada", "codigo", "dito"),
    [
        ([], "", 2, "say what is to change"),
        (["--ignorar", "--adiar", "2"], "", 2, "say what is to change"),
        (["-", "--ignorar"], "[]", 2, "not both"),
        (["--ignorar"], "", 1, "item 1 of mudancas: ignorar has no filter"),
        (["--ignorar", "--id", "1"], "", 1, "item 1 of mudancas"),
        (["--para", "11/08/2025", "--pedido", "77"], "", 1, "YYYY-MM-DD"),
        (["--escalar", "-1", "--pedido", "77"], "", 1, "fator"),
        (["--escalar", "nan", "--pedido", "77"], "", 1, "JSON"),
        (["nowhere.json"], "", 1, "nowhere.json"),
        (["-"], "{", 1, "is no JSON"),
        (["-"], "{}", 1, "list"),
        (["-"], '[{"acao": "sumir"}]', 1, "acao must be"),
    ],
)
def test_what_if_refuses(
    cena: Banco, args: list[str], entrada: str, codigo: int, dito: str
) -> None:
    assert dito in uma_linha(estoque("simular", *args, dsn=cena.dsn, entrada=entrada), codigo)


# --- promises -----------------------------------------------------------------------------------


def test_a_whole_order(cena: Banco) -> None:
    linhas, _ = tela("prometer", "P002=15", "P001=1,5", "P002=25", dsn=cena.dsn)
    assert linhas[2].split()[-4:] == ["40", "40", "06/08/2025", "40"]
    assert linhas[3].split()[-4:] == ["1,5", "0", "11/08/2025", "40"]
    assert linhas[-1] == "all of it can be promised from 11/08/2025; P001 holds it up"
    feito = estoque("prometer", "-", dsn=cena.dsn, entrada="P002=41\n\nP001=1\n")
    nunca = "all of it cannot be promised within 28 days; "
    assert feito.stdout.splitlines()[-1] == nunca + "P002 holds it up"
    feito = estoque("prometer", "P002=41", "P001=1", "zzz=1", "A=1", dsn=cena.dsn)
    assert feito.stdout.splitlines()[-1] == nunca + "P002, zzz, A hold it up"
    for linha, dia in (("P001=1", "11/08/2025"), ("P002=1", "06/08/2025")):  # nobody else waits
        linhas, _ = tela("prometer", linha, dsn=cena.dsn)
        assert linhas[-1] == f"all of it can be promised from {dia}"
    cena.mov("P003", 5)
    linhas, _ = tela("prometer", "P002=1", "P003=1", dsn=cena.dsn)  # nothing to wait for
    assert linhas[-1] == "all of it can be promised from 06/08/2025"
    feito = estoque("prometer", "zzz=1", "P002=1", "--json", dsn=cena.dsn)
    assert feito.exit_code == 1
    assert "zzz" in feito.stderr
    assert {p["cod_produto"] for p in json.loads(feito.stdout)} == {"P002", None}


def test_an_order_as_a_spreadsheet_writes_it(cena: Banco, tmp_path: Path) -> None:
    cena.mov("A B", 5)
    arquivo = tmp_path / "pedido.csv"
    arquivo.write_bytes("\ufeffP002;15\r\nP002\t1,5\r\n\r\nA B=2\r\nA B 1\r\n".encode())
    promessas = dados("prometer", "P002=1", "--arquivo", str(arquivo), dsn=cena.dsn)
    assert [(p["cod_produto"], p["quantidade"]) for p in promessas] == [("P002", 17.5), ("A B", 3)]
    uma_linha(estoque("prometer", dsn=cena.dsn), 2)
    assert "nowhere" in uma_linha(estoque("prometer", "--arquivo", "nowhere", dsn=cena.dsn), 1)


@pytest.mark.parametrize("linha", ["P001", "=5", "P001=", "P001=0", "P001=-1", "P001=nan"])
def test_a_bad_line_of_an_order_is_named(cena: Banco, linha: str) -> None:
    assert "line 2" in uma_linha(estoque("prometer", "P002=1", linha, dsn=cena.dsn), 2)


# --- rules and lists ----------------------------------------------------------------------------


def test_rules(cena: Banco) -> None:
    linhas, contadas = tela("regra", dsn=cena.dsn)
    assert (linhas, contadas) == ([], "0 rules\n")
    linhas, _ = tela("regra", "--geral", "--minimo", "5", "--responsavel", "Ana", dsn=cena.dsn)
    assert linhas == [
        "(all others)", "minimum      5", "lead time    not laid down", "tolerance    0",
        "person       Ana",
    ]  # fmt: skip
    tela("regra", "VELHO", "--prazo-reposicao", "1", "--tolerancia", "0,5", dsn=cena.dsn)
    regra = dados("regra", "P001", dsn=cena.dsn)
    assert regra == {
        "cod_produto": "P001", "minimo": 5.0, "prazo_reposicao": 1, "tolerancia": 0.5,
        "responsavel": "Ana",
    }  # fmt: skip
    linhas, contadas = tela("regra", dsn=cena.dsn)
    assert [linha.split("  ")[0] for linha in linhas[2:]] == ["(all others)", "VELHO"]
    assert contadas == "2 rules\n"
    linhas, _ = tela("abaixo-do-minimo", dsn=cena.dsn)
    assert linhas[2].split()[-5:] == ["5", "08/08/2025", "-50", "55", "07/08/2025"]
    _, contadas = tela("abaixo-do-minimo", "--dias", "1", dsn=cena.dsn)
    assert contadas == "0 products fall below their minimum within 1 day\n"
    tela("regra", "VELHO", "--remover", dsn=cena.dsn)
    tela("regra", "--geral", "--limpar", "minimo", "--limpar", "responsavel", dsn=cena.dsn)
    assert dados("regra", dsn=cena.dsn) == []
    for args, saida, dito in (
        (["nada", "--minimo", "1"], 1, "nada"),
        (["nada"], 1, "nada"),
        (["--minimo", "1"], 2, "--geral"),
        (["P001", "--geral"], 2, "not both"),
        (["P001", "--minimo", "-1"], 2, "-1"),
        (["P001", "--prazo-reposicao", "3651"], 2, "3651"),
    ):
        assert dito in uma_linha(estoque("regra", *args, dsn=cena.dsn), saida)


def test_a_day_to_order_by_that_is_past_and_a_minimum_of_nothing(cena: Banco) -> None:
    tela("regra", "P002", "--minimo", "41", "--prazo-reposicao", "1", dsn=cena.dsn)
    linhas, contadas = tela("abaixo-do-minimo", dsn=cena.dsn)
    assert [linha.split("  ")[-1].strip() for linha in linhas[2:]] == ["05/08/2025 (past)", "-"]
    assert contadas.splitlines() == [
        "2 products fall below their minimum within 28 days",
        "1 of them has the minimum 0: it simply runs out",
    ]
    tela("regra", "P002", "--prazo-reposicao", "0", dsn=cena.dsn)  # today is not past
    linhas, _ = tela("abaixo-do-minimo", dsn=cena.dsn)
    assert linhas[2].split()[-1] == "06/08/2025"


def test_the_lists_of_the_morning(cena: Banco) -> None:
    cena.sep("P002", 5, None)
    linhas, contadas = tela("incoerencias", dsn=cena.dsn)
    assert linhas[0].startswith("demand without a date: 1. ")
    assert contadas == "1 contradiction\n"
    linhas, contadas = tela("buscar", "oleo", "SOJA", dsn=cena.dsn)
    assert linhas[2].startswith("P002")
    assert contadas == "1 product found\n"
    assert tela("buscar", "nada", dsn=cena.dsn) == ([], "0 products found\n")
    linhas, _ = tela("cobertura", "P001", "P002", dsn=cena.dsn)
    assert [linha.split()[0] for linha in linhas[2:]] == ["P001", "P002"]
    assert "nada" in uma_linha(estoque("cobertura", "nada", dsn=cena.dsn), 1)


def test_the_code_asked_for_is_told_where_it_differs(cena: Banco) -> None:
    linhas, _ = tela("cobertura", "P001", "P002", dsn=cena.dsn)
    assert linhas[0].split()[:2] == ["product", "name"]
    linhas, _ = tela("cobertura", "P002", "VELHO", dsn=cena.dsn)
    assert linhas[0].split()[:2] == ["asked", "product"]
    assert [linha.split()[:2] for linha in linhas[2:]] == [["P002", "P002"], ["VELHO", "P001"]]
    assert [c["codigo_consultado"] for c in dados("cobertura", "P002", dsn=cena.dsn)] == ["P002"]


def test_contradictions_name_orders_invoices_and_products(cena: Banco) -> None:
    cena.inserir("embarque_itens", separacao_lote_id="L1", pedido="77", nota_fiscal="9001",
                 status="ativo")  # fmt: skip
    for _ in range(2):
        cena.sep("P002", 5, 1, lote="L2", num_pedido="88")
    cena.sep("P002", 3, None, lote="L3")
    linhas, _ = tela("incoerencias", dsn=cena.dsn)
    assert linhas[1].split() == ["product", "name", "since", "quantity", "documents"]
    assert linhas[3].endswith("  77 (separacao 1); 9001 (embarque_itens 1)")
    assert linhas[3].startswith("P001     Azeitona verde  08/08/2025")
    [_, repetida, sem_data] = dados("incoerencias", dsn=cena.dsn)
    assert any(linha.endswith("  88 (separacao 2, 3)") for linha in linhas)
    assert [d["documento"] for d in repetida["documentos"]] == ["88", "88"]
    assert (sem_data["nome_produto"], sem_data["documentos"]) == (
        "Óleo de soja", [{"origem": "separacao", "id": "4", "documento": None}],
    )  # fmt: skip
    assert linhas[-2].endswith("  separacao 4")
    cena.mov("P001", 3, numero_nf="9001")
    cena.mov("P001", -1, numero_nf="9001")
    cena.pre("P002", 1, 1, num_pedido="99", separacao_lote_id="L3")
    chamados = {
        i["tipo"]: [d["documento"] for d in i["documentos"]]
        for i in dados("incoerencias", dsn=cena.dsn)
    }
    assert chamados["estorno repetido"] == ["9001", "9001"]
    assert chamados["pre-separacao repetida"] == ["99", None]
