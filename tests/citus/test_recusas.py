"""What Citus refuses or says otherwise: an error that a person understands, and nothing kept."""

from __future__ import annotations

import re

import psycopg
import pytest
from apoio import RAIZ
from oraculo import FONTES, verificar_invariante
from test_cli import estoque, uma_linha
from test_concorrencia import mov, unir

from citus.aglomerado import EMPRESA, BancoCitus, em


def test_a_copy_that_is_refused_says_why(banco: BancoCitus) -> None:
    """The SQLSTATE is lost on the way, the words are not."""
    banco.unir("A", "B")
    antes = banco.retrato()
    for colunas, linhas, dito in (
        ("codigo_origem, codigo_destino, ativo", [("B", "A", True)], "circular"),
        ("codigo_origem, codigo_destino, ativo", [("A", "C", True)], "destinations"),
    ):
        with pytest.raises(psycopg.Error) as erro:
            banco.copiar("unificacao_codigos", colunas, linhas)
        assert dito in str(erro.value)
    assert banco.retrato() == antes
    banco.verificar()


def test_single_statements_keep_their_sqlstate(banco: BancoCitus) -> None:
    banco.unir("A", "B")
    erro = banco.recusa("EP002", unir("B", "A"))
    assert erro.diag.message_hint
    banco.recusa("EP001", mov("A").replace(", 5, true", ", 'NaN', true"))


def test_a_schema_that_is_not_distributed_is_refused_with_the_statement(vazio: str) -> None:
    """The statement that the hint shows makes a filled one ready; what is in it is adopted."""
    with psycopg.connect(em(vazio, EMPRESA), autocommit=True) as conn:
        conn.execute("SET citus.enable_schema_based_sharding = off")
        conn.execute(f"CREATE SCHEMA {EMPRESA}")
        for fonte in FONTES:
            conn.execute((RAIZ / "sql" / "01_fontes" / f"{fonte}.sql").read_bytes())
        conn.execute(mov("P1").encode())
        texto = uma_linha(estoque("install", "--schema", EMPRESA, dsn=vazio), 1)
        comando = re.search(r"SELECT citus_schema_distribute\(.*?\);", texto)
        assert comando is not None, texto
        conn.execute(comando[0].encode())
    assert estoque("install", "--schema", EMPRESA, dsn=vazio).exit_code == 0
    with psycopg.connect(em(vazio, EMPRESA), autocommit=True) as conn:
        conn.execute(mov("P1").encode())
        assert conn.execute("SELECT saldo_atual FROM estoque_tempo_real").fetchone() == (10,)
        verificar_invariante(conn)


def test_what_only_the_coordinator_can_do_says_so_elsewhere(banco: BancoCitus) -> None:
    no = em(banco.no.dsn(banco.nome), EMPRESA)
    for comando in (("agendar",), ("grant", "pg_monitor", "--leitura")):
        assert "coordinator" in uma_linha(estoque(*comando, dsn=no), 1), comando
