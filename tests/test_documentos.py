"""estoque_documentos: the open documents of a product, and why those that do not count do not."""

from __future__ import annotations

import psycopg
import pytest
from apoio import Banco, papel_novo


def documentos(banco: Banco, codigo: str, dias: int = 28) -> list[tuple[object, ...]]:
    return [
        (r["origem"], r["id"], r["situacao"], r["saldo"])
        for r in banco.cru("SELECT * FROM estoque_documentos(%s, %s)", [codigo, dias])
    ]


def test_each_reason(banco: Banco) -> None:
    banco.cru(
        "INSERT INTO movimentacao_estoque (cod_produto, nome_produto, data_movimentacao,"
        " tipo_movimentacao, qtd_movimentacao, ativo)"
        " VALUES ('P', 'x', '2025-08-01', 'E', 10, true);"
        " INSERT INTO separacao (id, cod_produto, expedicao, qtd_saldo, separacao_lote_id) VALUES"
        " (9, 'P', '2025-08-08', 1, NULL), (10, 'P', '2025-08-08', 2, NULL),"
        " (11, 'P', '2025-08-01', 4, NULL), (12, 'P', NULL, 5, NULL),"
        " (13, 'P', '2025-08-09', 0, 'L'),"
        " (14, 'P', '2025-08-09', 6, 'F'), (15, 'P', '2025-12-01', 7, NULL),"
        " (16, 'P', '2025-06-01', 8, 'F');"
        " INSERT INTO embarque_itens (separacao_lote_id, status, nota_fiscal, erro_validacao)"
        " VALUES ('F', 'ativo', '1', NULL);"
        " INSERT INTO programacao_producao (id, cod_produto, data_programacao, qtd_programada)"
        " VALUES (1, 'P', '2025-08-08', 3), (2, 'P', '2025-08-05', 3), (3, 'P', '2025-06-05', 3)"
    )
    banco.verificar()
    achados = documentos(banco, "P")
    assert achados[:4] == [
        ("separacao", "11", "atrasada", 6),
        ("programacao_producao", "1", "conta", 9),
        ("separacao", "9", "conta", 8),
        ("separacao", "10", "conta", 6),
    ]
    assert {(o, i): s for o, i, s, _ in achados[4:]} == {
        ("separacao", "12"): "sem data",
        ("separacao", "13"): "sem quantidade",
        ("separacao", "14"): "faturado",
        ("separacao", "15"): "alem do horizonte",
        ("programacao_producao", "2"): "entrada atrasada",
    }
    assert documentos(banco, "unknown") == []


@pytest.mark.parametrize("dias", [-1, 3651, None])
def test_bad_days(banco: Banco, dias: int | None) -> None:
    with pytest.raises(psycopg.Error) as erro:
        banco.cru("SELECT estoque_documentos('P', %s)", [dias])
    assert erro.value.sqlstate == "22023"


def test_who_may_ask(banco: Banco) -> None:
    """A role with --leitura, which has no right on the sources; nobody else."""
    banco.sep("P", 1, 1)
    with papel_novo(banco.conn, "leitor") as papel, papel_novo(banco.conn, "outro") as outro:
        banco.cru(f"SELECT estoque_conceder('{papel}', true)")
        banco.cru(f"GRANT USAGE ON SCHEMA public TO {outro}")
        conn = banco.conectar(user=papel, options="-c default_transaction_read_only=on")
        assert len(conn.execute("SELECT * FROM estoque_documentos('P')").fetchall()) == 1
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            conn.execute("SELECT * FROM separacao")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            banco.conectar(user=outro).execute("SELECT * FROM estoque_documentos('P')")
        for aberta in banco._abertas[1:]:
            aberta.close()
