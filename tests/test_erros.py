"""Bad numbers are refused, and nothing of the statement that brought them is kept."""

from __future__ import annotations

import re

import psycopg
import pytest
from apoio import Banco, arquivos_sql

from estoque_pg.erros import POR_SQLSTATE, traduzir

MOV = (
    "INSERT INTO movimentacao_estoque (cod_produto, nome_produto, data_movimentacao,"
    " tipo_movimentacao, qtd_movimentacao, ativo) VALUES "
)
RUINS = ["NaN", "Infinity", "-Infinity", "1e12", "-1e12", "1e300", "999999999999.9999"]


def em(fonte: str, valor: str, cod: str = "P1") -> str:
    return {
        "separacao": "INSERT INTO separacao (separacao_lote_id, cod_produto, qtd_saldo, expedicao)"
        f" VALUES ('L1', '{cod}', 1, '2025-08-07'), ('L1', '{cod}', '{valor}', '2025-08-07')",
        "programacao_producao": "INSERT INTO programacao_producao (cod_produto, qtd_programada,"
        f" data_programacao) VALUES ('{cod}', 1, '2025-08-07'), ('{cod}', '{valor}', '2025-08-07')",
    }[fonte]


@pytest.mark.parametrize("valor", RUINS)
@pytest.mark.parametrize("fonte", ["separacao", "programacao_producao"])
def test_forecast_quantity_that_is_no_number_is_refused(
    banco: Banco, fonte: str, valor: str
) -> None:
    """NaN, infinite and out-of-range quantities, with a clear error; nothing is kept."""
    banco.mov("P1", 10)
    erro = banco.recusa("EP001", em(fonte, valor))
    assert erro.diag.message_hint
    assert fonte in f"{erro.diag.message_primary} {erro.diag.message_detail} {erro.diag.table_name}"
    banco.sep("P1", 5)


SEP = "INSERT INTO separacao (cod_produto, qtd_saldo, expedicao) VALUES "


def test_one_bad_row_is_named_in_the_message(banco: Banco) -> None:
    erro = banco.recusa("EP001", SEP + "('P1', 1, now()), (' P 2', 'NaN', now())")
    assert erro.diag.message_primary == (
        "separacao.qtd_saldo of product ' P 2' is NaN, infinite or out of range"
    )
    assert erro.diag.message_detail is None


def test_several_bad_rows_are_named_in_the_detail(banco: Banco) -> None:
    """How many, and the first ten products by code; what is right is not named."""
    erro = banco.recusa(
        "EP001",
        SEP + "('P2', 'NaN', now()), ('P1', 1, now()), ('', 'inf', now()), ('P2', 1e13, NULL),"
        " (NULL, 'NaN', now()), ('P1 ', 'NaN', now())",
    )
    assert erro.diag.message_primary == (
        "separacao.qtd_saldo is NaN, infinite or out of range in 5 rows"
    )
    assert (erro.diag.message_detail or "").splitlines() == [
        "separacao.qtd_saldo of product ''",
        "separacao.qtd_saldo of product 'P1 '",
        "separacao.qtd_saldo of product 'P2' in 2 rows",
        "separacao.qtd_saldo of product NULL",
    ]
    assert (erro.diag.table_name, erro.diag.column_name) == ("separacao", "qtd_saldo")
    nosso = traduzir(erro)
    assert nosso.detalhe == erro.diag.message_detail


def test_of_very_many_bad_rows_ten_are_named(banco: Banco) -> None:
    banco.cru(SEP + ", ".join(f"('P{n:02}', {n}, now())" for n in range(13, 0, -1)))
    erro = banco.recusa("EP001", "UPDATE separacao SET qtd_saldo = 'NaN' WHERE cod_produto > 'P01'")
    assert (erro.diag.message_primary or "").endswith("in 12 rows")
    *dez, resto = (erro.diag.message_detail or "").splitlines()
    assert dez == [f"separacao.qtd_saldo of product 'P{n:02}'" for n in range(2, 12)]
    assert resto == "and of 2 more"


def test_codes_of_a_circle_are_quoted(banco: Banco) -> None:
    banco.unir("A ", "")
    erro = banco.recusa(
        "EP002",
        "INSERT INTO unificacao_codigos (codigo_origem, codigo_destino, ativo)"
        " VALUES ('', 'A ', true)",
    )
    assert (erro.diag.message_primary or "").endswith("circular: '' -> 'A ' -> ''")


def test_movement_that_is_no_number_is_refused(banco: Banco) -> None:
    banco.mov("P1", 10)
    erro = banco.recusa(
        "EP001", MOV + "('P1', 'N', now(), 'E', 5, true), ('P1', 'N', now(), 'E', 'NaN', true)"
    )
    assert "P1" in f"{erro.diag.message_primary} {erro.diag.message_detail}"


def test_nan_in_a_pre_separation_is_refused(banco: Banco) -> None:
    banco.recusa(
        "EP001",
        "INSERT INTO pre_separacao_item (cod_produto, qtd_selecionada_usuario,"
        " data_expedicao_editada) VALUES ('P1', 'NaN', '2025-08-07')",
    )


@pytest.mark.parametrize(
    "comando",
    [
        "UPDATE separacao SET qtd_saldo = 'NaN' WHERE id = (SELECT max(id) FROM separacao)",
        "UPDATE separacao SET qtd_saldo = qtd_saldo * '-Infinity'::float8",
        "UPDATE programacao_producao SET qtd_programada = 1e15",
        "UPDATE movimentacao_estoque SET qtd_movimentacao = 'NaN'",
        "UPDATE pre_separacao_item SET qtd_selecionada_usuario = 'NaN'",
    ],
)
def test_refused_through_update(banco: Banco, comando: str) -> None:
    banco.mov("P1", 10)
    banco.sep("P1", 1)
    banco.sep("P2", 2)
    banco.pre("P1", 1)
    banco.prod("P1", 3)
    banco.recusa("EP001", comando)


@pytest.mark.parametrize(
    "estado",
    [
        "lote faturado",
        "sem data",
        "sem produto",
    ],
)
def test_refused_whatever_the_row_contributes(banco: Banco, estado: str) -> None:
    """A NaN that lies in wait in a row that counts for nothing would strike later."""
    if estado == "lote faturado":
        banco.item("L1", "NF1")
    produto = "NULL" if estado == "sem produto" else "'P1'"
    data = "NULL" if estado == "sem data" else "'2025-08-07'"
    banco.recusa(
        "EP001",
        "INSERT INTO separacao (separacao_lote_id, cod_produto, qtd_saldo, expedicao)"
        f" VALUES ('L1', {produto}, 'NaN', {data})",
    )


def test_refused_in_inactive_movements_and_closed_pre_separations(banco: Banco) -> None:
    banco.recusa("EP001", MOV + "('P1', 'N', now(), 'E', 'NaN', false)")
    banco.recusa(
        "EP001",
        "INSERT INTO pre_separacao_item (cod_produto, qtd_selecionada_usuario, status,"
        " data_expedicao_editada) VALUES ('P1', 'NaN', 'CANCELADO', '2025-08-07')",
    )


def test_refused_by_copy_with_all_its_rows(banco: Banco) -> None:
    linhas = [("P1", qtd, banco.D) for qtd in ("1", "2", "inf", "3")]
    with pytest.raises(psycopg.Error) as erro:
        banco.copiar("separacao", "cod_produto, qtd_saldo, expedicao", linhas)
    assert erro.value.sqlstate == "EP001"
    assert banco.valor("SELECT count(*) FROM separacao") == 0
    banco.verificar()


def test_refused_row_can_be_deleted_after_the_fact(banco: Banco) -> None:
    """Where triggers were off when it came, getting rid of it must work."""
    banco.mov("P1", 10)
    banco.cru("SET session_replication_role = replica")
    banco.cru(em("separacao", "NaN"))
    banco.cru("RESET session_replication_role")
    banco.cru("UPDATE separacao SET qtd_saldo = 3 WHERE qtd_saldo = 'NaN'")
    banco.cru("SELECT estoque_recalcular_tudo()")
    banco.verificar()
    assert banco.previsto("P1") == {banco.dia(1): (0, 4)}


def test_largest_quantity_fits(banco: Banco) -> None:
    banco.mov("P1", "999999999999.999")
    banco.sep("P2", 999999999999.999)
    banco.mov("P3", "-999999999999.999")


# --- overflow ---------------------------------------------------------------------------------

GRANDE = "900000000000"


def test_overflow_of_a_balance(banco: Banco) -> None:
    """numeric(15,3) ends: the statement fails with 22003 and the stock stays as it was."""
    banco.mov("P1", GRANDE)
    banco.recusa(
        "22003", MOV + f"('P2', 'N', now(), 'E', 1, true), ('P1', 'N', now(), 'E', {GRANDE}, true)"
    )
    banco.mov("P1", -5)


def test_balance_may_pass_beyond_the_range_within_one_statement(banco: Banco) -> None:
    banco.mov("P1", GRANDE)
    banco.execute(
        MOV + f"('P1', 'N', now(), 'E', {GRANDE}, true), ('P1', 'N', now(), 'E', -{GRANDE}, true)"
    )


def test_overflow_of_a_forecast(banco: Banco) -> None:
    banco.prod("P1", float(GRANDE))
    banco.recusa("22003", em("programacao_producao", GRANDE))


def test_overflow_of_the_projection(banco: Banco) -> None:
    """The lowest balance must fit its column, too."""
    banco.mov("P1", "-" + GRANDE)
    banco.recusa("22003", em("separacao", GRANDE))


def test_overflow_by_unification(banco: Banco) -> None:
    banco.mov("P1", GRANDE)
    banco.mov("P2", GRANDE)
    banco.recusa(
        "22003",
        "INSERT INTO unificacao_codigos (codigo_origem, codigo_destino, ativo)"
        " VALUES ('P1', 'P2', true)",
    )


def test_failing_statement_in_a_transaction_leaves_the_others(banco: Banco) -> None:
    with banco.transacao():
        banco.mov("P1", 1)
        with pytest.raises(psycopg.Error), banco.conn.transaction():
            banco.cru(em("separacao", "NaN"))
        banco.mov("P1", 2)
    assert banco.saldo("P1") == 3


def test_sqlstates_agree_between_sql_and_python() -> None:
    """Every code of ours that the SQL raises has its exception, and the other way round."""
    no_sql: set[str] = set()
    for arquivo in arquivos_sql():
        no_sql |= set(re.findall(r"'(EP\d\d\d)'", arquivo.read_text()))
    assert no_sql == {s for s in POR_SQLSTATE if s.startswith("EP")}
