"""Beside an ORM: it writes the ERP's tables, the API reads, both within one transaction."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from apoio import Banco
from sqlalchemy import delete, insert, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from estoque_pg.erros import ErroSerializacao, QuantidadeInvalida, traduzir

EXEMPLOS = Path(__file__).resolve().parent.parent / "examples"
sys.path.insert(0, str(EXEMPLOS))
import sqlalchemy_orm as erp  # noqa: E402


@pytest.fixture
def sessao(banco: Banco) -> Iterator[Session]:
    motor = erp.motor(banco.dsn)
    with Session(motor) as sessao:
        yield sessao
    motor.dispose()


def entrada(banco: Banco, cod: str, qtd: Any, **mais: Any) -> erp.MovimentacaoEstoque:
    return erp.MovimentacaoEstoque(
        cod_produto=cod,
        nome_produto=f"Produto {cod}",
        data_movimentacao=banco.D,
        tipo_movimentacao="ENTRADA",
        qtd_movimentacao=qtd,
        **mais,
    )


def test_flush_by_flush(banco: Banco, sessao: Session) -> None:
    def saldo(cod: str = "P1") -> Any:
        produto = erp.estoque(sessao).consultar_produto(cod)
        return produto and (produto["estoque_atual"], produto["menor_estoque_d7"])

    assert saldo() is None
    linha = entrada(banco, "P1", Decimal("100.5"))
    sessao.add(linha)
    assert saldo() == (100.5, 100.5)
    linha.qtd_movimentacao = Decimal(80)
    separacao = erp.Separacao(
        separacao_lote_id="L1", cod_produto="P1", qtd_saldo=90.0, expedicao=banco.dia(2)
    )
    sessao.add(separacao)
    assert saldo() == (80, -10)
    assert erp.estoque(sessao).rupturas()[0].dia_ruptura == banco.dia(2)
    assert banco.produto("P1") is None  # no one else sees any of it yet

    ponto = sessao.begin_nested()
    sessao.delete(separacao)
    assert saldo() == (80, 80)
    ponto.rollback()
    assert saldo() == (80, -10)

    linha.ativo = None
    assert saldo() == (0, -90)
    linha.ativo = True
    sessao.commit()
    banco.verificar()
    assert banco.saldo("P1") == 80

    sessao.delete(linha)
    sessao.delete(separacao)
    assert saldo() is None
    sessao.rollback()
    assert saldo() == (80, -10)
    sessao.rollback()
    banco.verificar()


def test_bulk_statements(banco: Banco, sessao: Session) -> None:
    sessao.add_all([entrada(banco, f"P{n}", n) for n in range(50)])
    sessao.execute(
        insert(erp.PreSeparacaoItem),
        [
            {
                "cod_produto": f"P{n}",
                "qtd_selecionada_usuario": 10,
                "data_expedicao_editada": banco.dia(1),
            }
            for n in range(50)
        ],
    )
    assert len(erp.estoque(sessao).rupturas()) == 10
    sessao.commit()
    banco.verificar()

    sessao.execute(update(erp.PreSeparacaoItem).values(qtd_selecionada_usuario=30))
    assert len(erp.estoque(sessao).rupturas()) == 30
    sessao.add(erp.UnificacaoCodigos(codigo_origem="P0", codigo_destino="P49"))
    junto = erp.estoque(sessao).consultar_produto("P0")
    assert junto is not None
    assert (junto["cod_produto"], junto["menor_estoque_d7"]) == ("P49", -11)
    sessao.rollback()
    banco.verificar()
    assert len(erp.estoque(sessao).rupturas()) == 10

    sessao.execute(delete(erp.MovimentacaoEstoque))
    assert erp.estoque(sessao).estatisticas().produtos_com_ruptura == 50
    sessao.commit()
    banco.verificar()


def test_errors_of_the_triggers_come_through_the_orm(banco: Banco, sessao: Session) -> None:
    sessao.add(entrada(banco, "P1", 5))
    sessao.commit()
    sessao.add(entrada(banco, "P1", Decimal("NaN")))
    with pytest.raises(DBAPIError) as erro:
        sessao.flush()
    nosso = traduzir(erro.value.orig)  # type: ignore[arg-type]
    assert isinstance(nosso, QuantidadeInvalida)
    assert nosso.dica
    sessao.rollback()
    banco.verificar()


def test_nothing_is_run_again_inside_the_sessions_transaction(
    banco: Banco, sessao: Session
) -> None:
    banco.cru("CREATE SEQUENCE tentativas")
    banco.cru(
        "CREATE OR REPLACE FUNCTION estoque_recalcular_tudo() RETURNS bigint LANGUAGE plpgsql AS"
        " $$ BEGIN PERFORM nextval('tentativas'); RAISE EXCEPTION SQLSTATE '40001'; END $$"
    )
    sessao.add(entrada(banco, "P1", 5))
    with pytest.raises(ErroSerializacao):
        erp.estoque(sessao).recalcular_tudo()
    assert banco.valor("SELECT last_value FROM tentativas") == 1
    sessao.rollback()
    banco.verificar()


@pytest.mark.parametrize("exemplo", ["sqlalchemy_orm.py", "django_orm.py"])
def test_examples_run_and_leave_nothing(banco: Banco, exemplo: str) -> None:
    antes = banco.retrato()
    feito = subprocess.run(
        [sys.executable, EXEMPLOS / exemplo],
        env={**os.environ, "DATABASE_URL": banco.dsn},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert feito.returncode == 0, feito.stderr
    falta, sobra, nada = map(ast.literal_eval, feito.stdout.splitlines())
    assert (falta["estoque_atual"], falta["menor_estoque_d7"]) == (100, -20)
    assert falta["dia_ruptura"] == banco.D.isoformat()
    assert (sobra["estoque_atual"], sobra["menor_estoque_d7"]) == (100, 20)
    assert nada is None
    assert banco.retrato() == antes
    banco.verificar()


def test_django(banco: Banco, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", banco.dsn)
    import django_orm as erp  # configures Django, which can be done once in a process
    from django.db import DatabaseError, connection, transaction

    def saldo(cod: str = "P1") -> Any:
        produto = erp.estoque().produtos([cod])
        return produto and (produto[0].estoque_atual, produto[0].menor_estoque_d7)

    def entrada(cod: str, qtd: Any) -> erp.MovimentacaoEstoque:
        return erp.MovimentacaoEstoque(
            cod_produto=cod,
            nome_produto=cod,
            data_movimentacao=banco.D,
            tipo_movimentacao="ENTRADA",
            qtd_movimentacao=qtd,
        )

    try:
        entrada("P1", 100).save()  # on its own: Django commits each statement
        banco.verificar()
        assert saldo() == (100, 100)
        with transaction.atomic():
            linha = erp.Separacao.objects.create(
                separacao_lote_id="L1", cod_produto="P1", qtd_saldo=120.5, expedicao=banco.dia(3)
            )
            assert saldo() == (100, Decimal("-20.5"))
            previstas = erp.estoque().produtos(["P1"])[0].movimentacoes_previstas
            assert previstas[0].saida == Decimal("120.5")
            with transaction.atomic():
                linha.delete()
                assert saldo() == (100, 100)
                transaction.set_rollback(True)  # to the savepoint
            assert saldo() == (100, Decimal("-20.5"))
        banco.verificar()
        erp.MovimentacaoEstoque.objects.bulk_create([entrada(f"B{n}", n) for n in range(20)])
        banco.verificar()
        assert erp.MovimentacaoEstoque.objects.update(qtd_movimentacao=7) == 21
        banco.verificar()
        assert saldo("B19") == (7, 7)
        with pytest.raises(DatabaseError) as erro:
            erp.Separacao.objects.update(qtd_saldo=float("nan"))
        assert isinstance(traduzir(erro.value.__cause__), QuantidadeInvalida)
        assert erp.estoque().recalcular("P1") == 0
        erp.Separacao.objects.all().delete()
        banco.verificar()
    finally:
        connection.close()
