"""Whatever a database sets for its sessions, we say the same."""

from __future__ import annotations

import json
from collections.abc import Iterator

import psycopg
import pytest
from apoio import Banco
from conftest import Servico
from psycopg import sql
from test_cli import estoque
from test_concorrencia import MOV

from estoque_pg import APIEstoqueTempoReal
from estoque_pg.erros import ErroEstoque
from estoque_pg.migracoes import TRAVA, instalar

AJUSTES = {
    "datestyle": "SQL, DMY",
    "intervalstyle": "sql_standard",
    "extra_float_digits": "-15",
    "bytea_output": "escape",
    "standard_conforming_strings": "off",
    "statement_timeout": "3s",
    "lock_timeout": "1s",
    "idle_in_transaction_session_timeout": "3s",
    "default_transaction_isolation": "serializable",
}
PERGUNTAS = (
    ("consultar", "P001"),
    ("produto", "P001"),
    ("rupturas",),
    ("projecao", "P001"),
    ("disponibilidade", "P001", "1"),
    ("estatisticas",),
    ("verificar",),
)


def ajustar(dsn: str) -> None:
    with psycopg.connect(dsn, autocommit=True) as conn:
        for nome, valor in AJUSTES.items():
            conn.execute(
                sql.SQL("ALTER DATABASE {} SET {} = {}").format(
                    sql.Identifier(conn.info.dbname), sql.Identifier(nome), sql.Literal(valor)
                )
            )


@pytest.fixture
def cena(banco: Banco) -> Banco:
    banco.mov("P001", "10.125")
    banco.sep("P001", 30, 4)
    banco.cru("SELECT estoque_minuto()")
    return banco


@pytest.mark.parametrize("argumentos", PERGUNTAS, ids=" ".join)
def test_answers_do_not_depend_on_settings(cena: Banco, argumentos: tuple[str]) -> None:
    antes = [estoque(*argumentos, *f, dsn=cena.dsn).stdout for f in ([], ["--json"])]
    ajustar(cena.dsn)
    depois = [estoque(*argumentos, *f, dsn=cena.dsn) for f in ([], ["--json"])]
    assert [d.exit_code for d in depois] == [0, 0], depois
    if argumentos != ("verificar",):  # which says how long it took
        assert [d.stdout for d in depois] == antes


def test_status_and_worker(cena: Banco) -> None:
    ajustar(cena.dsn)
    situacao = estoque("status", "--json", dsn=cena.dsn)
    assert situacao.exit_code == 0, situacao.output
    assert json.loads(situacao.stdout)["operacao"]["execucoes"][0]["processados"] == 1
    assert estoque("status", dsn=cena.dsn).exit_code == 0
    feito = estoque("worker", "--uma-vez", dsn=cena.dsn)
    assert feito.exit_code == 0, feito.output


def test_an_installation(vazio: str) -> None:
    """Also where it waits for somebody for longer than the database lets its sessions wait."""
    ajustar(vazio)
    assert estoque("install", dsn=vazio).exit_code == 0
    assert estoque("status", dsn=vazio).exit_code == 0
    assert estoque("uninstall", "--sim", dsn=vazio).exit_code == 0


@pytest.fixture
def ascii(servico: Servico) -> Iterator[str]:
    servico.admin.execute(
        "CREATE DATABASE sem_codificacao TEMPLATE template0 ENCODING 'SQL_ASCII'"
        " LC_COLLATE 'C' LC_CTYPE 'C'"
    )
    yield servico.dsn("sem_codificacao")
    servico.remover("sem_codificacao")


def test_a_database_without_an_encoding(ascii: str) -> None:
    """Its text is read as what it is nearly always: UTF-8. What is not is named."""
    instalar(ascii, None)
    with psycopg.connect(ascii, autocommit=True) as conn:
        assert conn.info.encoding == "ascii"
        conn.execute(f"{MOV} ('Ação', 'Pão', '2025-08-06', 'E', 5, true)".encode())
        api = APIEstoqueTempoReal(conn)
        produto = api.produto("Ação")
        assert produto is not None
        assert (produto.cod_produto, produto.nome_produto) == ("Ação", "Pão")
        assert estoque("consultar", "Ação", dsn=ascii).exit_code == 0
        conn.execute(f"{MOV} ('L1', 'P\xe3o', '2025-08-06', 'E', 5, true)".encode("latin-1"))
        with pytest.raises(ErroEstoque, match=r"SQL_ASCII.*not UTF-8"):
            api.produto("L1")


def test_who_holds_the_lock_of_the_installer_is_named(vazio: str) -> None:
    ditas: list[str] = []

    def ouvir(linha: str) -> None:
        ditas.append(linha)
        outro.close()

    with psycopg.connect(vazio, autocommit=True, application_name="quem espera") as outro:
        pid = outro.info.backend_pid
        outro.execute("SELECT pg_advisory_lock(%s)", [TRAVA])
        assert instalar(vazio, None, avisar=ouvir) != []
    (dita,) = [d for d in ditas if d.startswith("waiting")]
    assert f"process {pid} (postgres, quem espera)" in dita
