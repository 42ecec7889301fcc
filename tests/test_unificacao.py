"""Code unification: one row per group, undone exactly, and what is refused."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest
from apoio import Banco

UNIR = "INSERT INTO unificacao_codigos (codigo_origem, codigo_destino, ativo) VALUES "


def produtos(banco: Banco) -> dict[str, Any]:
    return {
        r["cod_produto"]: r["saldo_atual"] for r in banco.cru("SELECT * FROM estoque_tempo_real")
    }


def encher(banco: Banco, *codigos: str) -> None:
    """Each code gets a distinct balance and a forecast."""
    for n, cod in enumerate(codigos):
        banco.mov(cod, 10**n)
        banco.sep(cod, 2 * 10**n, n, f"L{n}")
        banco.prod(cod, 10**n, 2)


# --- groups -----------------------------------------------------------------------------------


@pytest.mark.parametrize("ordem", [(0, 1, 2), (2, 1, 0), (1, 2, 0), (2, 0, 1)])
def test_group_is_the_whole_connected_chain(banco: Banco, ordem: tuple[int, ...]) -> None:
    """A→B, C→B and B→D make one group whose canonical code is D, in whatever order they come."""
    encher(banco, "A", "B", "C", "D")
    pares = [("A", "B"), ("C", "B"), ("B", "D")]
    for n in ordem:
        banco.unir(*pares[n])
    assert produtos(banco) == {"D": 1111}
    for cod in "ABCD":
        assert banco.valor("SELECT estoque_codigo(%s)", [cod]) == "D"


def test_group_made_in_one_statement(banco: Banco) -> None:
    encher(banco, "A", "B", "C", "D")
    banco.execute(UNIR + "('B', 'D', true), ('A', 'B', true), ('C', 'B', true)")
    assert produtos(banco) == {"D": 1111}


def test_one_row_per_group_with_the_groups_sums(banco: Banco) -> None:
    """No balance is stored or counted twice, forecasts of one day are one row."""
    encher(banco, "A", "B")
    banco.unir("A", "B")
    assert produtos(banco) == {"B": 11}
    assert banco.previsto("B") == {banco.D: (0, 2), banco.dia(1): (0, 20), banco.dia(2): (11, 0)}
    assert banco.valor("SELECT sum(estoque_atual) FROM estoque_consultar('{B}')") == 11
    assert banco.valor("SELECT total_produtos FROM estoque_estatisticas()") == 1


def test_any_code_of_the_group_gives_the_groups_answer(banco: Banco) -> None:
    encher(banco, "A", "B")
    banco.unir("A", "B")
    banco.unir("SEM-FONTE", "A")
    respostas = banco.cru("SELECT * FROM estoque_consultar('{A,B,SEM-FONTE}')")
    assert {(r["cod_produto"], r["estoque_atual"]) for r in respostas} == {("B", 11)}
    assert {r["codigo_consultado"] for r in respostas} == {"A", "B", "SEM-FONTE"}


def test_unification_of_codes_that_nothing_else_mentions(banco: Banco) -> None:
    uni = banco.unir("X", "Y")
    assert produtos(banco) == {"Y": 0}
    banco.execute("UPDATE unificacao_codigos SET ativo = NULL WHERE id = %s", [uni])
    assert produtos(banco) == {}


@pytest.mark.parametrize("ativo", [None, False])
def test_only_active_rows_unify(banco: Banco, ativo: bool | None) -> None:
    encher(banco, "A", "B")
    banco.unir("A", "B", ativo)
    banco.unir("A", "A", ativo)  # not active, so nobody minds
    assert produtos(banco) == {"A": 1, "B": 10}


def test_codes_are_text(banco: Banco) -> None:
    """'0123', '123' and 'ABC-1' are three codes, and so are 'a' and 'A'."""
    encher(banco, "0123", "123", "ABC-1", "abc-1", " 123")
    assert len(produtos(banco)) == 5
    banco.unir("0123", "ABC-1")
    assert produtos(banco) == {"123": 10, "ABC-1": 101, "abc-1": 1000, " 123": 10000}
    assert banco.valor("SELECT estoque_codigo('0123')") == "ABC-1"


def test_source_rows_are_never_rewritten(banco: Banco) -> None:
    encher(banco, "A", "B")
    antes = banco.cru("SELECT xmin::text, * FROM movimentacao_estoque ORDER BY id")
    antes += banco.cru("SELECT xmin::text, * FROM separacao ORDER BY id")
    banco.unir("A", "B")
    depois = banco.cru("SELECT xmin::text, * FROM movimentacao_estoque ORDER BY id")
    depois += banco.cru("SELECT xmin::text, * FROM separacao ORDER BY id")
    assert antes == depois


def test_null_codes_unify_nothing(banco: Banco) -> None:
    encher(banco, "A")
    banco.execute(UNIR + "(NULL, 'A', true), ('A', NULL, true), (NULL, NULL, true)")
    assert produtos(banco) == {"A": 1}


# --- writes through an alias ------------------------------------------------------------------


def test_writes_through_an_alias_land_on_the_canonical_row(banco: Banco) -> None:
    banco.unir("A", "B")
    banco.unir("B", "C")
    mov = banco.mov("A", 5)
    banco.sep("B", 2, 1)
    assert produtos(banco) == {"C": 5}
    assert banco.previsto("C") == {banco.dia(1): (0, 2)}
    banco.execute("UPDATE movimentacao_estoque SET cod_produto = 'B' WHERE id = %s", [mov])
    assert produtos(banco) == {"C": 5}
    banco.execute(
        "INSERT INTO movimentacao_estoque (cod_produto, nome_produto, data_movimentacao,"
        " tipo_movimentacao, qtd_movimentacao, ativo) SELECT c, c, now(), 'E', 1, true"
        " FROM unnest('{A,B,C,D}'::text[]) c"
    )
    assert produtos(banco) == {"C": 8, "D": 1}
    banco.execute("DELETE FROM movimentacao_estoque")
    assert produtos(banco) == {"C": 0}


# --- undoing ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "desfazer",
    [
        "UPDATE unificacao_codigos SET ativo = false",
        "UPDATE unificacao_codigos SET ativo = NULL",
        "DELETE FROM unificacao_codigos",
        "TRUNCATE unificacao_codigos",
        "UPDATE unificacao_codigos SET codigo_origem = 'Z'",
        "UPDATE unificacao_codigos SET codigo_origem = NULL",
    ],
)
def test_undoing_restores_both_sides_with_movements_made_meanwhile(
    banco: Banco, desfazer: str
) -> None:
    encher(banco, "A", "B")
    banco.unir("A", "B")
    banco.mov("A", 100)
    banco.mov("B", 1000)
    banco.pre("A", 5, 3)
    banco.execute("DELETE FROM separacao WHERE cod_produto = 'B'")
    banco.execute(desfazer)
    assert banco.saldo("A") == 101
    assert banco.saldo("B") == 1010
    assert banco.previsto("A") == {banco.D: (0, 2), banco.dia(2): (1, 0), banco.dia(3): (0, 5)}
    assert banco.previsto("B") == {banco.dia(2): (10, 0)}


def test_middle_of_a_chain_taken_out_and_put_back(banco: Banco) -> None:
    encher(banco, "A", "B", "C", "D")
    for de, para in (("A", "B"), ("B", "C"), ("C", "D")):
        banco.unir(de, para)
    banco.execute("UPDATE unificacao_codigos SET ativo = false WHERE codigo_origem = 'B'")
    assert produtos(banco) == {"B": 11, "D": 1100}
    banco.execute("UPDATE unificacao_codigos SET ativo = true WHERE codigo_origem = 'B'")
    assert produtos(banco) == {"D": 1111}


def test_destination_changed(banco: Banco) -> None:
    encher(banco, "A", "B", "C")
    banco.unir("A", "B")
    banco.execute("UPDATE unificacao_codigos SET codigo_destino = 'C'")
    assert produtos(banco) == {"B": 10, "C": 101}


def test_direction_turned_in_one_statement(banco: Banco) -> None:
    encher(banco, "A", "B")
    banco.unir("A", "B")
    banco.execute(
        "UPDATE unificacao_codigos SET codigo_origem = codigo_destino,"
        " codigo_destino = codigo_origem"
    )
    assert produtos(banco) == {"A": 11}


def test_unification_rolled_back(banco: Banco) -> None:
    encher(banco, "A", "B")
    with banco.transacao(desfazer=True):
        banco.unir("A", "B")
        banco.mov("A", 100)
    assert produtos(banco) == {"A": 1, "B": 10}


def test_two_groups_joined_and_parted(banco: Banco) -> None:
    encher(banco, "A", "B", "C", "D")
    banco.unir("A", "B")
    banco.unir("C", "D")
    ponte = banco.unir("B", "D")
    assert produtos(banco) == {"D": 1111}
    banco.execute("DELETE FROM unificacao_codigos WHERE id = %s", [ponte])
    assert produtos(banco) == {"B": 11, "D": 1100}


def test_unification_and_movement_in_one_query(banco: Banco) -> None:
    """Both triggers see both changes, in either order, for merging and for splitting."""
    mov = (
        "INSERT INTO movimentacao_estoque (cod_produto, nome_produto, data_movimentacao,"
        " tipo_movimentacao, qtd_movimentacao, ativo) VALUES"
        " ('A', 'N', now(), 'E', 100, true), ('B', 'N', now(), 'E', 1000, true),"
        " ('NOVO', 'N', now(), 'E', 1, true)"
    )
    unir = UNIR + "('A', 'B', true), ('NOVO', 'A', true)"
    partir = "UPDATE unificacao_codigos SET ativo = false"
    for a, b in ((unir, mov), (mov, unir)):
        encher(banco, "A", "B")
        banco.execute(f"WITH a AS ({a}) {b}")
        assert banco.saldo("B") == 1112
        banco.execute(f"WITH a AS ({partir}) {mov}")
        assert banco.saldo("B") == 2010
        banco.execute("UPDATE unificacao_codigos SET ativo = true")
        banco.execute(f"WITH a AS ({mov}) {partir}")
        banco.execute("UPDATE unificacao_codigos SET ativo = true")
        banco.execute(
            "WITH a AS (DELETE FROM movimentacao_estoque), b AS (DELETE FROM separacao)"
            " UPDATE unificacao_codigos SET ativo = false"
        )
        banco.execute("TRUNCATE unificacao_codigos, programacao_producao")
        assert produtos(banco) == {}


def test_many_unifications_in_one_statement(banco: Banco) -> None:
    banco.execute(
        "INSERT INTO movimentacao_estoque (cod_produto, nome_produto, data_movimentacao,"
        " tipo_movimentacao, qtd_movimentacao, ativo)"
        " SELECT 'P' || n, 'N', now(), 'E', 1, true FROM generate_series(0, 199) n"
    )
    banco.execute(UNIR[:-7] + "SELECT 'P' || n, 'P' || n / 2, true FROM generate_series(1, 199) n")
    assert produtos(banco) == {"P0": 200}
    banco.execute("DELETE FROM unificacao_codigos WHERE codigo_destino = 'P0'")
    assert len(produtos(banco)) == 2


# --- what is refused --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "valores",
    [
        "('A', 'A', true)",
        "('A', 'B', true), ('B', 'A', true)",
        "('A', 'B', true), ('B', 'C', true), ('C', 'A', true)",
        "('A', 'B', true), ('A', 'C', true)",
        "('X', 'Y', true), ('P', 'A', true), ('Q', 'Q', true)",
        "('E', 'F', true), ('F', 'G', true), ('G', 'H', true), ('H', 'I', true), ('I', 'E', true)",
    ],
)
def test_refused_in_one_insert(banco: Banco, valores: str) -> None:
    """A→A, cycles of any length, two active destinations for one origin, several rows at once."""
    encher(banco, "A", "B", "C")
    erro = banco.recusa("EP002", UNIR + valores)
    assert erro.diag.message_hint


def test_refused_against_what_is_there(banco: Banco) -> None:
    encher(banco, "A", "B", "C")
    banco.unir("A", "B")
    banco.unir("B", "C")
    for valores in ("('C', 'A', true)", "('C', 'B', true)", "('A', 'C', true)", "('B','B',true)"):
        banco.recusa("EP002", UNIR + valores)


def test_refused_through_update(banco: Banco) -> None:
    encher(banco, "A", "B", "C")
    uni = banco.unir("A", "B")
    banco.unir("B", "C")
    for mudanca in ("codigo_destino = 'A'", "codigo_origem = 'B'", "codigo_origem = 'C'"):
        banco.recusa("EP002", f"UPDATE unificacao_codigos SET {mudanca} WHERE id = %s", [uni])


def test_refused_through_reactivation(banco: Banco) -> None:
    encher(banco, "A", "B")
    banco.unir("A", "B")
    volta = banco.unir("B", "A", ativo=False)
    outra = banco.unir("A", "C", ativo=None)
    for uni in (volta, outra):
        banco.recusa("EP002", "UPDATE unificacao_codigos SET ativo = true WHERE id = %s", [uni])
    banco.recusa("EP002", "UPDATE unificacao_codigos SET ativo = true")


def test_refused_by_copy_and_merge(banco: Banco) -> None:
    banco.unir("A", "B")
    linhas = [("B", "C", True), ("C", "A", True)]
    with pytest.raises(psycopg.Error) as erro:
        banco.copiar("unificacao_codigos", "codigo_origem, codigo_destino, ativo", linhas)
    assert erro.value.sqlstate == "EP002"
    banco.verificar()
    if banco.conn.info.server_version >= 150000:
        banco.recusa(
            "EP002",
            "MERGE INTO unificacao_codigos u USING (VALUES ('B', 'A')) v (o, d)"
            " ON u.codigo_origem = v.o WHEN NOT MATCHED THEN"
            " INSERT (codigo_origem, codigo_destino, ativo) VALUES (v.o, v.d, true)",
        )


def test_refusal_inside_a_savepoint_leaves_the_transaction_usable(banco: Banco) -> None:
    encher(banco, "A", "B")
    with banco.transacao():
        banco.mov("A", 5)
        with pytest.raises(psycopg.Error), banco.conn.transaction():
            banco.cru(UNIR + "('A', 'A', true)")
        banco.mov("B", 5)
    assert produtos(banco) == {"A": 6, "B": 15}


def test_valid_at_the_end_of_the_statement_is_valid(banco: Banco) -> None:
    """Rows of one statement may cross each other as long as its end is sound."""
    encher(banco, "A", "B", "C")
    banco.unir("A", "B")
    banco.execute("WITH fora AS (DELETE FROM unificacao_codigos) " + UNIR + "('B', 'A', true)")
    assert produtos(banco) == {"A": 11, "C": 100}
    banco.unir("C", "B")
    banco.execute(
        "UPDATE unificacao_codigos SET codigo_destino ="
        " CASE codigo_origem WHEN 'B' THEN 'C' ELSE 'A' END"
    )
    assert produtos(banco) == {"A": 111}


def test_error_names_the_codes(banco: Banco) -> None:
    banco.unir("A-1", "B-1")
    erro = banco.recusa("EP002", UNIR + "('B-1', 'A-1', true)")
    texto = f"{erro.diag.message_primary} {erro.diag.message_detail}"
    assert "A-1" in texto
    assert "B-1" in texto


# --- names ------------------------------------------------------------------------------------


def nome(banco: Banco, cod: str) -> object:
    linha = banco.produto(cod)
    return linha and linha["nome_produto"]


def test_canonical_row_bears_its_own_name_where_one_is_known(banco: Banco) -> None:
    banco.mov("B", 1, nome_produto="nome de B")
    banco.mov("A", 1, nome_produto="nome de A")
    banco.unir("A", "B")
    assert nome(banco, "B") == "nome de B"
    banco.mov("A", 1, nome_produto="novo nome de A")
    assert nome(banco, "B") == "nome de B"


def test_alias_name_serves_only_when_there_is_none(banco: Banco) -> None:
    banco.mov("A", 1, nome_produto="nome de A")
    uni = banco.unir("A", "B")
    assert nome(banco, "B") == "nome de A"
    banco.prod("B", 1, nome_produto="B da produção")
    assert nome(banco, "B") == "B da produção"
    banco.execute("DELETE FROM programacao_producao")
    assert nome(banco, "B") == "nome de A"
    banco.mov("B", 1, nome_produto="")
    assert nome(banco, "B") == "nome de A"
    banco.execute("DELETE FROM unificacao_codigos WHERE id = %s", [uni])
    assert (nome(banco, "A"), nome(banco, "B") or None) == ("nome de A", None)


def test_names_over_several_aliases(banco: Banco) -> None:
    """Alias by alias, in the order of their codes."""
    banco.unir("A", "C")
    banco.unir("B", "A")
    banco.prod("B", 1, nome_produto="B da produção")
    assert nome(banco, "C") == "B da produção"
    banco.prod("A", 1, nome_produto="A da produção")
    assert nome(banco, "C") == "A da produção"
    banco.mov("B", 1, nome_produto="B do movimento", ativo=False)
    assert nome(banco, "C") == "A da produção"
    banco.sep("A", 1, nome_produto="A da separação")
    assert nome(banco, "C") == "A da separação"
    banco.unir("0", "C")
    banco.mov("0", 1, nome_produto="zero")
    assert nome(banco, "C") == "zero"
