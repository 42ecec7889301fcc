"""What each source row contributes: by its state alone, whoever writes and however."""

from __future__ import annotations

from decimal import Decimal as Dec
from typing import Any

import pytest
from apoio import Banco

# --- movimentacao_estoque ---------------------------------------------------------------------


def test_movement_adds_its_signed_quantity_to_the_balance(banco: Banco) -> None:
    """The sign is in the number."""
    banco.mov("P1", 100)
    banco.mov("P1", Dec("-30.5"))
    assert banco.saldo("P1") == Dec("69.500")


@pytest.mark.parametrize("tipo", ["ENTRADA", "SAIDA", "FATURAMENTO", "AJUSTE", ""])
def test_sign_is_never_derived_from_the_type(banco: Banco, tipo: str) -> None:
    banco.mov("P1", 10, tipo_movimentacao=tipo)
    banco.mov("P1", -4, tipo_movimentacao=tipo)
    assert banco.saldo("P1") == 6


@pytest.mark.parametrize("ativo", [None, False])
def test_movement_counts_only_when_ativo_is_true(banco: Banco, ativo: bool | None) -> None:
    """NULL is not true; the product row is there all the same."""
    mov = banco.mov("P1", 10, ativo=ativo)
    assert banco.saldo("P1") == 0
    banco.execute("UPDATE movimentacao_estoque SET ativo = true WHERE id = %s", [mov])
    assert banco.saldo("P1") == 10
    banco.execute("UPDATE movimentacao_estoque SET ativo = %s WHERE id = %s", [ativo, mov])
    assert banco.saldo("P1") == 0


@pytest.mark.parametrize("dias", [-4000, -1, 0, 1, 4000])
def test_date_of_a_movement_does_not_matter(banco: Banco, dias: int) -> None:
    """A future-dated movement counts now."""
    banco.mov("P1", 10, data_movimentacao=banco.dia(dias))
    assert banco.saldo("P1") == 10


def test_negative_balances_are_normal(banco: Banco) -> None:
    banco.mov("P1", -10)
    assert banco.saldo("P1") == -10
    assert banco.d7("P1") == (Dec(-10), banco.D)


def test_soft_deleted_and_deleted_movements_give_back_what_they_took(banco: Banco) -> None:
    a, b = banco.mov("P1", 10), banco.mov("P1", 5)
    banco.execute("UPDATE movimentacao_estoque SET ativo = false WHERE id = %s", [a])
    banco.execute("DELETE FROM movimentacao_estoque WHERE id = %s", [b])
    assert banco.saldo("P1") == 0


def test_movement_can_change_product(banco: Banco) -> None:
    mov = banco.mov("P1", 10)
    banco.mov("P2", 1)
    banco.execute("UPDATE movimentacao_estoque SET cod_produto = 'P2' WHERE id = %s", [mov])
    assert banco.saldo("P2") == 11
    assert banco.produto("P1") is None


# --- pre_separacao_item -----------------------------------------------------------------------

ABERTOS = [None, "CRIADO", "RECOMPOSTO"]
FECHADOS = ["ENVIADO_SEPARACAO", "CANCELADO", "criado", "", "QUALQUER"]


@pytest.mark.parametrize("status", ABERTOS)
def test_open_pre_separation_is_an_exit_on_its_date(banco: Banco, status: str | None) -> None:
    """CRIADO or RECOMPOSTO, and NULL counts as CRIADO."""
    banco.pre("P1", Dec("2.5"), 3, status=status)
    assert banco.previsto("P1") == {banco.dia(3): (0, Dec("2.5"))}


@pytest.mark.parametrize("status", FECHADOS)
def test_any_other_status_contributes_nothing(banco: Banco, status: str) -> None:
    pre = banco.pre("P1", 2, 3, status=status)
    assert banco.previsto("P1") == {}
    banco.execute("UPDATE pre_separacao_item SET status = NULL WHERE id = %s", [pre])
    assert banco.previsto("P1") == {banco.dia(3): (0, 2)}
    banco.execute("UPDATE pre_separacao_item SET status = %s WHERE id = %s", [status, pre])
    assert banco.previsto("P1") == {}


@pytest.mark.parametrize("recomposto", [None, True, False])
@pytest.mark.parametrize("status", ["CRIADO", "RECOMPOSTO"])
def test_recomposto_is_ignored(banco: Banco, recomposto: bool | None, status: str) -> None:
    banco.pre("P1", 2, 3, status=status, recomposto=recomposto)
    assert banco.previsto("P1") == {banco.dia(3): (0, 2)}


def test_recomposed_pre_separation_counts_once(banco: Banco) -> None:
    """State, not history: going through every status and back leaves what was there."""
    pre = banco.pre("P1", 2, 3)
    for status in ("RECOMPOSTO", "ENVIADO_SEPARACAO", "CANCELADO", "RECOMPOSTO", "CRIADO"):
        banco.execute(
            "UPDATE pre_separacao_item SET status = %s, recomposto = NOT coalesce(recomposto, true)"
            " WHERE id = %s",
            [status, pre],
        )
    assert banco.previsto("P1") == {banco.dia(3): (0, 2)}


# --- separacao and programacao_producao -------------------------------------------------------


def test_separation_is_an_exit_and_production_an_entry(banco: Banco) -> None:
    banco.sep("P1", 7.25, 2)
    banco.prod("P1", 10.5, 2)
    assert banco.previsto("P1") == {banco.dia(2): (Dec("10.5"), Dec("7.25"))}


@pytest.mark.parametrize("envio", [None, "TOTAL", "PARCIAL"])
def test_shipment_kind_never_matters(banco: Banco, envio: str | None) -> None:
    """`tipo_envio` never matters, on a pre-separation or a separation."""
    banco.sep("P1", 7, 2, tipo_envio=envio)
    banco.pre("P1", 3, 2, tipo_envio=envio)
    assert banco.previsto("P1") == {banco.dia(2): (0, 10)}


def test_pre_separation_and_separation_never_look_at_each_other(banco: Banco) -> None:
    """Same lot, same order, same product: each counts by its own state."""
    banco.pre("P1", 3, 2, separacao_lote_id="L1", num_pedido="N1")
    banco.sep("P1", 3, 2, "L1", num_pedido="N1")
    assert banco.previsto("P1") == {banco.dia(2): (0, 6)}
    banco.item("L1", "NF1")
    assert banco.previsto("P1") == {banco.dia(2): (0, 3)}  # the gate is for separations only


def test_conversion_in_one_transaction_leaves_the_sum_unchanged(banco: Banco) -> None:
    pre = banco.pre("P1", 3, 2)
    with banco.transacao():
        banco.execute(
            "UPDATE pre_separacao_item SET status = 'ENVIADO_SEPARACAO' WHERE id = %s", [pre]
        )
        banco.sep("P1", 3.0, 2)
    assert banco.previsto("P1") == {banco.dia(2): (0, 3)}


# --- quantities -------------------------------------------------------------------------------


@pytest.mark.parametrize("qtd", [None, 0, -5, 0.0004, -0.0004])
@pytest.mark.parametrize("fonte", ["pre", "sep", "prod"])
def test_forecast_quantity_null_zero_or_negative_contributes_nothing(
    banco: Banco, fonte: str, qtd: Any
) -> None:
    banco.mov("P1", 1)
    getattr(banco, fonte)("P1", qtd)
    assert banco.previsto("P1") == {}


@pytest.mark.parametrize("fonte", ["pre", "sep", "prod"])
def test_null_date_contributes_nothing(banco: Banco, fonte: str) -> None:
    """But the product is mentioned, so it has its row."""
    getattr(banco, fonte)("P1", 5, None)
    assert banco.previsto("P1") == {}
    assert banco.saldo("P1") == 0


def test_null_product_contributes_nothing(banco: Banco) -> None:
    sep = banco.sep(None, 5)
    assert banco.cru("SELECT * FROM estoque_tempo_real") == []
    banco.execute("UPDATE separacao SET cod_produto = 'P1' WHERE id = %s", [sep])
    assert banco.previsto("P1") == {banco.dia(1): (0, 5)}
    banco.execute("UPDATE separacao SET cod_produto = NULL WHERE id = %s", [sep])
    assert banco.cru("SELECT * FROM estoque_tempo_real") == []


@pytest.mark.parametrize(
    ("qtd", "certo"),
    [
        (0.0005, "0.001"),
        (1.0005, "1.001"),  # 1.000499999… as a double, 1.0005 by 15 digits
        (2.0015, "2.002"),
        (0.1 + 0.2, "0.3"),
        (1 / 3, "0.333"),
        (2 / 3, "0.667"),
        (123456789.0005, "123456789.001"),
        (1e-320, None),
        (999999999999.999, "999999999999.999"),
    ],
)
def test_float_quantities_are_rounded_by_15_digits(
    banco: Banco, qtd: float, certo: str | None
) -> None:
    banco.sep("P1", qtd)
    banco.prod("P2", qtd)
    if certo is None:
        assert banco.previsto("P1") == banco.previsto("P2") == {}
    else:
        assert banco.previsto("P1") == {banco.dia(1): (0, Dec(certo))}
        assert banco.previsto("P2") == {banco.dia(1): (Dec(certo), 0)}


def test_quantities_are_rounded_per_row_before_summing(banco: Banco) -> None:
    """Ten times 0.0005 are ten thousandths, and taking nine away leaves exactly one."""
    banco.execute(
        "INSERT INTO separacao (separacao_lote_id, cod_produto, qtd_saldo, expedicao)"
        " SELECT 'L', 'P1', 0.0005, %s FROM generate_series(1, 10)",
        [banco.dia(1)],
    )
    assert banco.previsto("P1") == {banco.dia(1): (0, Dec("0.010"))}
    banco.execute("DELETE FROM separacao WHERE id > (SELECT min(id) FROM separacao)")
    assert banco.previsto("P1") == {banco.dia(1): (0, Dec("0.001"))}


# --- forecast rows ----------------------------------------------------------------------------


def test_cumulative_means_per_product_and_date(banco: Banco) -> None:
    """Summed over all documents of one product and one date; not a running total over dates."""
    for _ in range(3):
        banco.sep("P1", 2, 1, None)
        banco.pre("P1", 1, 1)
        banco.prod("P1", 5, 1)
        banco.sep("P1", 4, 2, None)
    assert banco.previsto("P1") == {banco.dia(1): (15, 9), banco.dia(2): (0, 12)}


def test_forecast_row_with_neither_entry_nor_exit_does_not_stay(banco: Banco) -> None:
    sep, prod = banco.sep("P1", 5, 4), banco.prod("P1", 6, 4)
    banco.execute("UPDATE separacao SET expedicao = %s WHERE id = %s", [banco.dia(5), sep])
    assert banco.previsto("P1") == {banco.dia(4): (6, 0), banco.dia(5): (0, 5)}
    banco.execute("UPDATE programacao_producao SET qtd_programada = 0 WHERE id = %s", [prod])
    assert banco.previsto("P1") == {banco.dia(5): (0, 5)}
    banco.execute("DELETE FROM separacao")
    assert banco.cru("SELECT * FROM movimentacao_prevista") == []


def test_entries_and_exits_of_a_day_are_kept_apart(banco: Banco) -> None:
    """A row whose entry equals its exit is not an empty row."""
    banco.sep("P1", 5, 4)
    banco.prod("P1", 5, 4)
    assert banco.previsto("P1") == {banco.dia(4): (5, 5)}


# --- product rows -----------------------------------------------------------------------------


@pytest.mark.parametrize("fonte", ["mov", "pre", "sep", "prod"])
def test_every_mentioned_product_has_its_row_and_loses_it_with_the_last_mention(
    banco: Banco, fonte: str
) -> None:
    tabela = {
        "mov": "movimentacao_estoque",
        "pre": "pre_separacao_item",
        "sep": "separacao",
        "prod": "programacao_producao",
    }[fonte]
    um, dois = getattr(banco, fonte)("P1", 5), getattr(banco, fonte)("P1", 5)
    assert banco.produto("P1") is not None
    banco.execute(f"DELETE FROM {tabela} WHERE id = %s", [um])
    assert banco.produto("P1") is not None
    banco.execute(f"DELETE FROM {tabela} WHERE id = %s", [dois])
    assert banco.produto("P1") is None


def test_product_without_movements_has_a_row(banco: Banco) -> None:
    """Movements or not."""
    banco.pre("P1", 5, status="CANCELADO")
    linha = banco.produto("P1")
    assert linha is not None
    assert (linha["saldo_atual"], linha["menor_estoque_d7"], linha["dia_ruptura"]) == (0, 0, None)


# --- statements of every kind -----------------------------------------------------------------


def test_bulk_insert_of_one_product_is_summed_not_lost(banco: Banco) -> None:
    """The case of an UPDATE … FROM over unaggregated rows: 10 instead of 60."""
    banco.mov("P1", 0)
    banco.execute(
        "INSERT INTO movimentacao_estoque (cod_produto, nome_produto, data_movimentacao,"
        " tipo_movimentacao, qtd_movimentacao, ativo) SELECT 'P1', 'N', current_date, 'E', q, true"
        " FROM unnest(ARRAY[10, 20, 30]) q"
    )
    assert banco.saldo("P1") == 60


def test_bulk_update_and_bulk_delete(banco: Banco) -> None:
    for cod in ("P1", "P2", "P3"):
        banco.mov(cod, 10)
        banco.mov(cod, 1, ativo=None)
        banco.sep(cod, 5, 1, "L1")
    banco.execute("UPDATE movimentacao_estoque SET qtd_movimentacao = qtd_movimentacao * 2")
    assert [banco.saldo(c) for c in ("P1", "P2", "P3")] == [20, 20, 20]
    banco.execute("UPDATE separacao SET cod_produto = 'P1', expedicao = expedicao + 1")
    assert banco.previsto("P1") == {banco.dia(2): (0, 15)}
    banco.execute("DELETE FROM movimentacao_estoque WHERE cod_produto <> 'P1'")
    assert banco.saldo("P1") == 20
    assert banco.produto("P2") is None


def test_swap_of_products_in_one_statement(banco: Banco) -> None:
    banco.mov("P1", 10)
    banco.mov("P2", 3)
    banco.execute(
        "UPDATE movimentacao_estoque SET cod_produto ="
        " CASE cod_produto WHEN 'P1' THEN 'P2' ELSE 'P1' END"
    )
    assert (banco.saldo("P1"), banco.saldo("P2")) == (3, 10)


def test_copy(banco: Banco) -> None:
    banco.copiar(
        "programacao_producao",
        "cod_produto, data_programacao, qtd_programada",
        [(f"P{n % 3}", banco.dia(n % 4), 1.5) for n in range(50)],
    )
    assert sum(e for e, _ in banco.previsto("P0").values()) == Dec("25.5")


def test_orm(banco: Banco) -> None:
    """Whoever writes: an ORM knows nothing of the triggers and need not."""
    orm = pytest.importorskip("sqlalchemy.orm")
    alquimia = pytest.importorskip("sqlalchemy")
    motor = alquimia.create_engine("postgresql+psycopg://", creator=banco.conectar_orm)
    base = orm.declarative_base()
    tabela = alquimia.Table("movimentacao_estoque", base.metadata, autoload_with=motor)
    movimento = type("Movimento", (base,), {"__table__": tabela})
    with orm.Session(motor) as sessao:
        novos = [
            movimento(
                cod_produto=f"P{n % 2}",
                nome_produto="N",
                data_movimentacao=banco.D,
                tipo_movimentacao="E",
                qtd_movimentacao=n,
                ativo=True,
            )
            for n in range(6)
        ]
        sessao.add_all(novos)
        sessao.commit()
        banco.verificar()
        novos[0].qtd_movimentacao = 100
        sessao.delete(novos[1])
        sessao.commit()
        banco.verificar()
        sessao.query(movimento).filter_by(cod_produto="P0").update({"ativo": False})
        sessao.rollback()
    motor.dispose()
    banco.verificar()
    assert (banco.saldo("P0"), banco.saldo("P1")) == (106, 8)


def test_on_conflict_do_update_and_do_nothing(banco: Banco) -> None:
    mov = banco.mov("P1", 10)
    insercao = (
        "INSERT INTO movimentacao_estoque (id, cod_produto, nome_produto, data_movimentacao,"
        " tipo_movimentacao, qtd_movimentacao, ativo) VALUES"
        " (%(id)s, 'P1', 'N', current_date, 'E', 7, true),"
        " (%(id)s + 1000, 'P2', 'N', current_date, 'E', 8, true) ON CONFLICT (id) DO "
    )
    banco.execute(insercao + "NOTHING", {"id": mov})
    assert (banco.saldo("P1"), banco.saldo("P2")) == (10, 8)
    banco.execute(
        insercao + "UPDATE SET qtd_movimentacao = excluded.qtd_movimentacao + 1,"
        " cod_produto = 'P3'",
        {"id": mov},
    )
    assert banco.saldo("P3") == 17
    assert banco.produto("P1") is None


def test_merge_with_all_three_actions(banco: Banco) -> None:
    if banco.conn.info.server_version < 150000:
        pytest.skip("MERGE came with PostgreSQL 15")
    a, b = banco.mov("P1", 10), banco.mov("P2", 20)
    banco.execute(
        "MERGE INTO movimentacao_estoque m USING (VALUES (%s::bigint), (%s), (999999)) v (id)"
        " ON m.id = v.id"
        " WHEN MATCHED AND m.cod_produto = 'P1' THEN DELETE"
        " WHEN MATCHED THEN UPDATE SET qtd_movimentacao = 21"
        " WHEN NOT MATCHED THEN INSERT (id, cod_produto, nome_produto, data_movimentacao,"
        " tipo_movimentacao, qtd_movimentacao, ativo)"
        " VALUES (v.id, 'P3', 'N', current_date, 'E', 30, true)",
        [a, b],
    )
    assert [banco.saldo(c) for c in ("P1", "P2", "P3")] == [None, 21, 30]


def test_truncate_of_each_source(banco: Banco) -> None:
    def encher() -> None:
        banco.mov("P1", 10)
        banco.pre("P1", 1)
        banco.sep("P1", 2)
        banco.prod("P1", 3)
        banco.item("L1", "NF")
        banco.unir("P2", "P1")

    encher()
    banco.execute("TRUNCATE movimentacao_estoque")
    assert banco.saldo("P2") is None
    assert banco.saldo("P1") == 0
    banco.execute("TRUNCATE pre_separacao_item")
    assert banco.previsto("P1") == {banco.dia(1): (3, 0)}
    banco.execute("TRUNCATE embarque_itens")
    assert banco.previsto("P1") == {banco.dia(1): (3, 2)}
    banco.execute("TRUNCATE separacao")
    banco.execute("TRUNCATE programacao_producao")
    assert banco.previsto("P1") == {}
    assert banco.saldo("P1") == 0  # the unification still mentions it
    banco.execute("TRUNCATE unificacao_codigos")
    assert banco.cru("SELECT * FROM estoque_tempo_real") == []
    encher()
    banco.execute(
        "TRUNCATE movimentacao_estoque, pre_separacao_item, separacao, programacao_producao,"
        " embarque_itens, unificacao_codigos"
    )
    assert banco.cru("SELECT * FROM estoque_tempo_real") == []


def test_truncate_rolled_back(banco: Banco) -> None:
    banco.mov("P1", 10)
    with banco.transacao(desfazer=True):
        banco.execute("TRUNCATE movimentacao_estoque RESTART IDENTITY")
        banco.mov("P9", 1)
    assert banco.saldo("P1") == 10


def test_savepoint_rolled_back_leaves_nothing(banco: Banco) -> None:
    banco.mov("P1", 10)
    with banco.transacao():
        banco.mov("P1", 1)
        with banco.transacao(desfazer=True):
            banco.mov("P1", 100)
            banco.sep("P1", 5)
            banco.unir("P1", "P2")
        banco.mov("P1", 2)
    assert banco.saldo("P1") == 13


def test_statement_that_touches_no_row(banco: Banco) -> None:
    banco.mov("P1", 10)
    for tabela in ("movimentacao_estoque", "separacao", "embarque_itens", "unificacao_codigos"):
        banco.execute(f"DELETE FROM {tabela} WHERE false")
        banco.execute(f"UPDATE {tabela} SET id = id WHERE false")
    assert banco.saldo("P1") == 10


def test_data_modifying_ctes_over_several_sources(banco: Banco) -> None:
    """All triggers of such a query fire at its end, each seeing what the others' rows did."""
    banco.execute(
        "WITH a AS (INSERT INTO movimentacao_estoque (cod_produto, nome_produto,"
        " data_movimentacao, tipo_movimentacao, qtd_movimentacao, ativo)"
        " VALUES ('P1', 'N', current_date, 'E', 10, true)),"
        " b AS (INSERT INTO separacao (separacao_lote_id, cod_produto, qtd_saldo, expedicao)"
        " VALUES ('L1', 'P1', 4, %(d)s)),"
        " c AS (INSERT INTO pre_separacao_item (cod_produto, qtd_selecionada_usuario,"
        " data_expedicao_editada) VALUES ('P1', 5, %(d)s))"
        " INSERT INTO programacao_producao (cod_produto, qtd_programada, data_programacao)"
        " VALUES ('P1', 6, %(d)s)",
        {"d": banco.dia(1)},
    )
    assert banco.saldo("P1") == 10
    assert banco.previsto("P1") == {banco.dia(1): (6, 9)}


def test_same_table_inserted_and_deleted_from_in_one_query(banco: Banco) -> None:
    banco.mov("P1", 10)
    banco.execute(
        "WITH fora AS (DELETE FROM movimentacao_estoque RETURNING *)"
        " INSERT INTO movimentacao_estoque (cod_produto, nome_produto, data_movimentacao,"
        " tipo_movimentacao, qtd_movimentacao, ativo)"
        " SELECT 'P2', nome_produto, data_movimentacao, tipo_movimentacao,"
        " qtd_movimentacao + 1, ativo FROM fora"
    )
    assert banco.produto("P1") is None
    assert banco.saldo("P2") == 11


def test_update_that_changes_no_contribution_writes_nothing(banco: Banco) -> None:
    banco.mov("P1", 10)
    banco.mov("P1", 5, ativo=False)
    banco.sep("P1", 3, 2)
    banco.pre("P1", 3, 2, status="CANCELADO")

    def versoes() -> list[Any]:
        return banco.cru("SELECT xmin::text, ctid::text, * FROM estoque_tempo_real") + banco.cru(
            "SELECT xmin::text, ctid::text, * FROM movimentacao_prevista"
        )

    antes = versoes()
    banco.execute("UPDATE movimentacao_estoque SET observacao = 'x', data_movimentacao = now()")
    banco.execute("UPDATE movimentacao_estoque SET qtd_movimentacao = 9 WHERE ativo IS NOT TRUE")
    banco.execute("UPDATE separacao SET tipo_envio = 'TOTAL', num_pedido = 'N', criado_em = now()")
    banco.execute("UPDATE pre_separacao_item SET recomposto = true, qtd_selecionada_usuario = 7")
    banco.item("L1", None)
    banco.item("L9", "NF1")
    assert versoes() == antes


# --- names ------------------------------------------------------------------------------------


def nome(banco: Banco, cod: str) -> Any:
    linha = banco.produto(cod)
    assert linha is not None
    return linha["nome_produto"]


def test_name_is_the_newest_movements_name(banco: Banco) -> None:
    banco.mov("P1", 1, nome_produto="Velho")
    novo = banco.mov("P1", 1, nome_produto="Novo", ativo=False)
    assert nome(banco, "P1") == "Novo"
    banco.execute(
        "UPDATE movimentacao_estoque SET nome_produto = 'Novíssimo' WHERE id = %s", [novo]
    )
    assert nome(banco, "P1") == "Novíssimo"
    banco.execute("DELETE FROM movimentacao_estoque WHERE id = %s", [novo])
    assert nome(banco, "P1") == "Velho"


def test_name_falls_through_the_tables_in_order(banco: Banco) -> None:
    banco.prod("P1", 1, nome_produto="da produção")
    assert nome(banco, "P1") == "da produção"
    banco.sep("P1", 1, nome_produto="da separação")
    assert nome(banco, "P1") == "da separação"
    banco.pre("P1", 1, nome_produto="da pré-separação")
    assert nome(banco, "P1") == "da pré-separação"
    banco.mov("P1", 1, nome_produto="do movimento")
    assert nome(banco, "P1") == "do movimento"
    banco.sep("P1", 1, nome_produto="mais nova, mas não conta")
    assert nome(banco, "P1") == "do movimento"
    banco.execute("TRUNCATE movimentacao_estoque")
    assert nome(banco, "P1") == "da pré-separação"


def test_empty_and_null_names_do_not_count(banco: Banco) -> None:
    banco.mov("P1", 1, nome_produto="")
    assert not nome(banco, "P1")
    banco.sep("P1", 1, nome_produto=None)
    banco.prod("P1", 1, nome_produto="Bom")
    assert nome(banco, "P1") == "Bom"


def test_bulk_insert_with_several_names_takes_the_greatest_id(banco: Banco) -> None:
    banco.execute(
        "INSERT INTO movimentacao_estoque (id, cod_produto, nome_produto, data_movimentacao,"
        " tipo_movimentacao, qtd_movimentacao, ativo) VALUES"
        " (503, 'P1', 'três', current_date, 'E', 1, true),"
        " (501, 'P1', 'um', current_date, 'E', 1, true),"
        " (502, 'P1', 'dois', current_date, 'E', 1, true)"
    )
    assert nome(banco, "P1") == "três"
    banco.execute(
        "INSERT INTO movimentacao_estoque (id, cod_produto, nome_produto, data_movimentacao,"
        " tipo_movimentacao, qtd_movimentacao, ativo)"
        " VALUES (400, 'P1', 'quatro', current_date, 'E', 1, true)"
    )
    assert nome(banco, "P1") == "três"
    banco.execute("UPDATE movimentacao_estoque SET id = 600 WHERE id = 400")
    assert nome(banco, "P1") == "quatro"
