"""The Python API: the dictionaries applications know, typed rows, errors, retries."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from apoio import Banco, Sessao
from test_concorrencia import mov

from estoque_pg import APIEstoqueTempoReal
from estoque_pg.erros import ArgumentoInvalido, ErroSerializacao, MigracoesPendentes


@pytest.fixture
def api(banco: Banco) -> APIEstoqueTempoReal:
    banco.mov("P001", 1500, nome_produto="Produto Exemplo")
    banco.sep("P001", 500, 1)
    banco.sep("P001", Decimal("1200.5"), 4)
    banco.prod("P001", 100.25, 4)
    banco.mov("P002", 7, nome_produto="Outro")
    banco.unir("ALIAS", "P001")
    return APIEstoqueTempoReal(banco.conn)


def test_dictionary_of_a_product_is_exactly_this(api: APIEstoqueTempoReal) -> None:
    esperado = {
        "cod_produto": "P001",
        "nome_produto": "Produto Exemplo",
        "estoque_atual": 1500.0,
        "menor_estoque_d7": -100.25,
        "dia_ruptura": "2025-08-10",
        "movimentacoes_previstas": [
            {"data": "2025-08-07", "entrada": 0, "saida": 500, "saldo_dia": -500},
            {"data": "2025-08-10", "entrada": 100.25, "saida": 1200.5, "saldo_dia": -1100.25},
        ],
    }
    obtido = api.consultar_produto("P001")
    assert obtido == esperado
    assert list(obtido) == list(esperado)
    assert api.consultar_produto("ALIAS") == esperado  # names the canonical code
    assert json.loads(json.dumps(obtido)) == esperado
    assert api.consultar_produto("não existe") is None


def test_workspace(api: APIEstoqueTempoReal) -> None:
    respostas = api.consultar_workspace(["P002", "zzz", "ALIAS", "P002"])
    assert [r["cod_produto"] for r in respostas] == ["P002", "P001"]
    assert api.consultar_workspace([]) == []


def test_other_dictionaries(api: APIEstoqueTempoReal) -> None:
    assert api.consultar_rupturas() == [
        {
            "cod_produto": "P001",
            "nome_produto": "Produto Exemplo",
            "estoque_atual": 1500.0,
            "menor_estoque_d7": -100.25,
            "dia_ruptura": "2025-08-10",
            "dias_ate_ruptura": 4,
        }
    ]
    assert api.consultar_rupturas(3) == []
    projecao = api.consultar_projecao("P001", 4)
    assert [p["dia"] for p in projecao] == [0, 1, 2, 3, 4]
    assert projecao[-1] == {
        "dia": 4,
        "data": "2025-08-10",
        "saldo_inicial": 1000.0,
        "entrada": 100.25,
        "saida": 1200.5,
        "saldo_final": -100.25,
    }
    assert len(api.consultar_projecao("P001")) == 29
    assert api.consultar_disponibilidade("P002", 7) == {
        "data_disponivel": "2025-08-06",
        "quantidade_disponivel": 7.0,
    }
    assert api.consultar_disponibilidade("P001", "2000") == {
        "data_disponivel": None,
        "quantidade_disponivel": None,
    }
    assert api.consultar_disponibilidade("zzz", 1) is None
    assert api.get_estatisticas() == {
        "total_produtos": 2,
        "produtos_com_ruptura": 1,
        "produtos_estoque_negativo": 0,
        "produtos_estoque_zerado": 0,
        "movimentacoes_previstas_7d": 2,
        "percentual_ruptura": 50.0,
    }


def test_typed_rows_have_decimals_and_dates(api: APIEstoqueTempoReal) -> None:
    produto = api.produtos(["P001"])[0]
    assert produto.estoque_atual == Decimal("1500.000")
    assert isinstance(produto.menor_estoque_d7, Decimal)
    assert produto.dia_ruptura == date(2025, 8, 10)
    assert produto.movimentacoes_previstas[1].saldo_dia == Decimal("-1100.25")
    with pytest.raises(AttributeError):
        produto.estoque_atual = Decimal(0)  # type: ignore[misc]


def test_recalculating(api: APIEstoqueTempoReal, banco: Banco) -> None:
    assert api.recalcular("P001") == 0
    banco.cru("UPDATE estoque_tempo_real SET saldo_atual = 0 WHERE cod_produto = 'P001'")
    assert [d.campo for d in api.verificar()] == ["saldo_atual"]
    assert api.recalcular("ALIAS") == 1
    assert api.verificar() == []
    assert api.recalcular_tudo() == 0
    banco.verificar()


@pytest.mark.parametrize(
    "chamada",
    [
        lambda a: a.consultar_rupturas(-1),
        lambda a: a.consultar_projecao("P001", -1),
        lambda a: a.consultar_disponibilidade("P001", 0),
        lambda a: a.consultar_disponibilidade("P001", float("nan")),
        lambda a: a.consultar_disponibilidade("P001", "muito"),
        lambda a: a.consultar_workspace("P001"),
        lambda a: a.consultar_produto("a\0b"),
        lambda a: a.consultar_produto(None),
        lambda a: a.consultar_rupturas(2**40),
    ],
)
def test_bad_arguments(api: APIEstoqueTempoReal, chamada: Any) -> None:
    with pytest.raises(ArgumentoInvalido) as erro:
        chamada(api)
    assert "\n" not in erro.value.mensagem


def test_not_installed(vazio: str) -> None:
    with psycopg.connect(vazio, autocommit=True) as conn:
        with pytest.raises(MigracoesPendentes):
            APIEstoqueTempoReal(conn).get_estatisticas()


def test_constructor_opens_nothing(banco: Banco) -> None:
    conn = banco.conectar(autocommit=False)
    APIEstoqueTempoReal(conn)
    assert conn.info.transaction_status == psycopg.pq.TransactionStatus.IDLE


def test_transaction_is_the_callers(banco: Banco) -> None:
    conn = banco.conectar(autocommit=False)
    conn.execute(mov("P1", 5))
    produto = APIEstoqueTempoReal(conn).consultar_produto("P1")
    assert produto is not None
    assert produto["estoque_atual"] == 5
    conn.rollback()
    assert APIEstoqueTempoReal(conn).consultar_produto("P1") is None
    conn.rollback()
    banco.verificar()


@pytest.mark.parametrize("fabrica", [psycopg.rows.dict_row, psycopg.rows.tuple_row])
def test_callers_row_factory_does_not_matter(banco: Banco, fabrica: Any) -> None:
    banco.mov("P1", 5)
    conn = banco.conectar()
    conn.row_factory = fabrica
    a = APIEstoqueTempoReal(conn)
    assert a.hoje() == banco.D
    assert a.consultar_workspace(["P1"])[0]["estoque_atual"] == 5
    assert a.recalcular("P1") == 0


def test_works_with_a_pool(banco: Banco) -> None:
    pool_de_psycopg = pytest.importorskip("psycopg_pool")
    banco.mov("P1", 5)
    with pool_de_psycopg.ConnectionPool(banco.dsn, min_size=1, max_size=2, open=True) as pool:
        for _ in range(3):
            with pool.connection() as conn:
                produto = APIEstoqueTempoReal(conn).consultar_produto("P1")
                assert produto is not None
                assert produto["estoque_atual"] == 5


def test_serialization_failures_are_retried_and_reported_when_they_persist(
    banco: Banco, monkeypatch: pytest.MonkeyPatch
) -> None:
    from estoque_pg import api as modulo

    banco.mov("P1", 5)
    monkeypatch.setattr(modulo, "ESPERA_INICIAL", 0.0)
    conn = banco.conectar()
    conn.execute("SET default_transaction_isolation = 'repeatable read'")
    falhas = iter([True, True, False])
    verdadeiro = modulo.APIEstoqueTempoReal._escalar

    def as_vezes(self: Any, nome: str, **parametros: Any) -> Any:
        if next(falhas):
            raise ErroSerializacao("could not serialize", sqlstate="40001")
        return verdadeiro(self, nome, **parametros)

    monkeypatch.setattr(modulo.APIEstoqueTempoReal, "_escalar", as_vezes)
    assert APIEstoqueTempoReal(conn).recalcular("P1") == 0
    falhas = iter([True] * 100)
    with pytest.raises(ErroSerializacao) as erro:
        APIEstoqueTempoReal(conn).recalcular("P1")
    assert "tried" in (erro.value.dica or "")


def test_real_conflict_becomes_our_exception(banco: Banco) -> None:
    banco.mov("P1", 5)
    conn = banco.conectar(autocommit=False)
    conn.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
    conn.execute("SELECT 1 FROM movimentacao_estoque")
    with Sessao(banco) as outra:
        outra.faz(mov("P1", 1)).result(10)
    banco.cru("UPDATE estoque_tempo_real SET saldo_atual = saldo_atual + 1")
    with pytest.raises(ErroSerializacao):
        APIEstoqueTempoReal(conn).recalcular("P1")
    conn.rollback()
    banco.cru("SELECT estoque_recalcular('P1')")
    banco.verificar()
