"""The planner's morning: documents that contradict each other, coverage, and search."""

from __future__ import annotations

import shutil
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import pytest
from apoio import RAIZ, Banco, papel_novo
from oraculo_manha import TIPOS, OraculoDaManha, comparar_manha

from estoque_pg import adocao
from estoque_pg.migracoes import desfazer, instalar, migrar
from estoque_pg.perguntas.incoerencias import O_QUE_FAZER


def conferir(banco: Banco) -> None:
    certo = banco.verificar()
    assert comparar_manha(banco.conn, certo) == []


def tipos(banco: Banco) -> list[tuple[str, str, Any]]:
    conferir(banco)
    linhas = banco.cru("SELECT tipo, cod_produto, quantidade FROM estoque_incoerencias()")
    return [(r["tipo"], r["cod_produto"], r["quantidade"]) for r in linhas]


def lote(banco: Banco, nome: str, cod: str = "P", **mais: Any) -> int:
    colunas = {
        "separacao_lote_id": nome, "num_pedido": "1", "cod_produto": cod, "qtd_saldo": 5,
        "expedicao": banco.dia(1), **mais,
    }  # fmt: skip
    return banco.inserir("separacao", **colunas)


def item(banco: Banco, nome: str, nota: str | None = "10", **mais: Any) -> int:
    colunas = {
        "separacao_lote_id": nome, "pedido": "1", "nota_fiscal": nota, "status": "ativo", **mais,
    }  # fmt: skip
    return banco.inserir("embarque_itens", **colunas)


def mov(banco: Banco, quantidade: float, cod: str = "P", dia: int = 0, **mais: Any) -> int:
    return banco.mov(cod, quantidade, **{"data_movimentacao": banco.dia(dia), **mais})


def test_the_keys_are_those_of_the_kinds() -> None:
    assert set(O_QUE_FAZER) == set(TIPOS.values())


def test_invoiced_without_a_movement(banco: Banco) -> None:
    lote(banco, "L")
    item(banco, "L")
    assert tipos(banco) == [("faturado sem movimento", "P", 5)]
    um = mov(banco, -5, numero_nf="10")
    assert tipos(banco) == []
    banco.cru("UPDATE movimentacao_estoque SET ativo = false WHERE id = %s", [um])
    assert tipos(banco) == [("faturado sem movimento", "P", 5)]
    mov(banco, -5, cod="Q", separacao_lote_id="L")
    assert tipos(banco) == [("faturado sem movimento", "P", 5)]
    banco.unir("Q", "P")  # by the lot, under an old code
    assert tipos(banco) == []
    mov(banco, 5, separacao_lote_id="L", dia=-400)  # whatever its date
    assert ("faturado sem movimento", "P", 5) in tipos(banco)


def test_lots_of_the_last_ninety_days(banco: Banco) -> None:
    for dia in (-90, -91):
        lote(banco, f"L{dia}", cod=f"P{dia}", expedicao=banco.dia(dia))
        item(banco, f"L{dia}", nota=str(dia))
    assert tipos(banco) == [("faturado sem movimento", "P-90", 5)]
    banco.cru("UPDATE separacao SET criado_em = '2025-08-01' WHERE cod_produto = 'P-91'")
    assert len(tipos(banco)) == 2
    banco.cru("UPDATE separacao SET expedicao = NULL, criado_em = NULL")
    linhas = banco.cru("SELECT desde FROM estoque_incoerencias()")
    assert [r["desde"] for r in linhas] == [None, None]


def test_a_movement_without_an_invoice(banco: Banco) -> None:
    lote(banco, "L")
    mov(banco, -3, separacao_lote_id="L", dia=-2)
    assert tipos(banco) == [("movimento sem fatura", "P", 3)]
    [linha] = banco.cru("SELECT desde, documentos FROM estoque_incoerencias()")
    assert linha["desde"] == banco.dia(-2)
    assert [d["origem"] for d in linha["documentos"]] == ["movimentacao_estoque", "separacao"]
    mov(banco, 3, separacao_lote_id="L")
    assert tipos(banco) == []
    # By the number of an invoice in error; not by one that invoices another lot.
    lote(banco, "M", cod="Q")
    item(banco, "M", nota="77", erro_validacao="x")
    mov(banco, -2, cod="Q", numero_nf="77")
    assert tipos(banco) == [("movimento sem fatura", "Q", 2)]
    lote(banco, "N", cod="Q")
    item(banco, "N", nota="77")
    assert tipos(banco) == []


def test_a_pre_separation_of_a_lot_that_went_on(banco: Banco) -> None:
    banco.pre("P", 4, 1, separacao_lote_id="L")
    banco.pre("P", 4, 1, separacao_lote_id="M", status="ENVIADO_SEPARACAO")
    assert tipos(banco) == []
    lote(banco, "M")
    assert tipos(banco) == []
    lote(banco, "L", cod="Q")  # the lot, not the product
    assert tipos(banco) == [("pre-separacao repetida", "P", 4)]
    banco.cru("DELETE FROM separacao")
    item(banco, "L")
    assert tipos(banco) == [("pre-separacao repetida", "P", 4)]


def test_a_lot_invoiced_in_part(banco: Banco) -> None:
    lote(banco, "L")
    lote(banco, "L", cod="Q", num_pedido="2")
    item(banco, "L")
    mov(banco, -5, numero_nf="10")
    mov(banco, -5, cod="Q", numero_nf="10")
    dois = item(banco, "L", nota=None, pedido="2")
    assert tipos(banco) == [("lote faturado em parte", "Q", 5)]
    banco.cru("UPDATE embarque_itens SET status = 'cancelado' WHERE id = %s", [dois])
    assert tipos(banco) == [("lote faturado em parte", "Q", 5)]  # its goods are still in the lot
    banco.cru("UPDATE embarque_itens SET status = 'ativo', nota_fiscal = '11', erro_validacao = 'x'"
              " WHERE id = %s", [dois])  # fmt: skip
    assert tipos(banco) == [("lote faturado em parte", "Q", 5)]
    banco.cru("UPDATE embarque_itens SET erro_validacao = NULL")
    assert tipos(banco) == []
    banco.cru("UPDATE embarque_itens SET status = 'cancelado' WHERE id = %s", [dois])
    banco.cru("DELETE FROM separacao WHERE num_pedido = '2'")
    assert tipos(banco) == []


def test_a_lot_used_again(banco: Banco) -> None:
    lote(banco, "L", criado_em=datetime(2025, 8, 1))
    item(banco, "L")
    mov(banco, -5, numero_nf="10", criado_em=datetime(2025, 8, 3))
    assert tipos(banco) == []
    lote(banco, "L", criado_em=datetime(2025, 8, 4), expedicao=banco.dia(2))
    assert tipos(banco) == [("lote reutilizado", "P", 5)]
    # Where times are unknown, by the orders.
    banco.cru("UPDATE movimentacao_estoque SET criado_em = NULL")
    assert tipos(banco) == []
    banco.cru("UPDATE separacao SET num_pedido = '9' WHERE expedicao = %s", [banco.dia(2)])
    assert tipos(banco) == [("lote reutilizado", "P", 5)]
    item(banco, "L", nota=None, pedido=None, status="cancelado")  # it may be of that one
    assert tipos(banco) == []


def test_a_separation_twice(banco: Banco) -> None:
    lote(banco, "L")
    lote(banco, "L", num_pedido="2")
    lote(banco, "L", expedicao=banco.dia(2))
    lote(banco, "L", qtd_saldo=4)
    lote(banco, "L", num_pedido=None)
    lote(banco, "L", num_pedido=None)
    assert tipos(banco) == []
    lote(banco, "L")
    lote(banco, "L", qtd_saldo=5.0001)  # as it is counted
    assert tipos(banco) == [("separacao repetida", "P", 10)]
    item(banco, "L")
    assert "separacao repetida" not in {t for t, _, _ in tipos(banco)}


def test_returned_more_than_went_out(banco: Banco) -> None:
    mov(banco, 100, numero_nf="1")  # a purchase
    mov(banco, -5, numero_nf="2", dia=-200)
    mov(banco, 5, numero_nf="2")
    mov(banco, 9, numero_nf="", dia=-1)
    mov(banco, 9)
    mov(banco, -5, numero_nf="3", dia=-200)
    mov(banco, 6, numero_nf="3", dia=-91)
    assert tipos(banco) == []
    banco.unir("A", "P")
    mov(banco, 2, cod="A", numero_nf="2")
    mov(banco, -1, separacao_lote_id="H")
    mov(banco, 2, separacao_lote_id="H")
    assert tipos(banco) == [("estorno repetido", "P", 1), ("estorno repetido", "P", 2)]


def test_demand_without_a_date_and_overdue(banco: Banco) -> None:
    banco.pre("P", 4, None)
    banco.pre("P", 0, None)
    banco.sep("P", 3, None)
    banco.sep("P", 3, -7)
    banco.sep(None, 3, -8)
    banco.prod("P", 3, None)
    assert sorted(tipos(banco)) == [("demanda sem data", "P", 3), ("demanda sem data", "P", 4)]
    banco.sep("P", 2, -8)
    banco.sep("P", 9, -8, "F")
    item(banco, "F", pedido=None)
    assert ("saida atrasada", "P", 2) in tipos(banco)
    assert ("saida atrasada", "P", 9) not in tipos(banco)


def test_codes_that_look_alike(banco: Banco) -> None:
    for cod in ("0123", "123", "ab 1", "AB1", "x", "y0"):
        banco.mov(cod, 1)
    achados = banco.cru("SELECT * FROM estoque_incoerencias()")
    assert [(r["tipo"], {d["id"] for d in r["documentos"]}) for r in achados] == [
        ("codigos parecidos", {"0123", "123"}),
        ("codigos parecidos", {"ab 1", "AB1"}),
    ]
    conferir(banco)
    banco.unir("0123", "123")
    banco.unir("ab 1", "AB1")
    assert tipos(banco) == []


def test_everything_null(banco: Banco) -> None:
    for tabela in ("separacao", "embarque_itens", "unificacao_codigos"):
        banco.cru(f"INSERT INTO {tabela} DEFAULT VALUES")
    banco.cru("INSERT INTO pre_separacao_item (cod_produto) VALUES ('P')")
    assert tipos(banco) == []


def test_an_erp_without_the_optional_columns(banco: Banco) -> None:
    """What needs them is not looked for; the rest is."""
    lote(banco, "L")
    item(banco, "L")
    banco.sep("P", 1, -9)
    banco.cru("ALTER TABLE movimentacao_estoque DROP numero_nf, DROP separacao_lote_id,"
              " DROP criado_em; ALTER TABLE separacao DROP num_pedido, DROP criado_em;"
              " ALTER TABLE pre_separacao_item DROP num_pedido, DROP separacao_lote_id;"
              " ALTER TABLE embarque_itens DROP pedido, DROP id")  # fmt: skip
    linhas = banco.cru("SELECT tipo, cod_produto FROM estoque_incoerencias()")
    assert linhas == [{"tipo": "saida atrasada", "cod_produto": "P"}]


# --- coverage ---------------------------------------------------------------------------------


def test_coverage(banco: Banco) -> None:
    mov(banco, 100, dia=-40)
    for dia, quantidade in ((-30, -6), (-1, -4), (-31, -50), (0, -20), (-5, 70)):
        mov(banco, quantidade, dia=dia)
    banco.sep("P", 40, -3)
    banco.sep("P", 50, 4)
    banco.sep("P", 1, 9)
    banco.prod("P", 500, 2)
    banco.unir("A", "P")
    conferir(banco)
    [linha, outra] = banco.cru("SELECT * FROM estoque_cobertura('{P,A,zzz,P,NULL}')")
    assert linha["codigo_consultado"] == "A"
    assert outra["estoque_atual"] == 90
    assert outra["saida_diaria"] == Decimal("0.333")
    assert outra["dias_por_consumo"] == 270
    assert outra["dias_por_documentos"] == 9  # 90 is not exceeded by 90
    mov(banco, -200)
    [linha] = banco.cru("SELECT * FROM estoque_cobertura('{P}')")
    assert (linha["dias_por_consumo"], linha["dias_por_documentos"]) == (0, 0)
    assert banco.cru("SELECT * FROM estoque_cobertura(NULL)") == []


@pytest.mark.parametrize("tipo", ["timestamp", "timestamptz"])
def test_coverage_by_moments(banco: Banco, tipo: str) -> None:
    banco.cru(f"ALTER TABLE movimentacao_estoque ALTER data_movimentacao TYPE {tipo}")
    for momento in ("2025-08-05 23:59", "2025-08-06 00:00", "2025-07-07 00:00", "2025-07-06 23:59"):
        mov(banco, -3, data_movimentacao=momento)
    [linha] = banco.cru("SELECT saida_diaria FROM estoque_cobertura('{P}')")
    assert linha["saida_diaria"] == Decimal("0.2")


# --- search -----------------------------------------------------------------------------------


def achados(banco: Banco, texto: str | None, limite: int = 50) -> list[str]:
    linhas = banco.cru("SELECT * FROM estoque_buscar(%s, %s)", [texto, limite])
    codigos = [r["cod_produto"] for r in linhas]
    assert codigos == OraculoDaManha(banco.verificar()).buscar(texto, limite)
    return codigos


def test_search(banco: Banco) -> None:
    for cod, nome in (
        ("10", "AZEITONA VERDE"),
        ("11", "Óleo de azeitona"),
        ("12", "CAFÉ 100%_puro\\"),
        ("13", "Cafe\u0301 torrado"),
        ("AZ-1", "Pão"),
        ("z9", "outro"),
    ):
        banco.mov(cod, 1, nome_produto=nome)
    banco.unir("AZEITONA", "z9")
    assert achados(banco, "azeitona") == ["z9", "10", "11"]
    assert achados(banco, "AZEITONA") == ["z9", "10", "11"]
    assert achados(banco, " verde  azeitona ") == ["10"]
    assert achados(banco, "azeitona 11") == ["11"]  # one word in the name, one in the code
    assert achados(banco, "azeitona z9") == ["z9"]
    assert achados(banco, "cafe") == ["12", "13"]
    assert achados(banco, "CAFE\u0301") == ["12", "13"]
    assert achados(banco, "café") == ["12", "13"]
    assert achados(banco, "%") == ["12"]
    assert achados(banco, "0%_p") == ["12"]
    assert achados(banco, "puro\\") == ["12"]
    assert achados(banco, "_") == ["12"]
    assert achados(banco, "1", 2) == ["10", "11"]
    assert achados(banco, "az-1") == ["AZ-1"]
    assert achados(banco, "") == achados(banco, "  ") == achados(banco, None) == []
    assert achados(banco, "a", 0) == []
    banco.cru("UPDATE movimentacao_estoque SET nome_produto = 'novo' WHERE cod_produto = '10'")
    assert achados(banco, "novo") == ["10"]


def test_search_by_trigrams_is_the_same(banco: Banco) -> None:
    banco.cru("CREATE EXTENSION pg_trgm;"
              " CREATE INDEX nomes ON estoque_tempo_real USING gin (busca gin_trgm_ops);"
              " CREATE INDEX codigos ON estoque_codigo_conhecido USING gin (busca gin_trgm_ops);"
              " SET enable_seqscan = off")  # fmt: skip
    test_search(banco)


@pytest.mark.parametrize("limite", [-1, None])
def test_bad_limit(banco: Banco, limite: int | None) -> None:
    with pytest.raises(psycopg.Error) as erro:
        banco.cru("SELECT estoque_buscar('x', %s)", [limite])
    assert erro.value.sqlstate == "22023"
    assert erro.value.diag.column_name == "limite"


@pytest.mark.parametrize("codificacao", ["SQL_ASCII", "LATIN1", "WIN1252", "EUC_JP"])
def test_search_in_other_encodings(banco: Banco, codificacao: str) -> None:
    """The function that names are compared by never fails, and knows accents where it can."""
    nome = f"simples_{codificacao.lower()}"
    definicao = banco.valor("SELECT pg_get_functiondef('_estoque_simples'::regproc)")
    banco.cru(f"CREATE DATABASE {nome} TEMPLATE template0 ENCODING '{codificacao}'"
              " LC_COLLATE 'C' LC_CTYPE 'C'")  # fmt: skip
    try:
        conn = banco.conectar(dbname=nome)
        conn.execute(definicao)
        em = "SELECT _estoque_simples(%s)"
        assert conn.execute(em, ["AB\\c"]).fetchone() in (("ab\\c",), (b"ab\\c",))
        if codificacao != "EUC_JP":
            for texto in (
                "ÇÃÉÍñÕÜÿ\\",
                *(["C\u0327A\u0303"] if codificacao == "SQL_ASCII" else []),
            ):
                linha = conn.execute(em, [texto]).fetchone()
                esperado = "caeinouy\\" if "É" in texto else "ca"
                assert linha in ((esperado,), (esperado.encode(),))
        conn.execute("SELECT _estoque_simples(%s::text)", ["x"])
        conn.close()
    finally:
        banco.cru(f"DROP DATABASE {nome}")


# --- rights -----------------------------------------------------------------------------------


def test_who_may_ask(banco: Banco) -> None:
    """A role with --leitura, which has no right on the sources; search is for everybody."""
    banco.sep("P", 1, -9)
    perguntas = ("SELECT * FROM estoque_incoerencias()", "SELECT * FROM estoque_cobertura('{P}')")
    with papel_novo(banco.conn, "leitor") as papel, papel_novo(banco.conn, "outro") as outro:
        banco.cru(f"SELECT estoque_conceder('{papel}', true)")
        banco.cru(f"GRANT USAGE ON SCHEMA public TO {outro}")
        conn = banco.conectar(
            user=papel, options="-c default_transaction_read_only=on -c search_path=pg_temp"
        )
        fora = banco.conectar(user=outro)
        for pergunta in perguntas:
            assert len(conn.execute(pergunta.replace("FROM ", "FROM public.")).fetchall()) == 1
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                fora.execute(pergunta)
        assert len(fora.execute("SELECT * FROM estoque_buscar('p')").fetchall()) == 1
        conn.close()
        fora.close()


# --- coming from the first release --------------------------------------------------------------


def test_an_upgrade_builds_the_indexes_beside_the_writers(
    vazio: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for arquivo in (RAIZ / "migrations").glob("0001.*"):
        shutil.copy(arquivo, tmp_path)
    instalar(vazio, None, tmp_path)
    banco = Banco(vazio)
    try:
        banco.cru(
            "INSERT INTO movimentacao_estoque (cod_produto, nome_produto, data_movimentacao,"
            " tipo_movimentacao, qtd_movimentacao, ativo) VALUES ('P', 'Pão', now(), 'E', 1, true)"
        )
        monkeypatch.setattr(adocao, "_PEQUENA", 1)
        ditas: list[str] = []
        migrar(vazio, None, avisar=ditas.append)
        for colunas in ("cod_produto, data_movimentacao", "data_movimentacao", "numero_nf"):
            assert f"indexing movimentacao_estoque ({colunas}) beside its writers" in ditas
        conferir(banco)
        assert achados(banco, "pao") == ["P"]
        assert banco.cru("SELECT * FROM estoque_alterados()") == []
        desfazer(vazio, None, ate="0001.nucleo")
        assert banco.valor("SELECT to_regclass('estoque_movimentacao_nota')") is None
        assert banco.valor("SELECT to_regclass('estoque_movimentacao_produto')") is not None
    finally:
        banco.fechar()
