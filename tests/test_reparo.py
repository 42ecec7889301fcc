"""Whatever goes astray in our tables is noticed and mended, also while others write."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest
from apoio import NIVEIS, RETENTAVEIS, Banco, Sessao
from oraculo import FONTES

MOV = (
    "INSERT INTO movimentacao_estoque (cod_produto, nome_produto, data_movimentacao,"
    " tipo_movimentacao, qtd_movimentacao, ativo) VALUES "
)


def linha(cod: str, qtd: int = 5) -> str:
    return f"('{cod}', 'Produto {cod}', '2025-08-06', 'E', {qtd}, true)"


def mudar(campo: str) -> str:
    return f"UPDATE estoque_tempo_real SET {campo} WHERE cod_produto = 'P'"


def mudar_dia(campo: str) -> str:
    return f"UPDATE movimentacao_prevista SET {campo} WHERE cod_produto = 'P'"


# what goes wrong · what the audit calls it · a code of which it is wrong
ESTRAGOS: dict[str, tuple[str, str, str]] = {
    "balance": (mudar("saldo_atual = -3"), "saldo_atual", "P"),
    "minimum": (mudar("menor_estoque_d7 = 1"), "menor_estoque_d7", "P"),
    "day of rupture gone": (mudar("dia_ruptura = NULL"), "dia_ruptura", "P"),
    "another day of rupture": (mudar("dia_ruptura = '2025-08-10'"), "dia_ruptura", "P"),
    "name": (mudar("nome_produto = 'x'"), "nome_produto", "P"),
    "name gone": (mudar("nome_produto = NULL"), "nome_produto", "P"),
    "validity": (mudar("valido_ate = '9999-12-31'"), "valido_ate", "P"),
    "all fields": (
        mudar("saldo_atual = 0, menor_estoque_d7 = 9, dia_ruptura = NULL, nome_produto = ''"),
        "saldo_atual",
        "P",
    ),
    "product gone": (
        "DELETE FROM estoque_tempo_real WHERE cod_produto = 'P'",
        "cod_produto",
        "P",
    ),
    "product under another code": (mudar("cod_produto = 'zz'"), "cod_produto", "P"),
    "product nobody mentions": (
        "INSERT INTO estoque_tempo_real (cod_produto, saldo_atual) VALUES ('n', 4)",
        "cod_produto",
        "n",
    ),
    "forecast entry": (
        mudar_dia("entrada_prevista = entrada_prevista + 1"),
        "entrada_prevista",
        "P",
    ),
    "forecast exit": (mudar_dia("saida_prevista = saida_prevista + 1"), "saida_prevista", "P"),
    "forecast day": (
        mudar_dia("data_prevista = data_prevista + 100"),
        "saida_prevista",
        "P",
    ),
    "forecast gone": (
        "DELETE FROM movimentacao_prevista WHERE cod_produto = 'P'",
        "entrada_prevista",
        "P",
    ),
    "forecast too much": (
        "INSERT INTO movimentacao_prevista VALUES ('P', '2025-08-07', 0, 1)",
        "saida_prevista",
        "P",
    ),
    "empty forecast": (
        "INSERT INTO movimentacao_prevista VALUES ('P', '2025-08-07', 0, 0)",
        "saida_prevista",
        "P",
    ),
    "forecast of nobody": (
        "INSERT INTO movimentacao_prevista VALUES ('n', '2025-08-07', 0, 1)",
        "saida_prevista",
        "n",
    ),
    "forecast of an alias": (
        "INSERT INTO movimentacao_prevista VALUES ('X', '2025-08-07', 0, 1)",
        "saida_prevista",
        "X",
    ),
    "product of an alias": (
        "INSERT INTO estoque_tempo_real (cod_produto) VALUES ('X')",
        "cod_produto",
        "X",
    ),
    "code gone": (
        "DELETE FROM estoque_codigo_conhecido WHERE codigo = 'P'",
        "codigo canonico",
        "P",
    ),
    "alias gone": (
        "DELETE FROM estoque_codigo_conhecido WHERE codigo = 'X'",
        "codigo canonico",
        "X",
    ),
    "alias in another group": (
        "UPDATE estoque_codigo_conhecido SET cod_produto = 'Q' WHERE codigo = 'X'",
        "codigo canonico",
        "X",
    ),
    "alias on its own": (
        "UPDATE estoque_codigo_conhecido SET cod_produto = 'X' WHERE codigo = 'X'",
        "codigo canonico",
        "X",
    ),
    "code in another group": (
        "UPDATE estoque_codigo_conhecido SET cod_produto = 'Q' WHERE codigo = 'P'",
        "codigo canonico",
        "P",
    ),
    "code nobody mentions": (
        "INSERT INTO estoque_codigo_conhecido VALUES ('n', 'n')",
        "codigo canonico",
        "n",
    ),
    "code of nobody in a group": (
        "INSERT INTO estoque_codigo_conhecido VALUES ('n', 'P')",
        "codigo canonico",
        "n",
    ),
    "gate open": (
        "UPDATE estoque_lote SET faturado = false WHERE separacao_lote_id = 'L1'",
        "faturado do lote L1",
        "P",
    ),
    "gate closed": (
        "UPDATE estoque_lote SET faturado = true WHERE separacao_lote_id = 'L2'",
        "faturado do lote L2",
        "P",
    ),
    "gates turned": (
        "UPDATE estoque_lote SET faturado = NOT faturado",
        "faturado do lote L1",
        "Q",
    ),
    "gate gone": ("DELETE FROM estoque_lote", "faturado do lote L1", "P"),
    "gate and what follows from it": (
        "UPDATE estoque_lote SET faturado = false WHERE separacao_lote_id = 'L1';"
        "INSERT INTO movimentacao_prevista AS m VALUES ('P', '2025-08-10', 0, 4)"
        " ON CONFLICT (cod_produto, data_prevista) DO UPDATE"
        " SET saida_prevista = m.saida_prevista + 4",
        "saida_prevista",
        "P",
    ),
}
NEM_PRODUTO_NEM_DIA = ("faturado", "codigo canonico")


def viver(banco: Banco) -> None:
    """Goes on writing on what was mended: what hid in the inner tables shows now."""
    banco.sep("P", 2, 2, "L1")
    banco.sep("Q", 2, 2, "L2")
    banco.execute("UPDATE embarque_itens SET nota_fiscal = 'NF'")
    banco.execute("UPDATE embarque_itens SET nota_fiscal = NULL")
    banco.mov("X", -3)
    banco.mov("n", 1)
    banco.ir_para(4)
    banco.execute("DELETE FROM unificacao_codigos")
    banco.execute("DELETE FROM movimentacao_estoque")
    banco.execute("DELETE FROM separacao")


@pytest.mark.parametrize("reparo", ["one", "all", "truncate"])
@pytest.mark.parametrize("estrago", ESTRAGOS)
def test_damage_is_noticed_and_mended(povoado: Banco, estrago: str, reparo: str) -> None:
    sql, campo, cod = ESTRAGOS[estrago]
    povoado.cru(sql)
    achados = povoado.cru("SELECT * FROM estoque_verificar()")
    assert campo in {r["campo"] for r in achados}
    assert all(r["valor_armazenado"] != r["valor_esperado"] for r in achados)
    assert campo in {
        r["campo"] for r in povoado.cru("SELECT * FROM estoque_verificar(%s)", [[cod]])
    }
    if reparo == "one":
        # the codes that the audit names, and for a gate, which is of no product, one of its lot
        for codigo in sorted({cod} | {r["cod_produto"] for r in achados} - {None}):
            povoado.cru("SELECT estoque_recalcular(%s)", [codigo])
            assert povoado.valor("SELECT estoque_recalcular(%s)", [codigo]) == 0
    elif reparo == "all":
        produtos = {r["cod_produto"] for r in achados if not r["campo"].startswith("faturado")}
        corrigidos = povoado.valor("SELECT estoque_recalcular_tudo()")
        assert corrigidos > 0 or not produtos
    else:
        povoado.cru("TRUNCATE pre_separacao_item")
    povoado.verificar()
    assert povoado.valor("SELECT estoque_recalcular_tudo()") == 0
    viver(povoado)


CONTADOS = [n for n, (_, c, _) in ESTRAGOS.items() if not c.startswith(NEM_PRODUTO_NEM_DIA)]


@pytest.mark.parametrize("estrago", CONTADOS)
def test_number_of_products_corrected(povoado: Banco, estrago: str) -> None:
    sql, _, cod = ESTRAGOS[estrago]
    povoado.cru(sql)
    assert povoado.valor("SELECT estoque_recalcular(%s)", [cod]) >= 1
    assert povoado.valor("SELECT estoque_recalcular(%s)", [cod]) == 0
    povoado.cru("SELECT estoque_recalcular_tudo()")
    povoado.verificar()
    povoado.cru(sql)
    assert povoado.valor("SELECT estoque_recalcular_tudo()") >= 1
    assert povoado.valor("SELECT estoque_recalcular_tudo()") == 0
    povoado.verificar()


def test_product_nobody_mentions_is_one_correction(povoado: Banco) -> None:
    povoado.cru("INSERT INTO estoque_tempo_real (cod_produto) VALUES ('n')")
    assert povoado.valor("SELECT estoque_recalcular_tudo()") == 1
    povoado.verificar()


@pytest.mark.parametrize(
    "campo",
    [
        "valido_desde = '2025-08-20'",
        "valido_ate = '2025-08-01'",
        "valido_desde = '9999-12-31', valido_ate = '0001-01-01', menor_estoque_d7 = 77",
        "recalculado_por = NULL",
        "recalculado_por = '3'",
        "atualizado_em = '2000-01-01'",
    ],
)
def test_fields_that_claim_nothing_do_no_harm(povoado: Banco, campo: str) -> None:
    """Outlooks that hold on no day are projected by the readers and are no difference."""
    povoado.execute(mudar(campo))
    assert povoado.valor("SELECT estoque_recalcular('P')") == 0
    assert povoado.valor("SELECT estoque_recalcular_tudo()") == 0
    viver(povoado)


def test_everything_of_ours_is_emptied(povoado: Banco) -> None:
    povoado.cru(
        "TRUNCATE estoque_tempo_real, movimentacao_prevista, estoque_codigo_conhecido,"
        " estoque_lote, estoque_controle"
    )
    assert povoado.cru("SELECT * FROM estoque_verificar()")
    assert povoado.valor("SELECT estoque_recalcular_tudo()") == 2
    povoado.verificar()
    viver(povoado)


def test_everything_of_ours_is_emptied_and_mended_code_by_code(povoado: Banco) -> None:
    povoado.cru(
        "TRUNCATE estoque_tempo_real, movimentacao_prevista, estoque_codigo_conhecido,"
        " estoque_lote, estoque_controle"
    )
    for cod in "QXP":
        povoado.cru("SELECT estoque_recalcular(%s)", [cod])
    povoado.verificar()
    viver(povoado)


def test_unifications_take_turns_though_the_turn_was_lost(banco: Banco) -> None:
    """Two halves of a cycle never both stay, even where the row they meet on had been deleted."""
    unir = (
        "INSERT INTO unificacao_codigos (codigo_origem, codigo_destino, ativo)"
        " VALUES ('{}', '{}', true)"
    )
    banco.cru("DELETE FROM estoque_controle")
    with Sessao(banco) as a, Sessao(banco) as b:
        a.faz("BEGIN").result(20)
        a.faz(unir.format("A", "B")).result(20)
        futuro = b.faz(unir.format("B", "A"))
        assert not b.assenta(futuro)
        a.faz("COMMIT").result(20)
        with pytest.raises(psycopg.Error) as erro:
            futuro.result(20)
        assert erro.value.sqlstate == "EP002"
    banco.verificar()


# --- horizons that end after the calendar ---------------------------------------------------------


@pytest.mark.parametrize("dias", [2**31 - 1, 3_000_000, 2_914_700])
def test_ruptures_of_a_horizon_beyond_the_calendar(povoado: Banco, dias: int) -> None:
    povoado.mov("R", 1)
    povoado.sep("R", 2, 30, "L3")
    povoado.mov("S", 1)
    povoado.prod("S", 2, povoado.D.replace(year=9999))
    certo = povoado.verificar()
    assert povoado.cru("SELECT * FROM estoque_rupturas(%s)", [dias]) == certo.rupturas(40)
    assert [r["cod_produto"] for r in certo.rupturas(40)] == ["P", "R"]


# --- TRUNCATE and the isolation level -------------------------------------------------------------


@pytest.mark.parametrize("nivel", NIVEIS)
@pytest.mark.parametrize("fonte", FONTES)
def test_truncate_needs_a_fresh_snapshot(povoado: Banco, fonte: str, nivel: str) -> None:
    """TRUNCATE shows rows newer than the snapshot as gone, and a rebuild could not see the rest."""
    antes = povoado.retrato()
    with Sessao(povoado) as s:
        s.faz(f"BEGIN ISOLATION LEVEL {nivel}").result(20)
        s.faz("SELECT 1 FROM estoque_tempo_real").result(20)
        povoado.mov("NOVO", 5)
        povoado.sep("NOVO", 5, 1, "L9")
        povoado.item("L9", "NF")
        if nivel == NIVEIS[0]:
            s.faz(f"TRUNCATE {fonte}").result(20)
            s.faz("COMMIT").result(20)
            povoado.verificar()
            assert povoado.valor(f"SELECT count(*) FROM {fonte}") == 0
        else:
            depois = povoado.retrato()
            with pytest.raises(psycopg.errors.FeatureNotSupported) as erro:
                s.faz(f"TRUNCATE {fonte}").result(20)
            assert fonte in str(erro.value)
            assert "READ COMMITTED" in str(erro.value)
            s.faz("COMMIT").result(20)
            assert povoado.retrato() == depois != antes
            povoado.verificar()
            s.faz(f"BEGIN ISOLATION LEVEL {nivel}").result(20)  # what the hint advises
            s.faz(f"DELETE FROM {fonte}").result(20)
            s.faz("COMMIT").result(20)
    povoado.verificar()


# --- mending while others write -------------------------------------------------------------------

PASSO = 7  # an advisory lock that the slow session takes and gives back at each look at the day


class Lenta(Sessao):
    """A session that stops wherever it asks which day it is, until told to go on."""

    def __init__(self, banco: Banco) -> None:
        super().__init__(banco)
        hoje = banco.D.isoformat()
        banco.cru(
            "CREATE OR REPLACE FUNCTION estoque_hoje() RETURNS date LANGUAGE plpgsql STABLE AS $$"
            " BEGIN IF current_setting('application_name') = 'lenta' THEN"
            f" PERFORM pg_advisory_lock({PASSO}); PERFORM pg_advisory_unlock({PASSO}); END IF;"
            f" RETURN date '{hoje}'; END $$"
        )
        banco.cru(f"SELECT pg_advisory_lock({PASSO})")
        self.faz("SET application_name = 'lenta'").result(20)

    def passo(self) -> None:
        """The lock is granted in turn, so this comes back when the other has gone one step on."""
        self.banco.cru(f"SELECT pg_advisory_unlock({PASSO})")
        self.banco.cru(f"SELECT pg_advisory_lock({PASSO})")

    def __exit__(self, *erro: object) -> None:
        self.banco.cru("SELECT pg_advisory_unlock_all()")
        super().__exit__(*erro)


@pytest.mark.parametrize(
    "reparo",
    [
        "SELECT estoque_recalcular_tudo()",
        "TRUNCATE pre_separacao_item",
        "SELECT estoque_recalcular('P')",
        "SELECT estoque_virada()",
    ],
)
def test_products_are_born_and_written_while_all_is_rebuilt(povoado: Banco, reparo: str) -> None:
    """At every stop of the rebuild a product is born, and those born before are written again."""
    povoado.cru(mudar("saldo_atual = 1, valido_ate = '0001-01-01'"))
    esperas: list[tuple[Sessao, Any]] = []
    with Lenta(povoado) as lenta, Sessao(povoado) as um, Sessao(povoado) as outro:
        futuro = lenta.faz(reparo)
        livres = [um, outro]
        for n in range(200):
            lenta.assenta(futuro)
            if futuro.done():
                break
            for sessao in tuple(livres):
                for sql in (
                    MOV + f"{linha('NOVO')}, {linha(f'N{n}')}",
                    "INSERT INTO programacao_producao (cod_produto, data_programacao,"
                    " qtd_programada) VALUES ('NOVO', '2025-08-07', 3)",
                    "INSERT INTO separacao (separacao_lote_id, cod_produto, expedicao, qtd_saldo)"
                    f" VALUES ('L{n}', 'NOVO', '2025-08-09', 2)",
                    "INSERT INTO embarque_itens (separacao_lote_id, nota_fiscal, status)"
                    f" VALUES ('L{n}', 'NF', 'ativo')",
                ):
                    escrita = sessao.faz(sql)
                    if not sessao.assenta(escrita):
                        livres.remove(sessao)
                        esperas.append((sessao, escrita))
                        break
                    escrita.result(20)
            lenta.passo()
        assert n > 0, "nothing was written meanwhile"
        povoado.cru("SELECT pg_advisory_unlock_all()")
        futuro.result(20)
        for _, escrita in esperas:
            escrita.result(20)
    povoado.cru("SELECT estoque_recalcular('P')")
    povoado.verificar()


def test_first_movement_waits_beside_a_unification(banco: Banco) -> None:
    """Of two new codes one becomes an alias while the statement still waits for the other."""
    unir = (
        "INSERT INTO unificacao_codigos (codigo_origem, codigo_destino, ativo)"
        " VALUES ('A', 'B', true)"
    )
    banco.mov("B", 1)
    with Sessao(banco) as a, Sessao(banco) as m, Sessao(banco) as dois, Sessao(banco) as uniao:
        for sessao, cod in ((a, "A"), (m, "M")):
            sessao.faz("BEGIN").result(20)
            sessao.faz(MOV + linha(cod)).result(20)
        escrita = dois.faz(MOV + f"{linha('A', 10)}, {linha('M', 10)}")
        assert not dois.assenta(escrita)
        a.faz("COMMIT").result(20)
        assert not dois.assenta(escrita)  # for M now
        uniao.faz("BEGIN").result(20)
        unificada = uniao.faz(unir)
        uniao.assenta(unificada)
        m.faz("COMMIT").result(20)
        dois.assenta(escrita)
        if unificada.done():
            uniao.faz("COMMIT").result(20)
            escrita.result(20)
        else:
            escrita.result(20)
            unificada.result(20)
            uniao.faz("COMMIT").result(20)
    certo = banco.verificar()
    assert certo.canonico("A") == "B"
    assert banco.saldo("B") == 16


NOVIDADES = {
    "a product": MOV + linha("NOVO"),
    "a movement": MOV + linha("P"),
    "a forecast of a product": "INSERT INTO separacao (separacao_lote_id, cod_produto, expedicao,"
    " qtd_saldo) VALUES ('L1', 'P', '2025-08-07', 2), ('L2', 'P', '2025-08-07', 2)",
    "an invoiced lot": "WITH s AS (INSERT INTO separacao (separacao_lote_id, cod_produto,"
    " expedicao, qtd_saldo) VALUES ('L9', 'NOVO', '2025-08-07', 2))"
    " INSERT INTO embarque_itens (separacao_lote_id, nota_fiscal, status)"
    " VALUES ('L9', 'NF', 'ativo')",
    "an invoice": "UPDATE embarque_itens SET nota_fiscal = 'NF'",
    "a unification": "INSERT INTO unificacao_codigos (codigo_origem, codigo_destino, ativo)"
    " VALUES ('P', 'Q', true)",
    "a split": "DELETE FROM unificacao_codigos",
    "the end of a product": "DELETE FROM movimentacao_estoque WHERE cod_produto = 'Q'",
}


@pytest.mark.parametrize("nivel", NIVEIS)
@pytest.mark.parametrize(
    "reparo",
    [
        "SELECT estoque_recalcular_tudo()",
        "SELECT estoque_recalcular('P')",
        "SELECT estoque_recalcular('NOVO')",
        "SELECT estoque_virada()",
    ],
)
@pytest.mark.parametrize("novidade", NOVIDADES)
def test_rebuild_under_an_older_snapshot(
    povoado: Banco, novidade: str, reparo: str, nivel: str
) -> None:
    """What the snapshot does not show is left alone, or ends in a serialization failure."""
    with Sessao(povoado) as s:
        s.faz(f"BEGIN ISOLATION LEVEL {nivel}").result(20)
        s.faz("SELECT 1 FROM estoque_tempo_real").result(20)
        povoado.execute(NOVIDADES[novidade])
        try:
            s.faz(reparo).result(20)
            s.faz("COMMIT").result(20)
        except RETENTAVEIS:
            assert nivel != NIVEIS[0]
    povoado.verificar()
