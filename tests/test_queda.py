"""The server is killed under load; what was acknowledged is there, and the stock is exact."""

from __future__ import annotations

import contextlib
import random
import tempfile
import threading
import time
from pathlib import Path

import psycopg
import pytest
from apoio import RETENTAVEIS
from conftest import Servico
from oraculo import verificar_invariante
from test_concorrencia import mov, qualquer

from estoque_pg.migracoes import instalar
from servidor import Servidor


@pytest.mark.lento
def test_sigkill_of_the_server_under_load(servico: Servico) -> None:
    with Servidor(conf=["synchronous_commit=on", "timezone='UTC'"]) as servidor:
        dsn = servidor.dsn()
        instalar(dsn, None)
        recebidos: list[int] = []
        for ciclo in range(4):
            parar = threading.Event()
            trabalho = [
                threading.Thread(target=escrever, args=(dsn, 100 * ciclo + n, parar, recebidos))
                for n in range(6)
            ]
            for t in trabalho:
                t.start()
            time.sleep(1.0)
            servidor.matar()
            parar.set()
            for t in trabalho:
                t.join(20)
            servidor.iniciar()
            with psycopg.connect(dsn, autocommit=True) as conn:
                verificar_invariante(conn)
                linhas = conn.execute(
                    "SELECT qtd_movimentacao FROM movimentacao_estoque WHERE cod_produto = 'PROVA'"
                ).fetchall()
                gravados = {int(r[0]) for r in linhas}
                assert set(recebidos) <= gravados, "an acknowledged commit was lost"
        assert len(recebidos) > 100


def escrever(dsn: str, semente: int, parar: threading.Event, recebidos: list[int]) -> None:
    """Random changes, and now and then a movement whose acknowledgement is remembered."""
    r = random.Random(semente)
    try:
        with psycopg.connect(dsn, autocommit=True) as conn:
            n = 0
            while not parar.is_set():
                n += 1
                try:
                    if n % 3 == 0:
                        prova = semente * 100_000 + n
                        conn.execute(mov("PROVA", prova))
                        recebidos.append(prova)
                    else:
                        sql = qualquer(r)
                        # proofs stay: nothing but the crash may take one away
                        conn.execute(
                            sql.replace("WHERE id", "WHERE cod_produto <> 'PROVA' AND id")
                            if "movimentacao_estoque" in sql
                            else sql
                        )
                except RETENTAVEIS:
                    continue
                except psycopg.Error as erro:
                    if erro.sqlstate != "EP002":
                        raise
    except psycopg.OperationalError:
        pass  # the server was killed; that is the point


@pytest.mark.lento
def test_killed_backend_leaves_the_others_and_the_stock_intact(servico: Servico) -> None:
    """One session dies in the middle of its statement: its work is gone, wholly."""
    nome = servico.criar()
    dsn = servico.dsn(nome)
    try:
        instalar(dsn, None)
        with psycopg.connect(dsn, autocommit=True) as conn:
            conn.execute(mov("P1", 1))
            for espera in (0.0, 0.02, 0.1, 0.3):
                vitima = psycopg.connect(dsn, autocommit=True)
                morte = threading.Timer(
                    espera,
                    lambda pid: conn.execute("SELECT pg_terminate_backend(%s)", [pid]),
                    [vitima.info.backend_pid],
                )
                morte.start()
                with contextlib.suppress(psycopg.OperationalError):
                    vitima.execute(
                        "INSERT INTO movimentacao_estoque (cod_produto, nome_produto,"
                        " data_movimentacao, tipo_movimentacao, qtd_movimentacao, ativo)"
                        " SELECT 'P' || n % 500, 'N', now(), 'E', 1, true"
                        " FROM generate_series(1, 50000) n"
                    )
                morte.join()
                vitima.close()
                verificar_invariante(conn, consultas=False)
    finally:
        servico.remover(nome)


def test_throwaway_server_leaves_nothing(servico: Servico) -> None:
    with tempfile.TemporaryDirectory(dir=servico.servidor.raiz.parent) as pasta:
        Path(pasta).chmod(0o755)
        with Servidor(base=Path(pasta)) as outro:
            raiz = outro.raiz
            assert raiz.exists()
        assert not raiz.exists()
