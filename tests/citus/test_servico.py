"""The programs around a company of Citus: HTTP service, worker, minute job."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest
from apoio import NIVEIS
from psycopg.rows import dict_row
from test_cli import dados, estoque
from test_concorrencia import mov, pre, tempestade, uma_de_muitas
from test_http import (  # noqa: F401
    cena,
    cliente,
    test_every_endpoint_answers_what_the_api_answers,
    test_what_the_database_refuses,
)
from test_minuto import (  # noqa: F401
    a_vez_de,
    estragar,
    test_a_locked_product_is_passed_over_and_comes_when_it_is_free,
    test_many_at_once_while_others_write,
    test_records_are_bounded,
    test_the_run_is_recorded,
    test_turning_the_day_waits_for_nobody,
    test_two_at_once,
)
from test_operacao import Processo

from citus.aglomerado import EMPRESA, BancoCitus, ServicoCitus, em
from citus.aglomerado import uma_entrada as entrada  # noqa: F401

ESPERA = 75.0  # seconds: the next minute, and some patience


@pytest.fixture
def cron(servico: ServicoCitus) -> Iterator[psycopg.Connection[Any]]:
    """pg_cron sits in one database of the coordinator, and runs jobs in all of them."""
    dsn = servico.citus.coordenador.dsn()
    with psycopg.connect(dsn, autocommit=True, row_factory=dict_row) as conn:
        conn.execute("CREATE EXTENSION pg_cron")
        try:
            yield conn
        finally:
            conn.execute("DROP EXTENSION pg_cron")


@pytest.mark.lento
@pytest.mark.parametrize("entrada", ["no"], indirect=True)
def test_the_minute_job_of_pg_cron_beside_writers(
    banco: BancoCitus, cron: psycopg.Connection[Any]
) -> None:
    """Scheduled at the coordinator, it mends and turns the day while eight sessions write."""
    ao_coordenador = em(banco.citus.dsn(banco.nome), EMPRESA)
    for n in range(6):
        banco.cru(mov(f"P{n}", 3))
        banco.cru(pre(f"P{n}", 4))
    banco.prod("Q", 5, 9)  # the writers delete movements, whosever they are
    estragar(banco, "Q")
    a_vez_de(banco, "Q")  # beside the writers a run has time for a few products only
    assert dados("agendar", dsn=ao_coordenador)["banco_do_cron"] == "postgres"
    [tarefa] = cron.execute("SELECT * FROM cron.job").fetchall()
    assert tarefa["database"] == banco.nome
    banco.congelar(banco.dia(1))
    limite = time.monotonic() + ESPERA
    while not (feitas := banco.cru("SELECT * FROM estoque_execucao WHERE corrigidos > 0")):
        tempestade(banco, uma_de_muitas, NIVEIS[0], por_transacao=1, vezes=20)
        if time.monotonic() > limite:
            corridas = cron.execute("SELECT * FROM cron.job_run_details ORDER BY runid").fetchall()
            pytest.fail(f"{corridas}\n{banco.cru('SELECT * FROM estoque_execucao')}")
        time.sleep(0.2)
    assert feitas[0]["motor"] == "citus"  # the session on the node is one of Citus
    assert feitas[0]["corrigidos"] == 1
    banco.verificar()
    assert "pg_cron" in estoque("status", dsn=ao_coordenador).stdout
    assert dados("desagendar", dsn=ao_coordenador) == {"removida": True}
    assert cron.execute("SELECT * FROM cron.job").fetchall() == []


def test_a_worker_in_place_of_it(banco: BancoCitus) -> None:
    """At either node; it mends, and ends in good order."""
    banco.mov("P1", 5)
    estragar(banco, "P1")
    trabalhador = Processo(banco.dsn)
    try:
        trabalhador.espera("1 corrected")
        with ThreadPoolExecutor(1) as equipe:
            equipe.submit(tempestade, banco, uma_de_muitas, NIVEIS[0], 1, 10).result()
        banco.verificar()
    finally:
        trabalhador.processo.terminate()
    assert trabalhador.processo.wait(20) == 0
    assert banco.cru("SELECT DISTINCT motor FROM estoque_execucao") == [{"motor": "estoque worker"}]
