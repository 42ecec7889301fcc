"""Maintenance beside writers: it waits in short tries, says for whom, and no writer pays for it."""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from apoio import MIGRACOES, Banco
from conftest import Servico
from psycopg.conninfo import make_conninfo
from test_concorrencia import MOV
from test_migracoes import RAIZ

from estoque_pg import migracoes
from estoque_pg.erros import ErroEstoque
from estoque_pg.migracoes import desfazer, estado, instalar, migrar

PRODUTOS, LOTES, ESCRITORES = 240, 120, 6
ENCHER = (
    f"{MOV.removesuffix('VALUES ')} SELECT 'P' || n % {PRODUTOS}, 'N', current_date, 'E', 5, true"
    " FROM generate_series(1, 2000) AS n",
    "INSERT INTO separacao (separacao_lote_id, cod_produto, qtd_saldo, expedicao)"
    f" SELECT 'L' || n % {LOTES}, 'P' || n % {PRODUTOS}, 1, current_date + n % 9"
    " FROM generate_series(1, 600) AS n",
    "INSERT INTO embarque_itens (embarque_id, separacao_lote_id, status)"
    f" SELECT 1, 'L' || n, 'ativo' FROM generate_series(0, {LOTES - 1}) AS n",
)
DESLIGAR = "ALTER TABLE separacao DISABLE TRIGGER estoque_alterar"
TUDO = "SELECT estoque_recalcular_tudo()"


def encher(servico: Servico, modelo: str) -> str:
    nome = servico.criar(modelo)
    with psycopg.connect(servico.dsn(nome), autocommit=True) as conn:
        for comando in ENCHER:
            conn.execute(comando)
    return nome


@pytest.fixture(scope="module")
def cheio(servico: Servico, modelo: str) -> str:
    return encher(servico, modelo)


@pytest.fixture(scope="module")
def primeira(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The migrations of the first release."""
    pasta = tmp_path_factory.mktemp("primeira")
    for arquivo in (RAIZ / "migrations").glob("0001.*"):
        shutil.copy(arquivo, pasta)
    return pasta


@pytest.fixture(scope="module")
def antigo(servico: Servico, primeira: Path) -> str:
    nome = servico.criar()
    instalar(servico.dsn(nome), None, primeira)
    return encher(servico, nome)


@pytest.fixture
def banco(servico: Servico, cheio: str) -> Iterator[Banco]:
    with servico.banco(cheio) as banco:
        yield banco


@pytest.fixture
def velho(servico: Servico, antigo: str) -> Iterator[Banco]:
    """An install of the first release, full."""
    with servico.banco(antigo) as banco:
        yield banco


# --- transactions of several statements meanwhile ----------------------------------------------


@contextmanager
def escrevendo(dsn: str) -> Iterator[list[int]]:
    """Sessions that move a product, then invoice a lot, or the other way round; gives the commits.

    Each has products and lots of its own, so that none is another's victim; whatever error one
    gets is raised at the end.
    """
    parar = threading.Event()
    feitas: list[int] = []
    falhas: list[BaseException] = []

    def escrever(eu: int) -> None:
        r = random.Random(eu)
        # It would be they that notice: who maintains has to give way before.
        paciente = make_conninfo(dsn, options="-c deadlock_timeout=5s")
        try:
            with psycopg.connect(paciente) as conn:
                while not parar.is_set():
                    produto = f"P{r.randrange(eu, PRODUTOS, ESCRITORES)}"
                    lote = f"L{r.randrange(eu, LOTES, ESCRITORES)}"
                    comandos = [
                        f"{MOV} ('{produto}', 'N', current_date, 'E', 1, true)",
                        "UPDATE embarque_itens SET nota_fiscal = CASE WHEN nota_fiscal IS NULL"
                        f" THEN 'NF' END WHERE separacao_lote_id = '{lote}'",
                        f"UPDATE separacao SET qtd_saldo = 3 WHERE separacao_lote_id = '{lote}'",
                        "INSERT INTO programacao_producao (cod_produto, data_programacao,"
                        f" qtd_programada) VALUES ('{produto}', current_date, 2)",
                    ]
                    r.shuffle(comandos)
                    # Products of a lot are other writers' as well: as they are separated, in order.
                    for comando in comandos:
                        conn.execute(comando)
                        parar.wait(0.005)
                    conn.commit()
                    feitas.append(eu)
        except BaseException as erro:
            falhas.append(erro)

    sessoes = [threading.Thread(target=escrever, args=(n,)) for n in range(ESCRITORES)]
    for sessao in sessoes:
        sessao.start()
    try:
        yield feitas
    finally:
        parar.set()
        for sessao in sessoes:
            sessao.join(60)
    if falhas:
        raise falhas[0]


def test_rebuilding_and_watching_beside_writers(banco: Banco) -> None:
    with escrevendo(banco.dsn) as feitas:
        for _ in range(4):
            antes = len(feitas)
            banco.cru(TUDO)
            while len(feitas) < antes + ESCRITORES:
                assert threading.active_count() > 1
            banco.cru("SET lock_timeout = '2s'")
            try:
                banco.cru(DESLIGAR)
            except psycopg.errors.LockNotAvailable:
                continue
            assert banco.cru("SELECT estoque_vigiar() AS n") == [{"n": 1}]
    banco.verificar()


def test_taking_it_out_and_putting_it_in_beside_writers(banco: Banco) -> None:
    with escrevendo(banco.dsn) as feitas:
        assert desfazer(banco.dsn) != []
        antes = len(feitas)
        assert instalar(banco.dsn) != []
    assert len(feitas) > antes
    novo = Banco(banco.dsn)
    novo.verificar()
    novo.fechar()


def test_a_living_first_release_is_upgraded(velho: Banco) -> None:
    """Exact at the commit, as the first statement after it sees it."""
    ditas: list[str] = []
    with escrevendo(velho.dsn) as feitas:
        assert migrar(velho.dsn, avisar=ditas.append) == MIGRACOES[1:]
        antes = len(feitas)
        assert velho.cru("SELECT * FROM estoque_verificar()") == []
        while len(feitas) < antes + ESCRITORES:
            assert threading.active_count() > 1
    assert ditas[-1].startswith("writers were held off for ")
    novo = Banco(velho.dsn)
    novo.verificar()
    assert estado(novo.conn).em_dia
    assert novo.cru("SELECT * FROM estoque_alterados()") == []
    novo.fechar()
