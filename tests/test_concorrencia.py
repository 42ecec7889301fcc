"""Two sessions at once, at every isolation level: an error may be, a wrong number never."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import psycopg
import pytest
from apoio import NIVEIS, RETENTAVEIS, Banco, Sessao, repetir
from oraculo import FONTES

MOV = (
    "INSERT INTO movimentacao_estoque (cod_produto, nome_produto, data_movimentacao,"
    " tipo_movimentacao, qtd_movimentacao, ativo) VALUES "
)


def mov(cod: str, qtd: int = 5) -> str:
    return MOV + f"('{cod}', 'Produto {cod}', '2025-08-06', 'E', {qtd}, true)"


def sep(cod: str, qtd: int = 2, lote: str = "L1") -> str:
    return (
        "INSERT INTO separacao (separacao_lote_id, cod_produto, qtd_saldo, expedicao)"
        f" VALUES ('{lote}', '{cod}', {qtd}, '2025-08-07')"
    )


def pre(cod: str, qtd: int = 3) -> str:
    return (
        "INSERT INTO pre_separacao_item (cod_produto, qtd_selecionada_usuario,"
        f" data_expedicao_editada) VALUES ('{cod}', {qtd}, '2025-08-08')"
    )


def unir(de: str, para: str) -> str:
    return (
        "INSERT INTO unificacao_codigos (codigo_origem, codigo_destino, ativo)"
        f" VALUES ('{de}', '{para}', true)"
    )


def item(lote: str = "L1") -> str:
    return (
        "INSERT INTO embarque_itens (embarque_id, separacao_lote_id, nota_fiscal, status)"
        f" VALUES (1, '{lote}', 'NF', 'ativo')"
    )


ATIVAR = "UPDATE unificacao_codigos SET ativo = true WHERE codigo_origem = 'A'"
PARTIR = "UPDATE unificacao_codigos SET ativo = false WHERE codigo_origem = 'A'"
CANCELAR = "UPDATE embarque_itens SET status = 'cancelado'"
BASE = (mov("A", 100), mov("B", 1000), sep("A", 7, "L0"), pre("B", 9))
UNIDOS = (*BASE, unir("A", "B"))

# what is there before · what one session does · what the other does
CASOS: dict[str, tuple[tuple[str, ...], str, str]] = {
    "two first movements of a new product": ((), mov("N"), mov("N", 7)),
    "two first forecasts of a new product": ((), sep("N"), pre("N")),
    "first movement and first forecast": ((), mov("N"), sep("N")),
    "forecast and movement of one product": (BASE, sep("A"), mov("A")),
    "two forecasts of one day": (BASE, sep("A"), sep("A", 4)),
    "last mention goes, a new one comes": (
        (mov("N"),),
        "DELETE FROM movimentacao_estoque WHERE cod_produto = 'N'",
        mov("N", 7),
    ),
    "last mention goes, a forecast comes": (
        (mov("N"),),
        "DELETE FROM movimentacao_estoque WHERE cod_produto = 'N'",
        sep("N"),
    ),
    "two mentions go": (
        (mov("N"), sep("N")),
        "DELETE FROM movimentacao_estoque WHERE cod_produto = 'N'",
        "DELETE FROM separacao WHERE cod_produto = 'N'",
    ),
    "unified while a movement comes to the alias": (BASE, unir("A", "B"), mov("A")),
    "unified while a movement comes to the destination": (BASE, unir("A", "B"), mov("B")),
    "unified while a forecast comes to the alias": (BASE, unir("A", "B"), sep("A")),
    "unified while the alias is first mentioned": ((mov("B"),), unir("A", "B"), mov("A")),
    "unified while both codes are first mentioned": ((), unir("A", "B"), mov("A")),
    "unified while the alias loses its movement": (
        BASE,
        unir("A", "B"),
        "DELETE FROM movimentacao_estoque WHERE cod_produto = 'A'",
    ),
    "unified while a movement changes sides": (
        BASE,
        unir("A", "B"),
        "UPDATE movimentacao_estoque SET cod_produto = 'A' WHERE cod_produto = 'B'",
    ),
    "unified while many codes are written": (
        BASE,
        unir("A", "B"),
        MOV + "('B', 'N', now(), 'E', 1, true), ('A', 'N', now(), 'E', 2, true),"
        " ('C', 'N', now(), 'E', 3, true)",
    ),
    "reactivated while a movement comes to the alias": (
        (*UNIDOS, PARTIR),
        ATIVAR,
        mov("A"),
    ),
    "split while a movement comes to the alias": (UNIDOS, PARTIR, mov("A")),
    "split while a movement comes to the destination": (UNIDOS, PARTIR, mov("B")),
    "split while a forecast comes to the alias": (UNIDOS, PARTIR, pre("A")),
    "split while the alias' forecast goes": (
        UNIDOS,
        PARTIR,
        "DELETE FROM separacao WHERE cod_produto = 'A'",
    ),
    "split of codes nothing else mentions": (
        (unir("A", "B"),),
        "DELETE FROM unificacao_codigos",
        mov("A"),
    ),
    "chain made from both ends": ((*BASE, mov("C")), unir("A", "B"), unir("B", "C")),
    "chain made and its end written": ((*UNIDOS, mov("C")), unir("B", "C"), mov("A")),
    "separated while its lot is invoiced": (BASE, item("L1"), sep("A", 2, "L1")),
    "separated while its lot, with others in it, is invoiced": (
        (*BASE, sep("B", 8, "L1")),
        item("L1"),
        sep("A", 2, "L1"),
    ),
    "separated while its lot's invoice is cancelled": (
        (*BASE, item("L1"), sep("B", 8, "L1")),
        CANCELAR,
        sep("A", 2, "L1"),
    ),
    "separation changed while its lot is invoiced": (
        (*BASE, sep("A", 8, "L1")),
        item("L1"),
        "UPDATE separacao SET qtd_saldo = 20 WHERE separacao_lote_id = 'L1'",
    ),
    "separation deleted while its lot is invoiced": (
        (*BASE, sep("A", 8, "L1")),
        item("L1"),
        "DELETE FROM separacao WHERE separacao_lote_id = 'L1'",
    ),
    "separation moved into a lot being invoiced": (
        (*BASE, sep("A", 8, "L2")),
        item("L1"),
        "UPDATE separacao SET separacao_lote_id = 'L1' WHERE separacao_lote_id = 'L2'",
    ),
    "lot invoiced twice": ((*BASE, sep("A", 8, "L1")), item("L1"), item("L1")),
    "one invoice of a lot comes, the other goes": (
        (*BASE, sep("A", 8, "L1"), item("L1")),
        CANCELAR,
        item("L1"),
    ),
    "both invoices of a lot go": (
        (*BASE, sep("A", 8, "L1"), item("L1"), item("L1")),
        "DELETE FROM embarque_itens WHERE id = (SELECT min(id) FROM embarque_itens)",
        "DELETE FROM embarque_itens WHERE id = (SELECT max(id) FROM embarque_itens)",
    ),
    "unified while a lot is invoiced": ((*BASE, sep("A", 8, "L1")), unir("A", "B"), item("L1")),
    "recalculated while a movement comes": (BASE, "SELECT estoque_recalcular('A')", mov("A")),
    "recalculated while a forecast comes": (BASE, "SELECT estoque_recalcular('A')", sep("A")),
    "all recalculated while a movement comes": (
        BASE,
        "SELECT estoque_recalcular_tudo()",
        mov("A"),
    ),
    "all recalculated while a product is born": (
        BASE,
        "SELECT estoque_recalcular_tudo()",
        sep("N"),
    ),
    "recalculated while it is unified": (BASE, "SELECT estoque_recalcular('A')", unir("A", "B")),
    "day turned while a movement comes": (BASE, "SELECT estoque_virada()", mov("A")),
    "truncated while a movement comes": (BASE, "TRUNCATE movimentacao_estoque", mov("A")),
    "truncated while a product is born": (BASE, "TRUNCATE movimentacao_estoque", mov("N")),
    "truncated while its lot is invoiced": (
        (*BASE, sep("A", 8, "L1")),
        "TRUNCATE separacao",
        item("L1"),
    ),
    "gates truncated while a separation comes": (
        (*BASE, sep("A", 8, "L1"), item("L1")),
        "TRUNCATE embarque_itens",
        sep("B", 3, "L1"),
    ),
    "truncated while a forecast comes": (BASE, "TRUNCATE movimentacao_estoque", sep("A")),
    "unifications truncated while a movement comes": (
        UNIDOS,
        "TRUNCATE unificacao_codigos",
        mov("A"),
    ),
    "name changed while a movement comes": (
        BASE,
        "UPDATE movimentacao_estoque SET nome_produto = 'Novo' WHERE cod_produto = 'A'",
        mov("A"),
    ),
}


def nivel_de(sql: str, nivel: str) -> str:
    """TRUNCATE is refused above READ COMMITTED (tested below): that session runs at it."""
    return NIVEIS[0] if sql.startswith("TRUNCATE") else nivel


def em_transacao(sessao: Sessao, sql: str, nivel: str) -> None:
    """All of a transaction, or nothing of it."""
    try:
        for comando in (f"BEGIN ISOLATION LEVEL {nivel}", sql, "COMMIT"):
            sessao.faz(comando).result(20)
    except psycopg.Error:
        sessao.faz("ROLLBACK").result(20)
        raise


def concluir(sessao: Sessao, sql: str, nivel: str, futuro: Future[Any] | None) -> None:
    """Ends the statement under way; after a serialization failure does it anew, as the API does."""
    nivel = nivel_de(sql, nivel)
    try:
        if futuro is not None:
            futuro.result(20)
        else:
            sessao.faz(sql).result(20)
        sessao.faz("COMMIT").result(20)
    except RETENTAVEIS:
        assert nivel != NIVEIS[0], "READ COMMITTED must not fail"
        sessao.faz("ROLLBACK").result(20)
        repetir(lambda: em_transacao(sessao, sql, nivel))


def comecar(sessao: Sessao, nivel: str) -> None:
    """Begins with a snapshot taken: what commits from now on is news to REPEATABLE READ."""
    sessao.faz(f"BEGIN ISOLATION LEVEL {nivel}").result(20)
    sessao.faz("SELECT count(*) FROM pg_class").result(20)  # locks nothing of ours


def a_termina_primeiro(a: Sessao, b: Sessao, sql_a: str, sql_b: str, nivel: str) -> None:
    """A writes, B writes (and waits or not), A commits, B commits."""
    a.faz(sql_a).result(20)
    futuro = b.faz(sql_b)
    b.assenta(futuro)
    a.faz("COMMIT").result(20)
    concluir(b, sql_b, nivel, futuro)


def b_vem_depois(a: Sessao, b: Sessao, sql_a: str, sql_b: str, nivel: str) -> None:
    """A writes and commits, then B writes under a snapshot from before."""
    a.faz(sql_a).result(20)
    a.faz("COMMIT").result(20)
    concluir(b, sql_b, nivel, None)


def b_termina_primeiro(a: Sessao, b: Sessao, sql_a: str, sql_b: str, nivel: str) -> None:
    """A writes, B writes; if it need not wait it commits first."""
    a.faz(sql_a).result(20)
    futuro = b.faz(sql_b)
    if b.assenta(futuro):
        concluir(b, sql_b, nivel, futuro)
        concluir_commit(a, sql_a, nivel)
    else:
        a.faz("COMMIT").result(20)
        concluir(b, sql_b, nivel, futuro)


def concluir_commit(a: Sessao, sql_a: str, nivel: str) -> None:
    try:
        a.faz("COMMIT").result(20)
    except RETENTAVEIS:
        assert nivel_de(sql_a, nivel) == NIVEIS[2]
        repetir(lambda: em_transacao(a, sql_a, nivel))


def a_desiste(a: Sessao, b: Sessao, sql_a: str, sql_b: str, nivel: str) -> None:
    """A writes, B writes (and waits or not), A rolls back."""
    a.faz(sql_a).result(20)
    futuro = b.faz(sql_b)
    b.assenta(futuro)
    a.faz("ROLLBACK").result(20)
    concluir(b, sql_b, nivel, futuro)


ORDENS = (a_termina_primeiro, b_vem_depois, b_termina_primeiro, a_desiste)


@pytest.mark.parametrize("caso", CASOS)
def test_two_sessions(banco: Banco, caso: str) -> None:
    duas_sessoes(banco, caso, NIVEIS)


def duas_sessoes(banco: Banco, caso: str, niveis: Sequence[str]) -> None:
    """Both orders, four interleavings, each isolation level; the invariant after each."""
    antes, um, outro = CASOS[caso]
    limpar = "TRUNCATE " + ", ".join(
        [
            "movimentacao_estoque",
            "pre_separacao_item",
            "separacao",
            "embarque_itens",
            "unificacao_codigos",
        ]
    )
    with Sessao(banco) as a, Sessao(banco) as b:
        for nivel in niveis:
            for ordem in ORDENS:
                for sql_a, sql_b in ((um, outro), (outro, um)):
                    banco.cru(limpar)
                    for sql in antes:
                        banco.cru(sql)
                    comecar(a, nivel_de(sql_a, nivel))
                    comecar(b, nivel_de(sql_b, nivel))
                    try:
                        ordem(a, b, sql_a, sql_b, nivel)
                        banco.verificar()
                    except Exception as erro:
                        onde = f"{ordem.__name__} at {nivel}:\n  A: {sql_a}\n  B: {sql_b}"
                        raise AssertionError(f"{onde}\n{erro}") from erro


@pytest.mark.parametrize("nivel", NIVEIS[1:])
def test_truncate_under_a_snapshot_is_refused(banco: Banco, nivel: str) -> None:
    """It removes rows that its snapshot cannot see, so the stock could not be made right."""
    for sql in (*UNIDOS, item("L1")):
        banco.cru(sql)
    for tabela in FONTES:
        with Sessao(banco) as a:
            comecar(a, nivel)
            banco.cru(mov("N"))
            with pytest.raises(psycopg.Error) as erro:
                a.faz(f"TRUNCATE {tabela}").result(20)
            assert erro.value.sqlstate == "0A000"
            assert erro.value.diag.message_hint
            a.faz("ROLLBACK").result(20)
        banco.verificar()


# --- unifications against each other ----------------------------------------------------------

OPOSTAS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "A to B and B to A": ((), (unir("A", "B"), unir("B", "A"))),
    "A to B and A to C": ((), (unir("A", "B"), unir("A", "C"))),
    "cycle of three": ((unir("A", "B"),), (unir("B", "C"), unir("C", "A"))),
    "cycle of four closed twice": (
        (unir("A", "B"), unir("C", "D")),
        (unir("B", "C"), unir("D", "A")),
    ),
}


@pytest.mark.parametrize("nivel", NIVEIS)
@pytest.mark.parametrize("caso", OPOSTAS)
def test_opposite_unifications_at_once_one_must_fail(banco: Banco, caso: str, nivel: str) -> None:
    antes, pares = OPOSTAS[caso]
    for cod in "ABCD":
        banco.mov(cod, 5)
    for sql in antes:
        banco.cru(sql)
    for sql_a, sql_b in (pares, pares[::-1]):
        for a_primeiro in (True, False):
            with banco.conn.transaction():
                banco.cru(
                    "DELETE FROM unificacao_codigos WHERE id NOT IN"
                    " (SELECT id FROM unificacao_codigos ORDER BY id LIMIT %s)",
                    [len(antes)],
                )
            with Sessao(banco) as a, Sessao(banco) as b:
                comecar(a, nivel)
                comecar(b, nivel)
                a.faz(sql_a).result(20)
                futuro = b.faz(sql_b)
                if a_primeiro:
                    b.assenta(futuro)
                    a.faz("COMMIT").result(20)
                    confirma = b.faz("COMMIT")  # of a failed transaction: a rollback
                    with pytest.raises(psycopg.Error) as erro:
                        _ = futuro.result(20), confirma.result(20)
                    permitidos = {"EP002"} | ({"40001", "40P01"} if nivel != NIVEIS[0] else set())
                    assert erro.value.sqlstate in permitidos
                else:
                    b.assenta(futuro)
                    a.faz("ROLLBACK").result(20)  # then the other is welcome
                    concluir(b, sql_b, nivel, futuro)
            banco.verificar()


@pytest.mark.parametrize("nivel", NIVEIS)
def test_lost_race_is_refused_when_tried_again(banco: Banco, nivel: str) -> None:
    """After the serialization failure the second try sees the first unification."""
    with Sessao(banco) as a, Sessao(banco) as b:
        comecar(a, nivel)
        comecar(b, nivel)
        a.faz(unir("A", "B")).result(20)
        a.faz("COMMIT").result(20)
        with pytest.raises(psycopg.Error):
            b.faz(unir("B", "A")).result(20)
        b.faz("ROLLBACK").result(20)
        with pytest.raises(psycopg.Error) as erro:
            b.faz(unir("B", "A")).result(20)
        assert erro.value.sqlstate == "EP002"
    banco.verificar()


# --- not waiting without need -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("um", "outro"),
    [(mov("A"), mov("B")), (sep("A", 1, "L1"), mov("B")), (sep("A", 1, "L8"), sep("B", 1, "L9"))],
)
def test_writers_of_different_products_do_not_wait(banco: Banco, um: str, outro: str) -> None:
    for sql in BASE:
        banco.cru(sql)
    with Sessao(banco) as a, Sessao(banco) as b:
        comecar(a, NIVEIS[0])
        a.faz(um).result(20)
        assert b.assenta(b.faz(outro))
        a.faz("COMMIT").result(20)
    banco.verificar()


def test_readers_never_wait(banco: Banco) -> None:
    for sql in BASE:
        banco.cru(sql)
    with Sessao(banco) as a, Sessao(banco) as b:
        comecar(a, NIVEIS[0])
        for sql in (mov("A"), unir("A", "B"), item("L0")):
            a.faz(sql).result(20)
            for leitura in (
                "SELECT * FROM estoque_consultar('{A,B}')",
                "SELECT * FROM estoque_rupturas()",
                "SELECT * FROM estoque_projecao('A')",
                "SELECT * FROM estoque_por_codigo",
                "SELECT * FROM estoque_verificar()",
            ):
                assert b.assenta(b.faz(leitura)), leitura
        a.faz("COMMIT").result(20)
    banco.verificar()


def test_reader_sees_one_moment(banco: Banco) -> None:
    """Conversions running meanwhile never show a document twice or not at all."""
    banco.mov("A", 100)
    banco.pre("A", 10, 1)
    parar = threading.Event()
    conversor, leitor = banco.conectar(), banco.conectar()
    vistos: set[Any] = set()

    def converter() -> None:
        while not parar.is_set():
            with conversor.transaction():
                conversor.execute("DELETE FROM pre_separacao_item")
                conversor.execute(sep("A", 10))
            with conversor.transaction():
                conversor.execute("DELETE FROM separacao")
                conversor.execute(pre("A", 10).replace("2025-08-08", "2025-08-07"))

    with ThreadPoolExecutor(1) as equipe:
        trabalho = equipe.submit(converter)
        for _ in range(300):
            linha = leitor.execute(
                "SELECT menor_estoque_d7, movimentacoes_previstas FROM estoque_consultar('{A}')"
            ).fetchone()
            assert linha is not None
            vistos.add((linha[0], str(linha[1])))
        parar.set()
        trabalho.result(20)
    assert len(vistos) == 1
    banco.verificar()


# --- storms -----------------------------------------------------------------------------------

CODIGOS = [f"P{n}" for n in range(6)]
NULO_OU_ERRO = ["NULL", "'x'"]
LOTES = ["L1", "L2", "L3"]


def uma_de_muitas(r: random.Random) -> str:
    """Single or bulk statements on movements and forecasts, in no order of products."""
    codigos = r.sample(CODIGOS, r.randint(1, 4))
    return r.choice(
        [
            MOV + ", ".join(f"('{c}', 'N', now(), 'E', {r.randint(-9, 9)}, true)" for c in codigos),
            mov(codigos[0], r.randint(-9, 9)),
            sep(codigos[0], r.randint(1, 9), r.choice(LOTES)),
            pre(codigos[0], r.randint(1, 9)),
            f"UPDATE movimentacao_estoque SET qtd_movimentacao = {r.randint(-9, 9)}"
            f" WHERE id % 7 = {r.randint(0, 6)}",
            f"UPDATE separacao SET expedicao = expedicao + {r.choice([-1, 1])}"
            f" WHERE id % 5 = {r.randint(0, 4)}",
            f"DELETE FROM separacao WHERE id % 4 = {r.randint(0, 3)}",
            f"DELETE FROM movimentacao_estoque WHERE id % 9 = {r.randint(0, 8)}",
            f"DELETE FROM pre_separacao_item WHERE id % 3 = {r.randint(0, 2)}",
        ]
    )


def qualquer(r: random.Random) -> str:
    """All of those, and changes of gates and unifications."""
    if r.random() < 0.65:
        return uma_de_muitas(r)
    return r.choice(
        [
            item(r.choice(LOTES)),
            f"UPDATE embarque_itens SET erro_validacao = {r.choice(NULO_OU_ERRO)}"
            f" WHERE id % 3 = {r.randint(0, 2)}",
            "DELETE FROM embarque_itens WHERE id % 2 = 0",
            unir(*r.sample(CODIGOS, 2)),
            f"UPDATE unificacao_codigos SET ativo = NOT ativo WHERE id % 3 = {r.randint(0, 2)}",
            f"DELETE FROM unificacao_codigos WHERE id % 2 = {r.randint(0, 1)}",
            f"SELECT estoque_recalcular('{r.choice(CODIGOS)}')",
            "SELECT estoque_virada()",
        ]
    )


def tempestade(
    banco: Banco,
    gerar: Callable[[random.Random], str],
    nivel: str,
    por_transacao: int,
    vezes: int = 60,
) -> int:
    """Eight threads, each with its own connection and seed; how many deadlocks there were."""

    def trabalhar(semente: int) -> int:
        r = random.Random(semente)
        conn = banco.conectar()
        impasses = 0

        def transacao(comandos: list[str]) -> None:
            nonlocal impasses
            try:
                with conn.transaction():
                    conn.execute(f"SET TRANSACTION ISOLATION LEVEL {nivel}")
                    for sql in comandos:
                        conn.execute(sql)
            except psycopg.errors.DeadlockDetected:
                impasses += 1
                raise
            except psycopg.Error as erro:
                # a unification that came second is refused; UPDATE meets a row just deleted
                if erro.sqlstate != "EP002":
                    raise

        with conn:  # closed at the end: a test may have one storm after another
            for _ in range(vezes):
                comandos = [gerar(r) for _ in range(por_transacao)]
                repetir(lambda c=comandos: transacao(c), vezes=200)  # type: ignore[misc]
        return impasses

    with ThreadPoolExecutor(8) as equipe:
        return sum(equipe.map(trabalhar, range(8)))


@pytest.mark.lento
@pytest.mark.parametrize("nivel", NIVEIS)
def test_storm_of_everything(banco: Banco, nivel: str) -> None:
    """Transactions of several statements, every kind of change, eight threads."""
    tempestade(banco, qualquer, nivel, por_transacao=2, vezes=15)
    banco.verificar()


def test_storm_of_single_movements_and_forecasts_has_no_deadlock(banco: Banco) -> None:
    """Product rows are locked in canonical order, so single statements never cross each other.

    Rows of the sources are another matter: two bulk UPDATEs of one table may meet in opposite
    orders, so here each thread changes rows of its own only.
    """

    def so_insercoes(r: random.Random) -> str:
        while not (sql := uma_de_muitas(r)).startswith("INSERT"):
            pass
        return sql

    assert tempestade(banco, so_insercoes, NIVEIS[0], por_transacao=1, vezes=120) == 0
    banco.verificar()


def test_storm_over_midnight(banco: Banco) -> None:
    """The day moves while eight threads write: stored fields must not claim the wrong day."""
    for cod in CODIGOS:
        banco.cru(mov(cod, 3))
        banco.cru(pre(cod, 4))
    parar = threading.Event()

    def relogio() -> None:
        conn = banco.conectar()
        n = 0
        while not parar.wait(0.05):
            n += 1
            repetir(lambda: conn.execute("SELECT estoque_virada()"))

    with ThreadPoolExecutor(1) as equipe:
        volta = equipe.submit(relogio)
        try:
            tempestade(banco, uma_de_muitas, NIVEIS[0], por_transacao=1, vezes=25)
            banco.ir_para(2)
            tempestade(banco, uma_de_muitas, NIVEIS[0], por_transacao=1, vezes=25)
        finally:
            parar.set()
            volta.result(20)
    banco.verificar()
    banco.ir_para(0)
