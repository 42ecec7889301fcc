"""Transitions: what is announced of ruptures and minimums, when, once, and to whom."""

from __future__ import annotations

import random
from datetime import date, time, timedelta
from decimal import Decimal as Dec
from typing import Any

import psycopg
import pytest
from apoio import Banco, Sessao, papel_novo
from oraculo import Linha, Oraculo, ler_fontes
from psycopg import sql

from estoque_pg.api import APIEstoqueTempoReal
from estoque_pg.erros import ArgumentoInvalido, SemPermissao


@pytest.fixture
def avisado(banco: Banco) -> Banco:
    """A database whose first comparison is behind it."""
    assert anunciar(banco) == []
    return banco


def anunciar(banco: Banco) -> list[Linha]:
    """Announce; what was written by it, in order."""
    antes = banco.valor("SELECT coalesce(max(id), 0) FROM estoque_transicao")
    quantas = banco.valor("SELECT estoque_anunciar()")
    novas = banco.cru("SELECT * FROM estoque_transicao WHERE id > %s ORDER BY id", [antes])
    assert quantas == len(novas)
    return novas


def ditas(banco: Banco) -> list[tuple[str, str, date | None, date | None]]:
    """What is announced now: code, type, day before and after."""
    return [(t["cod_produto"], t["tipo"], t["dia_antes"], t["dia_depois"]) for t in anunciar(banco)]


# --- transitions --------------------------------------------------------------------------------


def test_a_rupture_from_its_appearance_to_its_end(avisado: Banco) -> None:
    b = avisado
    b.mov("P1", 10)
    saida = b.sep("P1", 12, 5, num_pedido="PED-7")
    [aviso] = anunciar(b)
    assert (aviso["tipo"], aviso["sequencia"], aviso["dia"]) == ("apareceu", 1, b.D)
    assert (aviso["dia_antes"], aviso["falta_antes"]) == (None, None)
    assert (aviso["dia_depois"], aviso["falta_depois"]) == (b.dia(5), Dec(2))
    assert aviso["nome_produto"] == b.produto("P1")["nome_produto"]  # type: ignore[index]
    assert aviso["causa"] == {
        "origem": "separacao", "id": str(saida), "documento": "PED-7", "saida": 12,
    }  # fmt: skip
    assert anunciar(b) == []
    b.cru("UPDATE separacao SET expedicao = %s", [b.dia(3)])
    assert ditas(b) == [("P1", "aproximou", b.dia(5), b.dia(3))]
    b.cru("UPDATE separacao SET expedicao = %s", [b.dia(20)])
    assert ditas(b) == [("P1", "afastou", b.dia(3), b.dia(20))]
    b.cru("UPDATE separacao SET qtd_saldo = 15")  # only the shortage: no event
    assert anunciar(b) == []
    b.cru("UPDATE separacao SET qtd_saldo = 10")
    [fim] = anunciar(b)
    assert (fim["tipo"], fim["sequencia"], fim["causa"]) == ("terminou", 4, None)
    assert (fim["falta_antes"], fim["falta_depois"]) == (Dec(2), None)


def test_what_comes_and_goes_within_a_moment_is_no_event(avisado: Banco) -> None:
    b = avisado
    b.mov("P1", 1)
    b.sep("P1", 2)
    b.cru("DELETE FROM separacao")
    assert anunciar(b) == []
    b.sep("P1", 2)
    b.cru("UPDATE separacao SET expedicao = %s", [b.dia(2)])
    assert ditas(b) == [("P1", "apareceu", None, b.dia(2))]


def test_the_first_comparison_ever_takes_the_state_as_known(banco: Banco) -> None:
    banco.sep("P1", 5, 2)
    assert anunciar(banco) == []
    assert anunciar(banco) == []
    banco.cru("DELETE FROM separacao")
    [fim] = anunciar(banco)
    assert (fim["cod_produto"], fim["tipo"], fim["sequencia"]) == ("P1", "terminou", 1)


def test_midnight_alone_brings_what_comes_into_sight_and_ends_nothing(avisado: Banco) -> None:
    b = avisado
    b.sep("P1", 5, 29)
    b.sep("P2", 5, 1)
    assert ditas(b) == [("P2", "apareceu", None, b.dia(1))]
    b.congelar(b.dia(1))
    assert ditas(b) == [("P1", "apareceu", None, b.dia(29))]
    # The day came and the exit is overdue: it counts today, every day anew, and is no news.
    for n in (2, 3):
        b.congelar(b.dia(n))
        assert anunciar(b) == []
    b.mov("P2", 5)
    b.sep("P2", 1, 10)
    [adiada] = anunciar(b)
    assert (adiada["tipo"], adiada["dia_antes"], adiada["dia_depois"]) == (
        "afastou", b.dia(1), b.dia(10),
    )  # fmt: skip
    # An overdue entry no longer counts: what it held up falls with the day.
    b.sep("P3", 5, 6)
    b.prod("P3", 5, 3)
    assert anunciar(b) == []
    b.congelar(b.dia(4))
    assert ditas(b) == [("P3", "apareceu", None, b.dia(6))]


def test_a_merge_announces_the_end_and_names_the_code(avisado: Banco) -> None:
    b = avisado
    b.mov("P2", 100)
    b.sep("P1", 5, 2)
    b.mov("P3", -1)
    anunciar(b)
    b.unir("P1", "P2")
    [fim] = anunciar(b)
    assert (fim["cod_produto"], fim["tipo"]) == ("P1", "terminou")
    assert fim["causa"] == {"unificado_em": "P2"}
    b.cru("UPDATE unificacao_codigos SET ativo = false")
    [volta] = anunciar(b)
    assert (volta["cod_produto"], volta["tipo"], volta["sequencia"]) == ("P1", "apareceu", 3)
    b.cru("DELETE FROM movimentacao_estoque WHERE cod_produto = 'P3'")  # the product is gone
    assert [(t, p) for p, t, *_ in ditas(b)] == [("terminou", "P3")]


def test_tolerance_and_minimum_are_respected(avisado: Banco) -> None:
    b = avisado
    b.cru("INSERT INTO estoque_regra (cod_produto, tolerancia) VALUES (NULL, 2)")
    b.cru("INSERT INTO estoque_regra (cod_produto, minimo) VALUES ('P1', 10)")
    b.mov("P1", 20)
    b.sep("P1", 11, 1)  # 9: within the tolerance
    b.sep("P2", 2, 1)
    assert anunciar(b) == []
    b.sep("P1", 3, 4)  # 6
    saida = b.sep("P2", 1, 3)
    minimo, ruptura = anunciar(b)
    assert (minimo["tipo"], minimo["dia_depois"]) == ("abaixo_do_minimo", b.dia(4))
    assert (minimo["falta_depois"], minimo["causa"]) == (Dec(4), None)
    # The exit that goes beyond what is tolerated is the cause, though the day began below zero.
    assert (ruptura["tipo"], ruptura["dia_depois"]) == ("apareceu", b.dia(3))
    assert ruptura["causa"]["id"] == str(saida)
    b.sep("P1", 9, 5)  # -3: both
    assert [(t["tipo"], t["sequencia"]) for t in anunciar(b)] == [("apareceu", 2)]
    b.cru("DELETE FROM separacao WHERE cod_produto = 'P1'")
    assert [(t["tipo"], t["sequencia"]) for t in anunciar(b)] == [
        ("terminou", 3), ("acima_do_minimo", 4),
    ]  # fmt: skip


def test_no_cause_where_the_day_begins_below_zero(avisado: Banco) -> None:
    avisado.mov("P1", -1)
    avisado.sep("P1", 5, 0)
    assert [t["causa"] for t in anunciar(avisado)] == [None]


def test_history_is_kept_for_so_long_and_numbers_go_on(avisado: Banco) -> None:
    b = avisado
    b.sep("P1", 5)
    anunciar(b)
    b.cru("UPDATE estoque_transicao SET em = em - interval '401 days'")
    assert b.cru("SELECT * FROM estoque_transicoes()") == []
    assert len(b.cru("SELECT * FROM estoque_transicoes(NULL)")) == 1
    b.cru("DELETE FROM separacao")
    [fim] = anunciar(b)
    assert [t["id"] for t in b.cru("SELECT * FROM estoque_transicao")] == [fim["id"]]
    assert fim["sequencia"] == 2


def test_a_state_that_was_lost_is_taken_as_known_and_numbers_go_on(avisado: Banco) -> None:
    b = avisado
    b.sep("P1", 5)
    b.sep("P2", 5)
    anunciar(b)
    b.cru("DELETE FROM separacao WHERE cod_produto = 'P2'")
    anunciar(b)
    b.cru("DROP TABLE estoque_anuncio")
    APIEstoqueTempoReal(b.conn).vigiar()
    assert anunciar(b) == []
    b.cru("DELETE FROM separacao")
    b.sep("P2", 5)
    assert [(t["cod_produto"], t["tipo"], t["sequencia"]) for t in anunciar(b)] == [
        ("P1", "terminou", 2), ("P2", "apareceu", 3),
    ]  # fmt: skip


def test_who_cancels_while_it_is_announced_leaves_nothing_behind(avisado: Banco) -> None:
    b = avisado
    inscricao = inscrever(b)
    b.sep("P1", 5)
    outra = b.conectar(autocommit=False)
    outra.execute("SELECT estoque_anunciar()")
    with Sessao(b) as sessao:
        futuro = sessao.faz("SELECT estoque_cancelar_inscricao(%s)", [inscricao])
        assert not sessao.assenta(futuro)
        outra.commit()
        assert futuro.result(20) == [(True,)]
    assert b.valor("SELECT count(*) FROM estoque_entrega") == 0


def test_the_minute_job_announces_and_goes_on_when_it_cannot(avisado: Banco) -> None:
    b = avisado
    b.sep("P1", 5)
    b.cru("ALTER TABLE estoque_transicao ADD CONSTRAINT nunca CHECK (false) NOT VALID")
    assert len(b.cru("SELECT * FROM estoque_minuto()")) == 1
    assert "nunca" in b.valor("SELECT erro FROM estoque_avisador")
    api = APIEstoqueTempoReal(b.conn)
    assert "nunca" in (api.resumo().avisos_erro or "")
    b.cru("ALTER TABLE estoque_transicao DROP CONSTRAINT nunca")
    assert len(b.cru("SELECT * FROM estoque_minuto()")) == 1
    assert [t.tipo for t in api.transicoes()] == ["apareceu"]
    assert api.resumo().avisos_erro is None


# --- a slow model -------------------------------------------------------------------------------


class Modelo:
    """What is to be announced, worked out product by product from the oracle's projection."""

    def __init__(self) -> None:
        self.ruptura: dict[str, date] = {}
        self.abaixo: set[str] = set()

    def comparar(self, banco: Banco) -> list[tuple[str, str, date | None, date | None]]:
        hoje = banco.valor("SELECT estoque_hoje()")
        certo = Oraculo(ler_fontes(banco.conn), hoje)
        regras = {r["cod_produto"]: r for r in banco.cru("SELECT * FROM estoque_regra ORDER BY id")}
        agora: dict[str, date] = {}
        baixos: set[str] = set()
        for codigo in certo.produtos:
            regra = regras.get(codigo, {})
            tolerancia = regra.get("tolerancia") or 0
            minimo = regra.get("minimo") or 0
            for dia in certo.projecao(codigo, 28):
                if dia["saldo_final"] < -tolerancia and codigo not in agora:
                    agora[codigo] = dia["data"]
                if minimo and dia["saldo_final"] < minimo - tolerancia:
                    baixos.add(codigo)
        ditas = []
        for codigo in sorted({*self.ruptura, *agora, *self.abaixo, *baixos}):
            antes, depois = self.ruptura.get(codigo), agora.get(codigo)
            tipo = None
            if antes is None and depois is not None:
                tipo = "apareceu"
            elif antes is not None and depois is None:
                tipo = "terminou"
            elif antes is not None and depois is not None and depois != max(antes, hoje):
                tipo = "aproximou" if depois < max(antes, hoje) else "afastou"
            if tipo is not None:
                ditas.append((codigo, tipo, antes, depois))
                self.ruptura.pop(codigo, None)
                if depois is not None:
                    self.ruptura[codigo] = depois
            if (codigo in baixos) != (codigo in self.abaixo):
                baixo = codigo in baixos
                ditas.append((codigo, f"{'abaixo' if baixo else 'acima'}_do_minimo", None, None))
        self.abaixo = baixos
        return ditas


@pytest.mark.parametrize("semente", range(3))
def test_random_writes_days_and_merges(avisado: Banco, semente: int) -> None:
    b, acaso, modelo = avisado, random.Random(semente), Modelo()
    codigos = [f"P{n}" for n in range(5)]
    b.cru("INSERT INTO estoque_regra (cod_produto, minimo, tolerancia) VALUES"
          " ('P0', 4, NULL), ('P1', 3, 2), ('P2', NULL, 3)")  # fmt: skip
    hoje = b.D
    acoes: list[Any] = [
        lambda c, d: b.cru("INSERT INTO movimentacao_estoque (cod_produto, nome_produto,"
                           " data_movimentacao, tipo_movimentacao, qtd_movimentacao, ativo)"
                           " VALUES (%s, 'N', now(), 'E', %s, true)", [c, acaso.randint(-4, 9)]),
        lambda c, d: b.cru("INSERT INTO separacao (separacao_lote_id, cod_produto, qtd_saldo,"
                           " expedicao) VALUES ('L', %s, %s, %s)", [c, acaso.randint(1, 9), d]),
        lambda c, d: b.cru("INSERT INTO programacao_producao (cod_produto, qtd_programada,"
                           " data_programacao) VALUES (%s, %s, %s)", [c, acaso.randint(1, 9), d]),
        lambda c, d: b.cru("DELETE FROM separacao WHERE id = (SELECT min(id) FROM separacao"
                           " WHERE cod_produto = %s)", [c]),
        lambda c, d: b.cru("UPDATE separacao SET expedicao = %s WHERE cod_produto = %s", [d, c]),
    ]  # fmt: skip
    vistas = set()
    for _ in range(60):
        for _ in range(acaso.randint(1, 3)):
            acaso.choice(acoes)(acaso.choice(codigos), hoje + timedelta(acaso.randint(-2, 32)))
        if acaso.random() < 0.25:
            hoje += timedelta(acaso.choice([1, 1, 2, 9]))
            b.congelar(hoje)
        if acaso.random() < 0.15:  # a code of no rule, whose group would else have that one
            b.cru("DELETE FROM unificacao_codigos")
            if acaso.random() < 0.6:
                b.cru("INSERT INTO unificacao_codigos (codigo_origem, codigo_destino, ativo)"
                      " VALUES ('P4', %s, true)", [acaso.choice(codigos[:4])])  # fmt: skip
        esperadas = modelo.comparar(b)
        novas = anunciar(b)
        minimos = ("abaixo_do_minimo", "acima_do_minimo")
        assert [
            (t["cod_produto"], t["tipo"],
             *((None, None) if t["tipo"] in minimos else (t["dia_antes"], t["dia_depois"])))
            for t in novas
        ] == esperadas  # fmt: skip
        vistas |= {t["tipo"] for t in novas}
    numeros = b.cru(
        "SELECT array_agg(sequencia ORDER BY id) AS n FROM estoque_transicao GROUP BY cod_produto"
    )
    assert all(r["n"] == list(range(1, len(r["n"]) + 1)) for r in numeros)
    assert len(vistas) >= 5


# --- two at once --------------------------------------------------------------------------------


def test_the_second_of_two_returns_at_once(avisado: Banco) -> None:
    b = avisado
    b.sep("P1", 5)
    outra = b.conectar(autocommit=False)
    assert outra.execute("SELECT estoque_anunciar()").fetchone() == (1,)
    with Sessao(b) as sessao:
        futuro = sessao.faz("SELECT estoque_anunciar()")
        assert sessao.assenta(futuro)
        assert futuro.result() == [(0,)]
    outra.rollback()
    assert [t["sequencia"] for t in anunciar(b)] == [1]


def test_an_old_snapshot_ends_in_40001_and_nothing_twice(avisado: Banco) -> None:
    b = avisado
    velha = b.conectar(autocommit=False)
    velha.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
    b.sep("P1", 5)
    velha.execute("SELECT 1 FROM separacao")
    assert len(anunciar(b)) == 1
    with pytest.raises(psycopg.errors.SerializationFailure):
        velha.execute("SELECT estoque_anunciar()")
    velha.rollback()
    assert b.valor("SELECT count(*) FROM estoque_transicao") == 1


# --- subscriptions ------------------------------------------------------------------------------


def inscrever(banco: Banco, canal: str = "email", destino: str = "a@b.example", **mais: Any) -> int:
    return APIEstoqueTempoReal(banco.conn).inscrever(canal, destino, **mais).id


def entregas(banco: Banco) -> list[tuple[int, str]]:
    """Of deliveries of transitions: subscription, and product."""
    return [
        (r["inscricao"], r["cod_produto"])
        for r in banco.cru(
            "SELECT e.inscricao, t.cod_produto FROM estoque_entrega AS e"
            " JOIN estoque_transicao AS t ON t.id = e.transicao ORDER BY e.inscricao, e.id"
        )
    ]


def test_each_subscription_gets_what_meets_its_conditions(avisado: Banco) -> None:
    b = avisado
    for codigo in ("AB-1", "AB-2", "C-1", "X"):
        b.mov(codigo, 1)
    b.unir("X", "C-1")
    b.cru("INSERT INTO estoque_regra (cod_produto, responsavel) VALUES (NULL, 'Ana'), ('X', 'Rui')")
    todas = inscrever(b)
    grupo = inscrever(b, prefixo="AB-", destino="b@b.example")
    produto = inscrever(b, produtos=["X"], destino="c@b.example")
    rui = inscrever(b, responsavel="RUI", destino="d@b.example")
    ana = inscrever(b, responsavel="Ana", prefixo="AB-2", destino="e@b.example")
    fins = inscrever(b, tipos=["terminou"], destino="f@b.example")
    resumo = inscrever(b, resumo_as=time(7), destino="g@b.example")
    # A destination that two name is told once.
    inscrever(b, produtos=["AB-1"])
    for codigo in ("AB-1", "AB-2", "C-1"):
        b.sep(codigo, 5)
    assert len(anunciar(b)) == 3
    assert entregas(b) == [
        (todas, "AB-1"), (todas, "AB-2"), (todas, "C-1"), (grupo, "AB-1"), (grupo, "AB-2"),
        (produto, "C-1"), (rui, "C-1"), (ana, "AB-2"),
    ]  # fmt: skip
    assert resumo not in {i for i, _ in entregas(b)}
    b.cru("DELETE FROM separacao WHERE cod_produto = 'C-1'")
    anunciar(b)
    assert (fins, "C-1") in entregas(b)


def test_who_shares_a_destination_loses_nothing_when_another_cancels(avisado: Banco) -> None:
    """One delivery for both goes by the first: that one cancelled, it goes by the other."""
    b = avisado
    api = APIEstoqueTempoReal(b.conn)
    for codigo in ("AB-1", "C-1"):
        b.mov(codigo, 1)
    todas = inscrever(b)
    parte = inscrever(b, prefixo="AB-")
    inscrever(b, prefixo="AB-", destino="outro@b.example")
    inscrever(b, prefixo="AB-", resumo_as=time(7))
    for codigo in ("AB-1", "C-1"):
        b.sep(codigo, 5)
    anunciar(b)
    b.sep("AB-2", 5)
    anunciar(b)
    antes = b.valor(
        "SELECT array_agg(chave ORDER BY id) FROM estoque_entrega WHERE inscricao = %s", [todas]
    )
    assert len(antes) == 3
    b.cru("UPDATE estoque_entrega SET estado = 'morta' WHERE inscricao = %s AND transicao = 3",
          [todas])  # fmt: skip
    nova = inscrever(b)  # was never to be told of what was announced before it was made
    assert api.cancelar_inscricao(todas)
    # The key is the one it had, so that who got it meanwhile knows it.
    feitas = b.cru(
        "SELECT chave, estado, inscricao FROM estoque_entrega WHERE inscricao IN (%s, %s)"
        " ORDER BY id", [parte, nova],
    )  # fmt: skip
    ficaram = [chave for chave in antes if chave != "t2-i1"]
    assert [(f["chave"], f["estado"], f["inscricao"]) for f in feitas] == [
        (ficaram[0], "pendente", parte), (ficaram[1], "morta", parte),
    ]  # fmt: skip
    assert api.cancelar_inscricao(parte)
    assert b.valor("SELECT count(*) FROM estoque_entrega WHERE inscricao IN (1, 2, 5)") == 0


def test_two_who_share_a_destination_cancel_at_once(avisado: Banco) -> None:
    b = avisado
    primeira, segunda = inscrever(b), inscrever(b)
    b.sep("P1", 5)
    anunciar(b)
    outra = b.conectar(autocommit=False)
    outra.execute("SELECT estoque_cancelar_inscricao(%s)", [primeira])
    with Sessao(b) as sessao:
        futuro = sessao.faz("SELECT estoque_cancelar_inscricao(%s)", [segunda])
        assert not sessao.assenta(futuro)
        outra.commit()
        assert futuro.result(20) == [(True,)]
    assert b.valor("SELECT count(*) FROM estoque_entrega") == 0


def test_paused_until_it_is_taken_up(avisado: Banco) -> None:
    b = avisado
    api = APIEstoqueTempoReal(b.conn)
    todas = inscrever(b)
    inscrever(b, prefixo="P1")
    b.sep("P1", 5)
    b.sep("P2", 5)
    anunciar(b)
    assert api.pausar_inscricao(todas)
    [pausada, outra] = api.inscricoes()
    assert (pausada.ativa, pausada.motivo) == (False, None)
    # What the other one asks for as well goes by that one; the rest can be taken up again.
    assert (pausada.pendentes, pausada.mortas, outra.pendentes) == (0, 1, 1)
    [morta] = api.entregas_mortas()
    assert (morta.cod_produto, morta.erro) == ("P2", "the subscription was paused")
    b.sep("P3", 5)
    anunciar(b)
    assert api.pausar_inscricao(todas, False)
    b.sep("P4", 5)
    anunciar(b)
    assert [c for i, c in entregas(b) if i == todas] == ["P2", "P4"]
    assert api.inscricoes()[0].ativa
    assert api.descartar_entrega(morta.id)
    assert not api.descartar_entrega(morta.id)
    assert api.entregas_mortas() == []
    assert not api.pausar_inscricao(99)
    [pendente] = b.cru("SELECT id FROM estoque_entrega WHERE inscricao = %s", [todas])
    assert not api.descartar_entrega(pendente["id"])  # it was not given up


@pytest.mark.parametrize(
    ("campos", "argumento"),
    [
        ({"canal": "pombo"}, "canal"),
        ({"destino": "ninguém"}, "destino"),
        ({"destino": "a@b.example\r\nBcc: x@y"}, "destino"),
        ({"destino": "a[b@c.example"}, "destino"),
        ({"destino": "a@[b.example"}, "destino"),
        ({"canal": "webhook", "destino": "ftp://x"}, "destino"),
        ({"canal": "webhook", "destino": "http://[::1/"}, "destino"),
        ({"canal": "webhook", "destino": "http://x]/"}, "destino"),
        ({"canal": "webhook", "destino": "http://x:porta/"}, "destino"),
        ({"canal": "webhook", "destino": "https://u:p@x/"}, "destino"),
        ({"canal": "apprise", "destino": "token"}, "destino"),
        ({"segredo": "whsec_" + "A" * 44}, "segredo"),
        ({"canal": "webhook", "destino": "https://x/", "segredo": "curto"}, "segredo"),
        ({"canal": "webhook", "destino": "https://x/", "segredo": "whsec_" + "A" * 41}, "segredo"),
        ({"tipos": ["sumiu"]}, "tipos"),
        ({"tipos": []}, "tipos"),
        ({"produtos": ["não há"]}, "produtos"),
        ({"idioma": "tlh"}, "idioma"),
        ({"fuso": "America/Atlantida"}, "fuso"),
    ],
)
def test_bad_input_is_named(banco: Banco, campos: dict[str, Any], argumento: str) -> None:
    api = APIEstoqueTempoReal(banco.conn)
    dados = {"canal": "email", "destino": "a@b.example", **campos}
    with pytest.raises(ArgumentoInvalido) as erro:
        api.inscrever(**dados)
    causa = erro.value.__cause__
    assert isinstance(causa, psycopg.Error)
    assert (causa.sqlstate, causa.diag.column_name) == ("22023", argumento)
    assert api.inscricoes() == []


def test_secrets_are_shown_once_and_to_nobody_else(banco: Banco) -> None:
    api = APIEstoqueTempoReal(banco.conn)
    nova = api.inscrever("webhook", "https://x.example/gancho?token=abc")
    assert nova.segredo is not None
    assert nova.segredo.startswith("whsec_")
    api.inscrever("apprise", "tgram://segredo/1")
    assert [i.destino for i in api.inscricoes()] == ["https://x.example/gancho?...", "tgram://..."]
    with papel_novo(banco.conn, "leitor") as leitor, papel_novo(banco.conn, "escritor") as escritor:
        api.conceder(leitor, leitura=True)
        api.conceder(escritor, escrita=True)
        le = APIEstoqueTempoReal(banco.conectar(user=leitor))
        escreve = APIEstoqueTempoReal(banco.conectar(user=escritor))
        assert le.transicoes() == []
        assert len(escreve.inscricoes()) == 2
        assert escreve.entregas_mortas() == []
        outra = escreve.inscrever("email", "x@y.example")
        assert escreve.testar_inscricao(outra.id) is not None
        assert escreve.cancelar_inscricao(outra.id)
        for api_de, recusados in (
            (le, ("inscricoes", "entregas_mortas", "anunciar")),
            (escreve, ("transicoes", "anunciar")),
        ):
            for metodo in recusados:
                with pytest.raises(SemPermissao):
                    getattr(api_de, metodo)()
            assert le.resumo().avisos_inscricoes == 2
            assert isinstance(api_de.banco, psycopg.Connection)
            for tabela in ("anuncio", "avisador", "transicao", "inscricao", "entrega"):
                consulta = sql.SQL("SELECT * FROM {}").format(sql.Identifier(f"estoque_{tabela}"))
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    api_de.banco.execute(consulta)
        for api_de in (le, escreve):
            assert isinstance(api_de.banco, psycopg.Connection)
            api_de.banco.close()


def test_a_digest_a_day_with_what_is_open_and_what_changed(avisado: Banco) -> None:
    b = avisado
    b.mov("P2", 1)
    agora = b.valor("SELECT (now() AT TIME ZONE 'America/Manaus')::time")
    resumo = inscrever(b, resumo_as=agora, fuso="America/Manaus", produtos=["P2"])
    b.sep("P1", 5)
    b.sep("P2", 5)
    assert len(anunciar(b)) == 2
    ler_resumos = "SELECT conteudo FROM estoque_entrega WHERE inscricao = %s ORDER BY id"
    assert b.cru(ler_resumos, [resumo]) == []  # the hour of today had passed when it was made
    b.cru("UPDATE estoque_inscricao SET resumo_em = resumo_em - 3")
    anunciar(b)
    anunciar(b)
    [linha] = b.cru(ler_resumos, [resumo])
    conteudo = linha["conteudo"]
    assert conteudo["dia"] == b.D.isoformat()
    assert [r["cod_produto"] for r in conteudo["rupturas"]] == ["P2"]
    assert [t["cod_produto"] for t in conteudo["transicoes"]] == ["P2"]
    assert (conteudo["total_de_rupturas"], conteudo["total_de_transicoes"]) == (1, 1)
    b.cru("UPDATE estoque_inscricao SET resumo_em = resumo_em - 1")
    b.cru("DELETE FROM separacao WHERE cod_produto = 'P2'")
    b.cru("UPDATE estoque_entrega SET chave = 'ontem'")
    anunciar(b)
    conteudo = b.cru(ler_resumos, [resumo])[-1]["conteudo"]
    assert (conteudo["rupturas"], [t["tipo"] for t in conteudo["transicoes"]]) == ([], ["terminou"])
