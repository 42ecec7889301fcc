"""The projection: netting, overdue documents, the eight days, and what midnight does to them."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal as Dec
from typing import Any

import psycopg
import pytest
from apoio import FUSO, Banco, hoje_em_sao_paulo

from estoque_pg.migracoes import instalar


def finais(banco: Banco, cod: str, dias: int = 7) -> list[Any]:
    return [
        r["saldo_final"] for r in banco.cru("SELECT * FROM estoque_projecao(%s, %s)", [cod, dias])
    ]


# --- within the window ------------------------------------------------------------------------


def test_end_of_day_is_balance_plus_entries_minus_exits_up_to_it(banco: Banco) -> None:
    banco.mov("P1", 10)
    banco.sep("P1", 4, 0)
    banco.prod("P1", 3, 2)
    banco.sep("P1", 8, 5)
    assert finais(banco, "P1") == [6, 6, 9, 9, 9, 1, 1, 1]
    assert banco.d7("P1") == (1, None)


def test_entries_and_exits_of_one_day_net(banco: Banco) -> None:
    """Within one day there is no order: 5 out and 6 in never break the stock."""
    banco.sep("P1", 5, 3)
    banco.prod("P1", 6, 3)
    assert banco.d7("P1") == (0, None)
    banco.sep("P1", 2, 3)
    assert banco.d7("P1") == (-1, banco.dia(3))


def test_balance_of_this_moment_is_part_of_the_minimum(banco: Banco) -> None:
    """The minimum of the balance now and of the eight end-of-days."""
    banco.mov("P1", -5)
    banco.prod("P1", 20, 0)
    assert banco.d7("P1") == (-5, None)  # every day ends at 15, so nothing runs out


def test_negative_balance_now_is_a_rupture_today_unless_today_mends_it(banco: Banco) -> None:
    banco.mov("P1", -5)
    assert banco.d7("P1") == (-5, banco.D)
    banco.prod("P1", 5, 0)
    assert banco.d7("P1") == (-5, None)


def test_zero_is_a_value_and_not_a_rupture(banco: Banco) -> None:
    banco.mov("P1", 5)
    banco.sep("P1", 5, 2)
    assert banco.d7("P1") == (0, None)
    banco.sep("P1", 0.001, 4)
    assert banco.d7("P1") == (Dec("-0.001"), banco.dia(4))


def test_rupture_is_the_first_day_below_zero_even_if_it_recovers(banco: Banco) -> None:
    banco.mov("P1", 5)
    banco.sep("P1", 6, 2)
    banco.prod("P1", 100, 3)
    banco.sep("P1", 200, 6)
    assert banco.d7("P1") == (-101, banco.dia(2))


@pytest.mark.parametrize(("dias", "dentro"), [(0, True), (6, True), (7, True), (8, False)])
def test_window_is_eight_days(banco: Banco, dias: int, dentro: bool) -> None:
    """D … D+7."""
    banco.sep("P1", 5, dias)
    assert banco.d7("P1") == ((-5, banco.dia(dias)) if dentro else (0, None))
    linhas = banco.cru("SELECT * FROM estoque_consultar('{P1}')")
    assert len(linhas[0]["movimentacoes_previstas"]) == dentro


def test_product_without_forecast_rows(banco: Banco) -> None:
    """0 is a value, never NULL."""
    banco.mov("P1", 0)
    linha = banco.produto("P1")
    assert linha is not None
    assert linha["menor_estoque_d7"] == 0


# --- overdue ----------------------------------------------------------------------------------


def test_overdue_exits_count_on_today(banco: Banco) -> None:
    """The goods have not left yet; the forecast row keeps its real date."""
    banco.mov("P1", 10)
    banco.sep("P1", 4, -1)
    banco.pre("P1", 8, -300)
    assert finais(banco, "P1", 1) == [-2, -2]
    assert banco.d7("P1") == (-2, banco.D)
    assert set(banco.previsto("P1")) == {banco.dia(-1), banco.dia(-300)}
    primeira = banco.cru("SELECT * FROM estoque_projecao('P1', 0)")[0]
    assert (primeira["saldo_inicial"], primeira["saida"]) == (10, 12)
    linha = banco.cru("SELECT * FROM estoque_consultar('{P1}')")[0]
    assert linha["movimentacoes_previstas"] == []


def test_overdue_entries_do_not_count(banco: Banco) -> None:
    """Late production is not promised, not even against an overdue exit of its own day."""
    banco.prod("P1", 50, -1)
    banco.sep("P1", 4, -1)
    assert banco.d7("P1") == (-4, banco.D)
    assert banco.previsto("P1") == {banco.dia(-1): (50, 4)}


def test_closed_overdue_exit_no_longer_counts(banco: Banco) -> None:
    banco.sep("P1", 4, -1, "L1")
    banco.item("L1", "NF1")
    assert banco.d7("P1") == (0, None)


@pytest.mark.parametrize("quando", ["-infinity", "infinity", "0044-03-15 BC", "5874897-12-31"])
def test_dates_at_the_ends_of_time(banco: Banco, quando: str) -> None:
    banco.mov("P1", 1)
    for sql in (
        "INSERT INTO separacao (separacao_lote_id, cod_produto, qtd_saldo, expedicao)"
        " VALUES ('L', 'P1', 4, %s)",
        "INSERT INTO programacao_producao (cod_produto, qtd_programada, data_programacao)"
        " VALUES ('P1', 9, %s)",
    ):
        banco.execute(sql, [quando])
    passado = quando.startswith("-") or quando.endswith("BC")
    assert banco.d7("P1") == ((-3, banco.D) if passado else (1, None))


# --- balance and forecast meet ----------------------------------------------------------------


@pytest.mark.parametrize("qtds", [(7, -3, 20, -30, 6), (-1, 1, -1), (Dec("0.001"), -Dec("0.002"))])
def test_movements_under_a_standing_forecast(banco: Banco, qtds: tuple[Any, ...]) -> None:
    """The minimum moves with the balance; its sign, and so the day, changes both ways."""
    banco.prod("P1", 2, 1)
    banco.sep("P1", 5, 2)
    banco.sep("P1", 5, 4)
    banco.prod("P1", 30, 6)
    for qtd in qtds:
        banco.mov("P1", qtd)


def test_movement_that_moves_the_first_rupture_to_another_day(banco: Banco) -> None:
    banco.sep("P1", 5, 2)
    banco.sep("P1", 5, 4)
    assert banco.d7("P1") == (-10, banco.dia(2))
    banco.mov("P1", 5)
    assert banco.d7("P1") == (-5, banco.dia(4))
    banco.mov("P1", 5)
    assert banco.d7("P1") == (0, None)
    banco.mov("P1", -6)
    assert banco.d7("P1") == (-6, banco.dia(2))


def test_minimum_that_is_the_balance_now(banco: Banco) -> None:
    """Where the balance now is the minimum, no day need be in rupture."""
    banco.prod("P1", 10, 0)
    banco.mov("P1", -3)
    assert banco.d7("P1") == (-3, None)
    banco.mov("P1", -8)
    assert banco.d7("P1") == (-11, banco.D)
    banco.mov("P1", 2)
    assert banco.d7("P1") == (-9, None)


# --- the day turns ----------------------------------------------------------------------------


def cena(banco: Banco) -> None:
    """Products whose answers change in every way when days go by."""
    banco.mov("CALMO", 5)
    banco.mov("P1", 10)  # an exit enters the window on D+2
    banco.sep("P1", 11, 9)
    banco.mov("P2", 1)  # an entry becomes overdue and is promised no longer
    banco.prod("P2", 5, 1)
    banco.sep("P2", 4, 3)
    banco.mov("P3", 1)  # an open exit becomes overdue and counts on
    banco.sep("P3", 4, 0)
    banco.mov("P4", -2)  # mended today only
    banco.prod("P4", 3, 0)
    banco.prod("P5", 3, 7)
    banco.sep("P5", 3, 8)
    banco.unir("P6", "P1")


@pytest.mark.parametrize("n", [1, 2, 3, 8, 9, 10, 400, -1, -3, -9])
def test_midnight_without_any_write(banco: Banco, n: int) -> None:
    """Functions and views answer rightly at every moment, jobs or no jobs, both ways."""
    cena(banco)
    banco.ir_para(n)  # compares every function and the view with the oracle on that day


def test_every_midnight_of_two_weeks_with_writes_after_each(banco: Banco) -> None:
    cena(banco)
    for n in range(14):
        banco.ir_para(n)
        banco.mov("P1", -1)
        banco.prod("P5", 1, n + 7)
        banco.mov("P2", Dec("0.5"))


def test_day_turned_back(banco: Banco) -> None:
    """A clock set back, or a time zone further west: the fields hold for their own days only."""
    cena(banco)
    for n in (5, 3, 9, 0, 1, -2):
        banco.ir_para(n)
        banco.mov("P3", 1)
        banco.sep("P4", 1, n)


def test_ruptures_just_after_midnight(banco: Banco) -> None:
    cena(banco)
    antes = [r["cod_produto"] for r in banco.cru("SELECT * FROM estoque_rupturas(7)")]
    assert antes == ["P3"]
    banco.ir_para(2)
    depois = [r["cod_produto"] for r in banco.cru("SELECT * FROM estoque_rupturas(7)")]
    assert depois == ["P3", "P4", "P2", "P1"]


def test_stored_fields_say_until_which_day_they_hold(banco: Banco) -> None:
    cena(banco)
    for cod in ("CALMO", "P1", "P2", "P3", "P4", "P5"):
        linha = banco.produto(cod)
        assert linha is not None
        assert linha["valido_desde"] <= banco.D <= linha["valido_ate"], cod
    um = banco.produto("P1")
    assert um is not None
    assert um["valido_ate"] == banco.dia(1)


def test_turning_the_day_refreshes_exactly_what_no_longer_holds(banco: Banco) -> None:
    cena(banco)
    assert banco.valor("SELECT estoque_virada()") == 0
    for n in (1, 2, 9, 30, 0):
        banco.ir_para(n)
        vencidos = banco.cru(
            "SELECT cod_produto FROM estoque_tempo_real"
            " WHERE NOT (estoque_hoje() BETWEEN valido_desde AND valido_ate)"
        )
        antes = {
            r["cod_produto"]: r["x"]
            for r in banco.cru("SELECT cod_produto, xmin::text AS x FROM estoque_tempo_real")
        }
        assert banco.execute("SELECT estoque_virada() AS n")[0]["n"] == len(vencidos)
        mudou = {
            r["cod_produto"]
            for r in banco.cru("SELECT cod_produto, xmin::text AS x FROM estoque_tempo_real")
            if antes[r["cod_produto"]] != r["x"]
        }
        assert mudou == {r["cod_produto"] for r in vencidos}
        assert banco.valor("SELECT estoque_virada()") == 0
        assert not banco.cru(
            "SELECT cod_produto FROM estoque_tempo_real"
            " WHERE NOT (estoque_hoje() BETWEEN valido_desde AND valido_ate)"
        )


def test_calm_product_needs_no_refresh(banco: Banco) -> None:
    """The mere passing of time leaves a product without forecast right."""
    banco.mov("CALMO", 5)
    banco.ir_para(1000)
    assert banco.valor("SELECT estoque_virada()") == 0


def test_expired_is_not_a_difference_but_a_wrong_claim_is(banco: Banco) -> None:
    cena(banco)
    banco.ir_para(9)
    assert banco.cru("SELECT * FROM estoque_verificar()") == []
    banco.cru("UPDATE estoque_tempo_real SET valido_ate = 'infinity' WHERE cod_produto = 'P1'")
    campos = {r["campo"] for r in banco.cru("SELECT * FROM estoque_verificar()")}
    assert campos & {"menor_estoque_d7", "dia_ruptura"}
    banco.cru("SELECT estoque_recalcular('P1')")
    banco.verificar()


# --- today ------------------------------------------------------------------------------------


@pytest.mark.parametrize("fuso", ["UTC", "Pacific/Kiritimati", "Etc/GMT+12", "Asia/Tokyo"])
def test_today_is_in_the_business_time_zone(servico: Any, vazio: str, fuso: str) -> None:
    """America/Sao_Paulo, whatever the session's or the server's TimeZone."""
    instalar(vazio, None)
    with psycopg.connect(vazio, options=f"-c timezone={fuso}", autocommit=True) as conn:
        antes = hoje_em_sao_paulo()
        linha = conn.execute("SELECT estoque_hoje()").fetchone()
        assert linha is not None
        assert linha[0] in (antes, hoje_em_sao_paulo())
        # Its formula, for the moments at which the two calendars differ most.
        definicao = conn.execute("SELECT pg_get_functiondef('estoque_hoje'::regproc)").fetchone()
        assert definicao is not None
        assert "America/Sao_Paulo" in definicao[0]


@pytest.mark.parametrize("fuso", ["UTC", "Pacific/Kiritimati", "Etc/GMT+12"])
def test_writers_session_time_zone_changes_nothing(banco: Banco, fuso: str) -> None:
    """Nor does it for the ERP's dates: a date stays the day it says."""
    banco.cru(f"SET timezone = '{fuso}'")
    cena(banco)
    banco.ir_para(1)


def test_transaction_across_midnight(banco: Banco) -> None:
    """A writer and a reader that stand on different days: each answer is right for its own."""
    cena(banco)
    with banco.transacao():
        banco.mov("P1", 1)
        banco.ir_para(2)
        banco.mov("P2", 1)
    banco.ir_para(1)


def test_only_one_function_knows_the_clock(banco: Banco) -> None:
    """One function, estoque_hoje(), is the only place that knows today."""
    corpos = banco.cru(
        "SELECT p.proname, coalesce(pg_get_function_sqlbody(p.oid), p.prosrc) AS corpo"
        " FROM pg_proc p WHERE p.pronamespace = 'public'::regnamespace"
        " AND p.proname ~ '^_?estoque_'"
        # A digest is due by the clock of who reads it, which is no business day.
        " AND p.proname NOT IN ('estoque_hoje', '_estoque_dia_do_resumo')"
    )
    assert len(corpos) > 20
    for r in corpos:
        assert "current_date" not in r["corpo"].lower(), r["proname"]
        assert "::date" not in r["corpo"].lower() or "now()" not in r["corpo"].lower(), r["proname"]


def test_horizon_is_measured_in_calendar_days_over_a_year_end(banco: Banco) -> None:
    banco.ir_para(date(2025, 12, 28))
    banco.sep("P1", 5, date(2026, 1, 4))
    assert banco.d7("P1") == (-5, date(2026, 1, 4))
    banco.sep("P2", 5, date(2026, 1, 5))
    assert banco.d7("P2") == (0, None)
    banco.ir_para(date(2028, 2, 22))  # a leap day within the window
    banco.sep("P3", 5, date(2028, 2, 29))
    assert banco.d7("P3") == (-5, date(2028, 2, 29))


def test_sao_paulo_day_differs_from_utc_for_some_hours() -> None:
    """What the frozen days stand for: there is always a time when the two dates differ."""
    from datetime import datetime, timezone

    instante = datetime(2025, 8, 7, 1, 0, tzinfo=timezone.utc)
    assert instante.astimezone(FUSO).date() == date(2025, 8, 7) - timedelta(days=1)


@pytest.mark.parametrize("dias", [0, 3, 7])
def test_a_row_of_an_earlier_day_says_each_day_of_today(banco: Banco, dias: int) -> None:
    """Exits overdue by then, days that have entered the window: the row holds, and is read."""
    banco.mov("P", 10)
    for quantos, dia in ((4, 1), (9, 5), (2, 20)):
        banco.sep("P", quantos, dia)
    banco.prod("P", 1, 6)
    for hoje in range(5):
        banco.congelar(banco.dia(hoje))
        linha = banco.produto("P")
        assert linha is not None
        assert (linha["valido_desde"], linha["dia_ruptura"]) == (banco.D, banco.dia(5))
        assert linha["valido_ate"] >= banco.dia(hoje)
        certo = banco.verificar()
        assert banco.cru("SELECT * FROM estoque_rupturas(%s)", [dias]) == certo.rupturas(dias)
    banco.cru("UPDATE estoque_tempo_real SET liquidos[6] = liquidos[6] - 1")
    assert [r["campo"] for r in banco.cru("SELECT * FROM estoque_verificar()")] == ["liquidos"]
    banco.cru("SELECT estoque_recalcular('P')")
    banco.verificar()
