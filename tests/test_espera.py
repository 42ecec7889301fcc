"""Maintenance beside writers: it waits in short tries, says for whom, and no writer pays for it."""

from __future__ import annotations

import random
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from apoio import MIGRACOES, Banco, Sessao, arquivos_sql
from conftest import Servico
from psycopg.conninfo import make_conninfo
from test_concorrencia import MOV
from test_migracoes import RAIZ

from estoque_pg.migracoes import desfazer, estado, instalar, migrar

PRODUTOS, LOTES, ESCRITORES = 240, 120, 4
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
                    for comando in comandos:
                        conn.execute(comando)
                        parar.wait(0.002)
                    conn.commit()
                    feitas.append(eu)
                    parar.wait(r.uniform(0, 0.1))  # at some moments nobody is in between
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


# --- a transaction that stands still, in the way ------------------------------------------------


def comecar(dsn: str, *comando: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "estoque_pg", *comando, "--dsn", dsn],
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


COMANDOS = (
    ("recalcular", "--tudo"),
    ("vigiar",),
    ("uninstall", "--sim"),
    ("migrate",),
    ("install", "--sem-agendamento"),
)


@pytest.mark.parametrize("comando", COMANDOS, ids=" ".join)
def test_who_is_in_the_way_is_named_and_not_hindered(velho: Banco, comando: tuple[str]) -> None:
    """It goes on with every table, and so do others, while the command waits for it."""
    if comando[0] in ("recalcular", "vigiar"):
        migrar(velho.dsn)
    if comando[0] == "vigiar":
        velho.cru("ALTER TABLE programacao_producao DISABLE TRIGGER estoque_alterar")
    outra = make_conninfo(velho.dsn, options="-c deadlock_timeout=5s")
    with (
        psycopg.connect(outra, application_name="parada") as parada,
        psycopg.connect(outra, autocommit=True) as viva,
    ):
        parada.execute(f"{MOV} ('P1', 'N', current_date, 'E', 1, true)")
        parada.execute("SELECT * FROM estoque_por_codigo")
        with comecar(velho.dsn, *comando) as processo:
            assert processo.stderr is not None
            linhas: list[str] = []
            while "held by" not in "".join(linhas):
                linhas.append(processo.stderr.readline())
                assert processo.poll() is None, linhas
            assert f"process {parada.info.backend_pid} (postgres, parada, since" in linhas[-1]
            for conn, produto in ((viva, "P2"), (parada, "P3")):
                conn.execute(f"{MOV} ('{produto}', 'N', current_date, 'E', 1, true)")
                conn.execute("UPDATE separacao SET qtd_saldo = 3 WHERE cod_produto = %s", [produto])
                conn.execute(
                    "INSERT INTO embarque_itens (embarque_id, separacao_lote_id, nota_fiscal,"
                    " status) VALUES (1, %s, 'NF', 'ativo')",
                    [produto],
                )
                conn.execute("SELECT * FROM estoque_tempo_real")
            assert processo.poll() is None
            parada.commit()
            assert processo.wait(60) == 0
    if comando[0] != "uninstall":
        novo = Banco(velho.dsn)
        novo.verificar()
        assert novo.cru("SELECT * FROM estoque_gatilhos() WHERE estado <> 'ok'") == []
        novo.fechar()


def test_a_rebuild_that_gives_up_says_who_and_leaves_no_lock(banco: Banco) -> None:
    [(texto,)] = banco.conn.execute(
        "SELECT pg_get_functiondef('_estoque_insistir'::regproc)"
    ).fetchall()
    banco.cru(texto.replace("'60 s'", "'300 ms'"))
    banco.cru("UPDATE estoque_tempo_real SET saldo_atual = 1 WHERE cod_produto = 'P1'")
    with psycopg.connect(banco.dsn, application_name="parada") as parada:
        parada.execute(f"{MOV} ('P1', 'N', current_date, 'E', 1, true)")
        banco.cru("BEGIN")
        banco.cru("SAVEPOINT s")
        with pytest.raises(psycopg.errors.LockNotAvailable) as erro:
            banco.cru(TUDO)
        assert "parada, since" in (erro.value.diag.message_hint or "")
        banco.cru("ROLLBACK TO s")
        parada.execute("UPDATE embarque_itens SET nota_fiscal = 'NF'")
        parada.execute(f"{MOV} ('P0', 'N', current_date, 'E', 1, true)")
        parada.commit()
        banco.cru("ROLLBACK")
    assert banco.cru(TUDO)[0]["estoque_recalcular_tudo"] >= 1
    banco.verificar()


def test_watching_where_all_is_well_waits_for_nobody(banco: Banco) -> None:
    with psycopg.connect(banco.dsn) as parada:
        parada.execute("LOCK movimentacao_estoque IN ROW EXCLUSIVE MODE")
        assert banco.cru("SELECT estoque_vigiar() AS n") == [{"n": 0}]


def test_what_a_session_waits_for_a_lock_is_left_as_it_was(banco: Banco) -> None:
    banco.cru("BEGIN")
    banco.cru("SET LOCAL lock_timeout = '7s'")
    banco.cru(TUDO)
    assert banco.valor("SELECT current_setting('lock_timeout')") == "7s"
    banco.cru("ROLLBACK")


# --- the emergency switch -----------------------------------------------------------------------


def test_triggers_are_turned_off_and_on_again(banco: Banco) -> None:
    """As docs/operacao.md says, though a transaction stays open, and nothing of ours works."""
    pagina = (RAIZ / "docs" / "operacao.md").read_text(encoding="utf-8")
    [desligar] = re.findall(r"```sql\n(DO \$\$.*?)```", pagina, re.DOTALL)
    banco.cru("DROP FUNCTION estoque_gatilhos() CASCADE")
    mover = f"{MOV} ('P1', 'N', current_date, 'E', 1, true)"
    ligados = (
        "SELECT DISTINCT tgrelid::regclass::text AS t FROM pg_trigger"
        " WHERE tgname ~ '^estoque_' AND tgenabled <> 'D'"
    )
    with (
        Sessao(banco) as desliga,
        psycopg.connect(make_conninfo(banco.dsn, options="-c deadlock_timeout=5s")) as parada,
    ):
        parada.execute("UPDATE separacao SET qtd_saldo = 2 WHERE cod_produto = 'P3'")
        feito = desliga.faz(desligar)
        while [r["t"] for r in banco.cru(ligados)] != ["separacao"]:
            assert not feito.done()
        banco.cru(mover)
        parada.execute("INSERT INTO embarque_itens (separacao_lote_id) VALUES ('L1')")
        parada.execute("UPDATE separacao SET qtd_saldo = 1 WHERE cod_produto = 'P4'")
        parada.commit()
        feito.result(20)
    assert banco.cru(ligados) == []
    banco.cru("UPDATE separacao SET qtd_saldo = 7 WHERE cod_produto = 'P5'")
    # What was broken is mended by what is at hand: the statements of the installation.
    banco.cru("SET search_path = public, pg_temp")
    banco.cru(arquivos_sql("estoque_gatilhos.sql")[0].read_text())
    banco.cru("RESET search_path")
    assert banco.cru("SELECT estoque_vigiar() AS n") == [{"n": 24}]
    banco.verificar()
