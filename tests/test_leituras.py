"""What questions about the whole stock read: what they answer with, not every product."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal as Dec

import pytest
from apoio import Banco
from conftest import Servico

PRODUTOS = 2000
SEMPRE = 12  # rows that a question may read whatever there is

CENA = f"""
INSERT INTO movimentacao_estoque (cod_produto, nome_produto, data_movimentacao, tipo_movimentacao,
    qtd_movimentacao, ativo)
SELECT 'P' || n, 'N', estoque_hoje(), 'E', CASE WHEN n = 1 THEN 0 WHEN n = 2 THEN -1 ELSE 100 END,
    true
FROM generate_series(1, {PRODUTOS}) AS n;
-- All leave something beyond the seven days; five run out within them, three more only then.
INSERT INTO separacao (separacao_lote_id, cod_produto, nome_produto, qtd_saldo, expedicao)
SELECT 'L', 'P' || n, 'N', CASE WHEN n IN (20, 21, 22) THEN 101 ELSE 1 END, estoque_hoje() + 20
FROM generate_series(11, {PRODUTOS}) AS n
UNION ALL
SELECT 'L', 'P' || n, 'N', 101, estoque_hoje() + 3 FROM generate_series(3, 6) AS n;
"""
DENTRO = ["P2", "P3", "P4", "P5", "P6"]
ADIANTE = ["P20", "P21", "P22"]


@pytest.fixture(scope="module")
def modelo_grande(servico: Servico, modelo: str) -> str:
    """Thousands of products, all projected today, with the statistics autovacuum would gather."""
    nome = servico.criar(modelo)
    banco = Banco(servico.dsn(nome))
    banco.cru(CENA)
    banco.cru("VACUUM ANALYZE")
    banco.fechar()
    return nome


@pytest.fixture
def grande(servico: Servico, modelo_grande: str) -> Iterator[Banco]:
    with servico.banco(modelo_grande) as banco:
        yield banco


@contextmanager
def lidas(banco: Banco, *tabelas: str, ate: int) -> Iterator[None]:
    """No more than so many rows of these tables are read, by scan or by index."""
    banco.cru("SELECT 1")
    with banco.conn.transaction():
        antes = _lidas(banco, tabelas)
        yield
        depois = _lidas(banco, tabelas)
    assert depois - antes <= ate


def _lidas(banco: Banco, tabelas: tuple[str, ...]) -> int:
    return int(
        banco.valor(
            "SELECT sum(seq_tup_read + coalesce(idx_tup_fetch, 0))::bigint"
            " FROM pg_stat_xact_user_tables WHERE relname = ANY (%s)",
            [list(tabelas)],
        )
    )


def rupturas(banco: Banco, dias: int) -> list[str]:
    linhas = banco.cru("SELECT * FROM estoque_rupturas(%s)", [dias])
    return sorted((r["cod_produto"] for r in linhas), key=lambda c: int(c[1:]))


RESULTADOS = ("estoque_tempo_real", "movimentacao_prevista")


def test_ruptures_of_the_maintained_days_read_the_ruptured(grande: Banco) -> None:
    for dias in (7, 3):
        with lidas(grande, *RESULTADOS, ate=len(DENTRO) + SEMPRE):
            assert rupturas(grande, dias) == DENTRO


def test_beyond_them_only_those_that_can_run_out_are_projected(grande: Banco) -> None:
    """One pass over products and forecast; by index no more than those that may run out."""
    previsoes = grande.valor("SELECT count(*) FROM movimentacao_prevista")
    with lidas(grande, "movimentacao_prevista", ate=previsoes + 2 * len(ADIANTE) + SEMPRE):
        assert rupturas(grande, 28) == [*DENTRO, *ADIANTE]


def test_statistics_read_each_product_once_and_no_forecast(grande: Banco) -> None:
    with lidas(grande, *RESULTADOS, ate=PRODUTOS + len(DENTRO) + SEMPRE):
        linha = grande.cru("SELECT * FROM estoque_estatisticas()")[0]
    assert linha == {
        "total_produtos": PRODUTOS,
        "produtos_com_ruptura": 5,
        "produtos_estoque_negativo": 1,
        "produtos_estoque_zerado": 1,
        "movimentacoes_previstas_7d": 4,
        "percentual_ruptura": Dec("0.25"),
    }


def test_view_projects_no_row_that_holds(grande: Banco) -> None:
    with lidas(grande, "movimentacao_prevista", ate=0):
        assert len(grande.cru("SELECT * FROM estoque_por_codigo")) == PRODUTOS


def test_view_of_one_code_reads_one_product(grande: Banco) -> None:
    for dia in (0, 13):  # P20's exit comes into sight on the second
        grande.congelar(grande.dia(dia))
        with lidas(grande, *RESULTADOS, "estoque_codigo_conhecido", ate=SEMPRE):
            linha = grande.cru("SELECT * FROM estoque_por_codigo WHERE codigo = 'P20'")[0]
        assert linha["menor_estoque_d7"] == (-1 if dia else 100)


def test_audit_reads_the_movements_once(grande: Banco) -> None:
    """Once through all, and the newest of each product for its name."""
    with lidas(grande, "movimentacao_estoque", ate=2 * PRODUTOS):
        assert grande.cru("SELECT * FROM estoque_verificar()") == []


# --- the few that do not hold are found -------------------------------------------------------

NAO_VALE = {
    "expired": "valido_ate = estoque_hoje() - 1",
    "of a day to come": "valido_desde = estoque_hoje() + 1, valido_ate = '9999-12-31'",
    "never projected": "valido_desde = DEFAULT, valido_ate = DEFAULT",
}


@pytest.mark.parametrize("estado", NAO_VALE)
def test_one_row_among_thousands_that_does_not_hold(grande: Banco, estado: str) -> None:
    """Stored as if it did not run out, and one as if it did: both are projected instead."""
    for codigo, falso in (("P3", "NULL"), ("P7", "estoque_hoje()")):
        grande.cru(
            f"UPDATE estoque_tempo_real SET {NAO_VALE[estado]}, menor_estoque_d7 = 77,"
            f" dia_ruptura = {falso} WHERE cod_produto = '{codigo}'"
        )
    with lidas(grande, "movimentacao_prevista", ate=SEMPRE):
        assert rupturas(grande, 7) == DENTRO
    assert rupturas(grande, 28) == [*DENTRO, *ADIANTE]
    assert grande.valor("SELECT produtos_com_ruptura FROM estoque_estatisticas()") == len(DENTRO)
    for consulta in (
        "SELECT * FROM estoque_consultar('{P3,P7}') ORDER BY cod_produto",
        "SELECT * FROM estoque_por_codigo WHERE codigo IN ('P3', 'P7') ORDER BY codigo",
    ):
        assert [(r["menor_estoque_d7"], r["dia_ruptura"]) for r in grande.cru(consulta)] == [
            (-1, grande.dia(3)),
            (100, None),
        ]
