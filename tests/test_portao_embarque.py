"""The shipment gate: an invoiced lot takes its separations out of the forecast."""

from __future__ import annotations

from typing import Any

import pytest
from apoio import Banco


def lote(banco: Banco) -> None:
    """Lot L1 holds two products, L2 one of them."""
    banco.sep("P1", 5, 1, "L1")
    banco.sep("P1", 1, 2, "L1")
    banco.sep("P2", 7, 1, "L1")
    banco.sep("P1", 3, 1, "L2")


def saidas(banco: Banco, cod: str) -> Any:
    return sum(s for _, s in banco.previsto(cod).values())


def test_invoiced_lot_takes_out_every_separation_row_of_all_its_products(banco: Banco) -> None:
    lote(banco)
    banco.item("L1", "NF1")
    assert (saidas(banco, "P1"), saidas(banco, "P2")) == (3, 0)


@pytest.mark.parametrize(
    ("mudanca", "fatura"),
    [
        ({}, True),
        ({"nota_fiscal": None}, False),
        ({"nota_fiscal": ""}, False),
        ({"nota_fiscal": " "}, True),
        ({"status": "cancelado"}, False),
        ({"status": None}, False),
        ({"status": "ATIVO"}, False),
        ({"erro_validacao": "lote divergente"}, False),
        ({"erro_validacao": ""}, False),
    ],
)
def test_what_invoices_a_lot(banco: Banco, mudanca: dict[str, Any], fatura: bool) -> None:
    """Status 'ativo', an invoice (not empty) and erro_validacao NULL, all three."""
    lote(banco)
    banco.item("L1", **{"nota_fiscal": "NF1", **mudanca})
    assert saidas(banco, "P2") == (0 if fatura else 7)


def test_one_item_that_invoices_is_enough(banco: Banco) -> None:
    """The lot column is not unique: one item is one order of one lot."""
    lote(banco)
    um, dois = banco.item("L1", "NF1"), banco.item("L1", "NF2")
    banco.item("L1", None)
    assert saidas(banco, "P2") == 0
    banco.execute("UPDATE embarque_itens SET status = 'cancelado' WHERE id = %s", [um])
    assert saidas(banco, "P2") == 0
    banco.execute("UPDATE embarque_itens SET erro_validacao = 'x' WHERE id = %s", [dois])
    assert saidas(banco, "P2") == 7


@pytest.mark.parametrize(
    "volta",
    [
        "UPDATE embarque_itens SET erro_validacao = 'quantidade'",
        "UPDATE embarque_itens SET status = 'cancelado'",
        "UPDATE embarque_itens SET nota_fiscal = NULL",
        "DELETE FROM embarque_itens",
        "UPDATE embarque_itens SET separacao_lote_id = 'L9'",
        "UPDATE embarque_itens SET separacao_lote_id = NULL",
        "TRUNCATE embarque_itens",
    ],
)
def test_exits_come_back(banco: Banco, volta: str) -> None:
    """When an error returns, or the item is cancelled, deleted or moved to another lot."""
    lote(banco)
    banco.item("L1", "NF1")
    assert saidas(banco, "P2") == 0
    banco.execute(volta)
    assert (saidas(banco, "P1"), saidas(banco, "P2")) == (9, 7)


def test_item_moved_to_another_lot_closes_one_gate_and_opens_the_other(banco: Banco) -> None:
    lote(banco)
    banco.item("L1", "NF1")
    banco.execute("UPDATE embarque_itens SET separacao_lote_id = 'L2'")
    assert (saidas(banco, "P1"), saidas(banco, "P2")) == (6, 7)


def test_gates_swapped_in_one_statement(banco: Banco) -> None:
    lote(banco)
    banco.item("L1", "NF1")
    banco.item("L2", None)
    banco.execute(
        "UPDATE embarque_itens SET nota_fiscal = CASE WHEN nota_fiscal IS NULL THEN 'NF2' END"
    )
    assert (saidas(banco, "P1"), saidas(banco, "P2")) == (6, 7)


def test_null_lot_gates_nothing(banco: Banco) -> None:
    banco.sep("P1", 5, 1, None)
    banco.item(None, "NF1")
    assert saidas(banco, "P1") == 5


def test_separation_written_into_an_invoiced_lot_contributes_nothing(banco: Banco) -> None:
    banco.item("L1", "NF1")
    sep = banco.sep("P1", 5, 1, "L1")
    assert saidas(banco, "P1") == 0
    banco.execute("UPDATE separacao SET qtd_saldo = 6 WHERE id = %s", [sep])
    assert saidas(banco, "P1") == 0
    banco.execute("UPDATE embarque_itens SET erro_validacao = 'x'")
    assert saidas(banco, "P1") == 6
    banco.execute("UPDATE embarque_itens SET erro_validacao = NULL")
    banco.execute("DELETE FROM separacao")
    banco.execute("UPDATE embarque_itens SET erro_validacao = 'x'")
    assert banco.previsto("P1") == {}


def test_separation_moved_between_lots(banco: Banco) -> None:
    banco.item("L1", "NF1")
    sep = banco.sep("P1", 5, 1, "L1")
    for destino, esperado in (("L2", 5), (None, 5), ("L1", 0), ("L3", 5)):
        banco.execute("UPDATE separacao SET separacao_lote_id = %s WHERE id = %s", [destino, sep])
        assert saidas(banco, "P1") == esperado


def test_gate_changed_and_separation_changed_while_closed(banco: Banco) -> None:
    """What comes back is what the rows say now, not what went out."""
    lote(banco)
    banco.item("L1", "NF1")
    banco.execute("UPDATE separacao SET qtd_saldo = qtd_saldo * 10, expedicao = expedicao + 3")
    banco.execute("UPDATE embarque_itens SET status = 'cancelado'")
    assert banco.previsto("P2") == {banco.dia(4): (0, 70)}
    assert saidas(banco, "P1") == 90


def test_item_update_that_does_not_move_the_gate(banco: Banco) -> None:
    lote(banco)
    banco.item("L1", "NF1")
    banco.execute("UPDATE embarque_itens SET nota_fiscal = 'NF2', pedido = 'N', embarque_id = 2")
    assert saidas(banco, "P2") == 0


def test_invoice_movement_with_its_gate_leaves_the_projection_unchanged(banco: Banco) -> None:
    """An invoice movement and the gate that drops its forecast, in one transaction."""
    banco.mov("P1", 20)
    banco.sep("P1", 5, 1, "L1")
    antes = banco.cru("SELECT saldo_final FROM estoque_projecao('P1') WHERE dia >= 1")
    with banco.transacao():
        banco.item("L1", "NF1")
        banco.mov("P1", -5, tipo_movimentacao="FATURAMENTO", separacao_lote_id="L1")
    depois = banco.cru("SELECT saldo_final FROM estoque_projecao('P1') WHERE dia >= 1")
    assert antes == depois
    assert banco.saldo("P1") == 15


SEP = "INSERT INTO separacao (separacao_lote_id, cod_produto, qtd_saldo, expedicao)"
ITEM = "INSERT INTO embarque_itens (embarque_id, separacao_lote_id, nota_fiscal, status)"


@pytest.mark.parametrize("faturado_antes", [False, True])
@pytest.mark.parametrize(
    "consulta",
    [
        f"WITH a AS ({ITEM} VALUES (1, 'L1', 'NF', 'ativo')) {SEP} VALUES ('L1', 'P1', 5, %(d)s)",
        f"WITH a AS ({SEP} VALUES ('L1', 'P1', 5, %(d)s)) {ITEM} VALUES (1, 'L1', 'NF', 'ativo')",
        "WITH a AS (UPDATE embarque_itens SET status = 'cancelado')"
        f" {SEP} VALUES ('L1', 'P1', 5, %(d)s)",
        f"WITH a AS ({SEP} VALUES ('L1', 'P1', 5, %(d)s))"
        " UPDATE embarque_itens SET status = 'cancelado'",
        f"WITH a AS ({ITEM} VALUES (1, 'L1', 'NF', 'ativo'))"
        " UPDATE separacao SET qtd_saldo = qtd_saldo + 1, expedicao = expedicao + 1",
        f"WITH a AS ({ITEM} VALUES (1, 'L1', 'NF', 'ativo')) DELETE FROM separacao",
        "WITH a AS (DELETE FROM embarque_itens) DELETE FROM separacao",
        "WITH a AS (DELETE FROM separacao) DELETE FROM embarque_itens",
        "WITH a AS (UPDATE separacao SET separacao_lote_id = 'L2')"
        f" {ITEM} VALUES (1, 'L2', 'NF', 'ativo')",
        "WITH a AS (UPDATE embarque_itens SET separacao_lote_id = 'L2')"
        " UPDATE separacao SET separacao_lote_id = 'L2'",
        "WITH a AS (DELETE FROM embarque_itens), b AS (DELETE FROM separacao RETURNING *)"
        f" {SEP} SELECT separacao_lote_id, cod_produto, qtd_saldo + 1, %(d)s FROM b",
    ],
)
def test_gate_and_separation_in_one_query(
    banco: Banco, consulta: str, faturado_antes: bool
) -> None:
    """Both triggers see both changes: neither may count what the other has counted."""
    lote(banco)
    if faturado_antes:
        banco.item("L1", "NF0")
    banco.execute(consulta, {"d": banco.dia(1)})


def test_gate_over_unified_codes(banco: Banco) -> None:
    banco.unir("A1", "P1")
    banco.sep("A1", 5, 1, "L1")
    banco.sep("P1", 2, 1, "L1")
    banco.item("L1", "NF1")
    assert saidas(banco, "P1") == 0
    banco.execute("UPDATE unificacao_codigos SET ativo = false")
    assert saidas(banco, "A1") == 0
    banco.execute("DELETE FROM embarque_itens")
    assert (saidas(banco, "P1"), saidas(banco, "A1")) == (2, 5)


def test_conversion_and_invoice_as_erp_does_it(banco: Banco) -> None:
    """The whole way of a sale in one transaction: separated, invoiced, moved out."""
    banco.mov("P1", 100)
    pre = banco.pre("P1", 10, 0)
    with banco.transacao():
        banco.execute(
            "UPDATE pre_separacao_item SET status = 'ENVIADO_SEPARACAO' WHERE id = %s", [pre]
        )
        banco.sep("P1", 10, 0, "LX")
        banco.item("LX", "NF1", erro_validacao="pendente")
        banco.execute("UPDATE embarque_itens SET erro_validacao = NULL")
        banco.mov("P1", -10, tipo_movimentacao="FATURAMENTO")
    assert banco.previsto("P1") == {}
    assert banco.saldo("P1") == 90
