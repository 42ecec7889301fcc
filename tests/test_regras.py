"""What planners lay down for products: which rule holds, and how it is written."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import psycopg
import pytest
from apoio import Banco, Sessao, papel_novo


def vigente(banco: Banco, codigo: str | None) -> list[tuple[Any, ...]]:
    linhas = banco.cru("SELECT * FROM estoque_regra_vigente(%s)", [codigo])
    return [tuple(linha.values()) for linha in linhas]


def definir(banco: Banco, codigo: str | None, campos: str) -> list[tuple[Any, ...]]:
    linhas = banco.cru(f"SELECT * FROM estoque_definir_regra(%s, {campos})", [codigo])
    assert [tuple(linha.values()) for linha in linhas] == vigente(banco, codigo)
    return [tuple(linha.values()) for linha in linhas]


@pytest.fixture
def produtos(banco: Banco) -> Banco:
    banco.mov("P", 10)
    banco.mov("Q", 10)
    banco.unir("VELHO", "P")
    banco.unir("ANTIGO", "P")
    return banco


def test_what_holds_for_a_product(produtos: Banco) -> None:
    assert vigente(produtos, "P") == [("P", 0, None, 0, None)]
    assert vigente(produtos, None) == [(None, 0, None, 0, None)]
    assert vigente(produtos, "nobody's") == []
    assert definir(produtos, None, "1, 5, 0.5, 'Ana'") == [(None, 1, 5, Decimal("0.5"), "Ana")]
    assert vigente(produtos, "VELHO") == [("P", 1, 5, Decimal("0.5"), "Ana")]
    # An alias' rule holds for its group, the canonical code's goes first, else the first by code.
    definir(produtos, "VELHO", "minimo => 7")
    assert vigente(produtos, "P") == [("P", 7, 5, Decimal("0.5"), "Ana")]
    definir(produtos, "ANTIGO", "minimo => 8")
    assert vigente(produtos, "P")[0][1] == 8
    definir(produtos, "P", "tolerancia => 0, responsavel => 'Bia'")
    assert vigente(produtos, "ANTIGO") == [("P", 1, 5, 0, "Bia")]
    assert vigente(produtos, "Q") == [("Q", 1, 5, Decimal("0.5"), "Ana")]
    # The lists read the same rules.
    certo = produtos.cru("SELECT * FROM _estoque_regras(true) ORDER BY cod_produto")
    assert [tuple(r.values()) for r in certo] == [*vigente(produtos, "P"), *vigente(produtos, None)]


def test_fields_are_set_kept_and_taken_back(produtos: Banco) -> None:
    definir(produtos, "P", "5, 3, 1, 'Ana'")
    assert definir(produtos, "P", "prazo_reposicao => 4") == [("P", 5, 4, 1, "Ana")]
    assert definir(produtos, "P", "minimo => 9, limpar => '{tolerancia,responsavel}'") == [
        ("P", 9, 4, 0, None)
    ]
    assert definir(produtos, "P", "limpar => '{minimo,prazo_reposicao}'") == [
        ("P", 0, None, 0, None)
    ]
    assert produtos.cru("SELECT * FROM estoque_regra") == []
    definir(produtos, "Q", "minimo => 3")
    assert definir(produtos, "Q", "tolerancia => 1, limpar => NULL") == [("Q", 3, None, 1, None)]
    definir(produtos, "Q", "limpar => '{minimo,tolerancia}'")
    assert definir(produtos, "Q", "limpar => '{minimo}'") == [("Q", 0, None, 0, None)]
    definir(produtos, None, "1")
    definir(produtos, None, "limpar => '{minimo}'")
    assert definir(produtos, "nobody's", "minimo => 1") == []
    assert produtos.cru("SELECT * FROM estoque_regra") == []


@pytest.mark.parametrize(
    ("campos", "dito"),
    [
        ("minimo => -0.001", "minimo must be from 0"),
        ("minimo => 'NaN'", "minimo must be from 0"),
        ("minimo => 999999999999.9995", "minimo must be from 0"),
        ("tolerancia => '-Infinity'", "tolerancia must be from 0"),
        ("prazo_reposicao => -1", "prazo_reposicao must be from 0 to 3650"),
        ("prazo_reposicao => 3651", "prazo_reposicao must be from 0 to 3650"),
        ("limpar => '{codigo}'", "a rule has no field codigo"),
        ("limpar => '{NULL}'", "a rule has no field NULL"),
    ],
)
def test_what_is_refused(produtos: Banco, campos: str, dito: str) -> None:
    definir(produtos, "P", "5, 3, 1, 'Ana'")
    erro = produtos.recusa("22023", f"SELECT * FROM estoque_definir_regra('P', {campos})")
    assert dito in str(erro)
    assert vigente(produtos, "P") == [("P", 5, 3, 1, "Ana")]


def test_who_may_lay_rules_down(produtos: Banco) -> None:
    with papel_novo(produtos.conn, "planejador") as papel:
        conn = produtos.conectar(user=papel)
        for direitos, pode in (("leitura => true", False), ("false, escrita => true", True)):
            produtos.cru(f"SELECT estoque_conceder('{papel}', {direitos})")
            definicao = "SELECT * FROM public.estoque_definir_regra('P', 5)"
            if pode:
                assert conn.execute(definicao).fetchall()
            else:
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    conn.execute(definicao)
        conn.close()


def test_two_sessions_at_once(produtos: Banco) -> None:
    definicao = "SELECT * FROM estoque_definir_regra(%s, {})"
    for codigo in ("P", None):
        with Sessao(produtos) as uma, Sessao(produtos) as outra:
            uma.faz("BEGIN").result()
            uma.faz(definicao.format("minimo => 5"), [codigo]).result()
            segunda = outra.faz(definicao.format("tolerancia => 1"), [codigo])
            assert not outra.assenta(segunda)
            uma.faz("COMMIT").result()
            segunda.result()
        assert vigente(produtos, codigo) == [(codigo, 5, None, 1, None)]
        produtos.cru("TRUNCATE estoque_regra")


def test_a_rule_that_goes_while_it_is_written(produtos: Banco) -> None:
    definir(produtos, "P", "minimo => 5")
    with Sessao(produtos) as uma, Sessao(produtos) as outra:
        uma.faz("BEGIN").result()
        uma.faz("SELECT * FROM estoque_definir_regra('P', limpar => '{minimo}')").result()
        segunda = outra.faz("SELECT * FROM estoque_definir_regra('P', tolerancia => 1)")
        assert not outra.assenta(segunda)
        uma.faz("COMMIT").result()
        segunda.result()
    assert vigente(produtos, "P") == [("P", 0, None, 1, None)]
