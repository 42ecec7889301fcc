"""Operating an installation: the status, the worker, the settings, a standby."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from apoio import GATILHOS, Banco
from conftest import CONF, Servico
from oraculo import comparar_consultas
from oraculo_manha import comparar_manha
from oraculo_planejador import comparar_planejador
from psycopg.conninfo import make_conninfo
from test_cli import dados, estoque, uma_linha
from test_concorrencia import mov
from test_minuto import estragar, sem_gatilhos, transbordar

from estoque_pg import APIEstoqueTempoReal
from estoque_pg.cli import base
from estoque_pg.cli.operacao import saida_do_status
from estoque_pg.cli.trabalhador import Trabalhador
from estoque_pg.erros import ArgumentoInvalido, ErroConexao
from estoque_pg.migracoes import instalar
from estoque_pg.situacao import situacao
from servidor import Servidor

RAIZ = Path(__file__).resolve().parent.parent


@pytest.fixture
def cena(banco: Banco) -> Banco:
    banco.mov("P0001", 15, nome_produto="Parafuso çã")
    banco.sep("P0001", 16, 1)
    banco.mov("P0002", 7)
    return banco


# --- status -----------------------------------------------------------------------------------


def test_a_healthy_installation(cena: Banco) -> None:
    APIEstoqueTempoReal(cena.conn).minuto()
    resultado = estoque("status", dsn=cena.dsn)
    assert resultado.exit_code == 0
    for trecho in (
        "up to date", f"{GATILHOS} of {GATILHOS} in place", "as they were installed",
        "products     2", "all turned to today", "last run",
        "compared     each within the last",
        "10 products a run", "corrections  none", "failing      none",
    ):  # fmt: skip
        assert trecho in resultado.stdout, trecho
    assert not re.search("^[!~]", resultado.stdout, re.MULTILINE)
    s = dados("status", dsn=cena.dsn)
    assert (s["em_dia"], s["problemas"], s["avisos"], s["saida"]) == (True, [], [], 0)
    assert s["operacao"]["execucoes"][0]["processados"] == 2
    assert len(s["operacao"]["gatilhos"]) == GATILHOS


ENVELHECER = "UPDATE estoque_migracao_soma SET aplicada_em = now() - interval '4 minutes'"


def test_no_driver_is_a_warning(cena: Banco) -> None:
    cena.cru("UPDATE estoque_migracao_soma SET aplicada_em = now()")
    assert dados("status", dsn=cena.dsn)["avisos"] == []  # it is not due yet
    cena.cru(ENVELHECER)
    resultado = estoque("status", dsn=cena.dsn)
    assert resultado.exit_code == 0
    assert "estoque worker" in resultado.stdout
    APIEstoqueTempoReal(cena.conn).minuto()
    cena.cru("UPDATE estoque_execucao SET fim = now() - interval '4 minutes'")
    avisos = dados("status", dsn=cena.dsn)["avisos"]
    assert [a["texto"] for a in avisos] == ["the minute job has not run in the last 3 minutes"]
    assert "4 min ago" in estoque("status", dsn=cena.dsn).stdout


ESTRAGOS = {
    "ALTER TABLE separacao DISABLE TRIGGER estoque_inserir": (
        "estoque_inserir of separacao is disabled",
        "estoque vigiar",
    ),
    "DROP TRIGGER estoque_alterar ON embarque_itens": (
        "estoque_alterar of embarque_itens is missing",
        "estoque vigiar",
    ),
    "CREATE OR REPLACE FUNCTION estoque_virada() RETURNS bigint LANGUAGE sql"
    " AS 'SELECT 0::bigint'": ("estoque_virada() is changed", "estoque vigiar"),
    "DROP FUNCTION estoque_estatisticas()": (
        "estoque_estatisticas() is missing",
        "estoque vigiar",
    ),
}


@pytest.mark.parametrize("comando", ESTRAGOS)
def test_what_has_to_be_mended_is_exit_code_4_with_its_remedy(cena: Banco, comando: str) -> None:
    cena.cru(comando)
    resultado = estoque("status", dsn=cena.dsn)
    for trecho in ESTRAGOS[comando]:
        assert trecho in resultado.stdout
    assert "1 thing to mend" in uma_linha(resultado, 4)
    assert len(dados("status", dsn=cena.dsn, codigo=4)["problemas"]) == 1
    feito = estoque("vigiar", dsn=cena.dsn)
    assert feito.stdout == "1 trigger or part put back\n"
    assert estoque("status", dsn=cena.dsn).exit_code == 0
    cena.verificar()


def test_however_much_is_wrong_the_status_is_one_screen(cena: Banco) -> None:
    cena.cru(
        "ALTER TABLE separacao DISABLE TRIGGER USER;"
        " ALTER TABLE embarque_itens DISABLE TRIGGER USER;"
        " DROP FUNCTION estoque_estatisticas()"
    )
    cena.cru(
        "INSERT INTO estoque_falha (cod_produto, sqlstate, mensagem, desde, ultima_em, vezes)"
        " SELECT 'X' || n, '22003', 'too much', now() + n * interval '1 s', now(), 1"
        " FROM generate_series(1, 50) AS n"
    )
    texto = estoque("status", dsn=cena.dsn).stdout
    assert "! 8 triggers are disabled: " in texto
    assert "and 5 more" in texto
    assert "! 50 products fail, 'X1' the longest: too much (22003)" in texto
    assert len(texto.splitlines()) < 40
    s = dados("status", dsn=cena.dsn, codigo=4)
    assert sum(g["estado"] == "disabled" for g in s["operacao"]["gatilhos"]) == 8


def test_corrections_and_failing_products_are_exit_code_4(cena: Banco) -> None:
    estragar(cena)
    transbordar(cena, "P0002")
    assert dados("fallback", dsn=cena.dsn) == {"processados": 2, "corrigidos": 1, "falhas": 1}
    texto = estoque("status", dsn=cena.dsn)
    uma_linha(texto, 4)
    assert "'P0002' fails: " in texto.stdout
    assert "1 difference from the sources corrected" in texto.stdout
    assert re.search(r"P0001 +saldo_atual +- +-7 +15", texto.stdout), texto.stdout
    s = dados("status", dsn=cena.dsn, codigo=4)["operacao"]
    assert (s["correcoes_24h"], s["total_de_falhas"]) == (1, 1)
    # a day later the correction is history; the product still fails
    cena.cru("UPDATE estoque_correcao SET corrigido_em = now() - interval '25 hours'")
    sem_gatilhos(cena, "DELETE FROM movimentacao_estoque WHERE qtd_movimentacao > 1000")
    estoque("fallback", dsn=cena.dsn)
    assert estoque("status", dsn=cena.dsn).exit_code == 0


def test_fields_that_expired_are_shown_and_no_fault(cena: Banco) -> None:
    cena.ir_para(3)
    resultado = estoque("status", dsn=cena.dsn)
    assert resultado.exit_code == 0
    assert "1 of them not turned to today yet" in resultado.stdout


def test_a_role_with_nothing_but_usage(cena: Banco) -> None:
    papel = f"leitor_{cena.conn.info.dbname}"
    cena.cru(f"CREATE ROLE {papel} LOGIN")
    try:
        dsn = make_conninfo(cena.dsn, user=papel)
        assert dados("status", dsn=dsn)["operacao"]["lancador"] is None
        assert estoque("status", dsn=dsn).exit_code == 0
        for comando in ("fallback", "configurar", "agendar", "desagendar"):
            uma_linha(estoque(comando, dsn=dsn), 1)
        uma_linha(estoque("worker", "--uma-vez", dsn=dsn), 1)
    finally:
        cena.cru(f"DROP ROLE {papel}")


def test_an_older_installation_and_none(cena: Banco, vazio: str) -> None:
    """What is asked may not be there yet: the migrations say so, with exit code 3."""
    cena.cru(
        "DROP FUNCTION estoque_gatilhos(); DROP TABLE estoque_execucao CASCADE;"
        " DELETE FROM estoque_migracao_soma; "
        " INSERT INTO estoque_migracao_soma (id, sha256) VALUES ('0000.antiga', 'x')"
    )
    resultado = estoque("status", dsn=cena.dsn)
    uma_linha(resultado, 3)
    assert "triggers" not in resultado.stdout
    assert dados("status", dsn=cena.dsn, codigo=3)["operacao"] is None
    for comando in (["fallback"], ["worker"], ["worker", "--uma-vez"], ["configurar"], ["agendar"]):
        uma_linha(estoque(*comando, dsn=vazio), 3)


def test_any_schema(vazio: str) -> None:
    schema = 'Loja "Um"; x'
    instalar(vazio, schema)
    for comando in (["status"], ["fallback"], ["worker", "--uma-vez"], ["configurar"]):
        resultado = estoque(*comando, "--schema", schema, dsn=vazio)
        assert resultado.exit_code == 0, resultado.output
    status = estoque("status", "--schema", schema, dsn=vazio).stdout
    assert f"{GATILHOS} of {GATILHOS} in place" in status


def test_situacao_as_an_object(cena: Banco) -> None:
    cena.cru(ENVELHECER)
    s = situacao(cena.conn)
    assert (saida_do_status(s), s.banco, s.migracoes.schema) == (0, cena.conn.info.dbname, "public")
    assert s.operacao is not None
    assert s.operacao.parado
    assert s.operacao.produtos == 2
    with pytest.raises(AttributeError):
        s.banco = "x"  # type: ignore[misc]


def test_situacao_leaves_connection_and_transaction_as_they_were(cena: Banco) -> None:
    conn = cena.conectar()
    situacao(conn)
    assert (conn.isolation_level, conn.read_only) == (None, None)
    with conn.transaction():
        conn.execute(mov("P0003", 1))
        s = situacao(conn)  # sees what the caller has not committed yet
        assert s.operacao is not None
        assert s.operacao.produtos == 3
    cena.cru(
        "DELETE FROM estoque_migracao_soma; DROP TABLE estoque_execucao CASCADE;"
        " INSERT INTO estoque_migracao_soma (id, sha256) VALUES ('0000.antiga', 'x')"
    )
    with conn.transaction():
        assert situacao(conn).operacao is None
        assert conn.execute("SELECT 1").fetchone() == (1,)  # the transaction goes on


def test_the_status_is_one_snapshot(cena: Banco, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its parts are several statements; what happens between two of them is in none."""
    contar = APIEstoqueTempoReal.gatilhos

    def escrever_e_contar(api: Any) -> Any:
        cena.cru("SELECT estoque_minuto()")
        return contar(api)

    monkeypatch.setattr(APIEstoqueTempoReal, "gatilhos", escrever_e_contar)
    s = situacao(cena.conectar())
    assert s.operacao is not None
    assert s.operacao.execucoes == ()
    assert cena.valor("SELECT count(*) FROM estoque_execucao") == 1


# --- settings ---------------------------------------------------------------------------------


def test_settings(cena: Banco) -> None:
    assert dados("configurar", dsn=cena.dsn) == {"por_execucao": 10, "orcamento": 20.0}
    novo = dados("configurar", "--por-execucao", "50", "--orcamento", "1.5", dsn=cena.dsn)
    assert novo == {"por_execucao": 50, "orcamento": 1.5}
    assert cena.cru("SELECT * FROM estoque_configurar()")[0] == {
        "por_execucao": 50,
        "orcamento": timedelta(seconds=1.5),
    }
    for errado in (["--por-execucao", "0"], ["--orcamento", "0"], ["--orcamento", "x"]):
        assert estoque("configurar", *errado, dsn=cena.dsn).exit_code == 2
    assert estoque("fallback", "--lote", "0", dsn=cena.dsn).exit_code == 2
    with pytest.raises(ArgumentoInvalido):
        APIEstoqueTempoReal(cena.conn).fallback(0)
    with pytest.raises(ArgumentoInvalido):
        APIEstoqueTempoReal(cena.conn).configurar(orcamento=-1)


# --- the worker -------------------------------------------------------------------------------


def test_once_for_a_crontab(cena: Banco) -> None:
    """Silent when there was nothing to do, so that cron sends no mail."""
    feito = estoque("worker", "--uma-vez", dsn=cena.dsn)
    assert (feito.exit_code, feito.output) == (0, "")
    estragar(cena)
    feito = estoque("worker", "--uma-vez", dsn=cena.dsn)
    assert "2 products compared, 1 corrected, 0 failed, 0 turned" in feito.stdout
    assert cena.cru("SELECT DISTINCT motor FROM estoque_execucao") == [{"motor": "estoque worker"}]
    cena.verificar()


class Processo:
    """A worker in a process of its own, its two streams read as they come."""

    def __init__(self, dsn: str) -> None:
        self.processo = subprocess.Popen(
            [sys.executable, "-m", "estoque_pg", "worker", "--dsn", dsn],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=RAIZ,
            env={k: v for k, v in os.environ.items() if not k.startswith("PG")},
        )
        self.linhas: list[str] = []
        self._leitor = threading.Thread(target=self._ler, daemon=True)
        self._leitor.start()

    def _ler(self) -> None:
        assert self.processo.stdout is not None
        for linha in self.processo.stdout:
            self.linhas.append(linha.rstrip())

    def espera(self, trecho: str) -> None:
        esperar(lambda: any(trecho in linha for linha in self.linhas), trecho)

    def encerra(self, sinal: signal.Signals) -> int:
        self.processo.send_signal(sinal)
        codigo = self.processo.wait(20)
        self._leitor.join(5)
        return codigo


def esperar(condicao: Any, o_que: str, limite: float = 20) -> None:
    fim = time.monotonic() + limite
    while not condicao():
        assert time.monotonic() < fim, f"no {o_que} within {limite} s"
        time.sleep(0.02)


def test_two_workers_one_at_work_and_a_clean_end(cena: Banco) -> None:
    estragar(cena)
    primeiro = Processo(cena.dsn)
    segundo = None
    try:
        primeiro.espera("worker at work")
        primeiro.espera("1 corrected")
        cena.verificar()
        segundo = Processo(cena.dsn)
        segundo.espera("standing by")
        assert primeiro.encerra(signal.SIGTERM) == 0
        assert primeiro.linhas[-1] == "worker ended"
        segundo.espera("at work")
        assert segundo.encerra(signal.SIGINT) == 0
        assert "Traceback" not in "".join(primeiro.linhas + segundo.linhas)
    finally:
        for p in (primeiro, segundo):
            if p is not None and p.processo.poll() is None:
                p.processo.kill()


def test_wrong_address_is_said_at_once() -> None:
    uma_linha(estoque("worker", dsn="host=/nonexistent dbname=x"), 5)


@contextmanager
def trabalhando(banco: Banco | base.Banco, periodo: float = 0.2) -> Iterator[Trabalhador]:
    alvo = base.Banco(banco.dsn, None)
    trabalhador = Trabalhador(alvo, periodo=periodo)
    erros: list[BaseException] = []

    def rodar() -> None:
        try:
            trabalhador.ciclo()
        except BaseException as erro:
            erros.append(erro)

    fio = threading.Thread(target=rodar)
    fio.start()
    try:
        esperar(lambda: trabalhador.comecou or erros, "worker")
        yield trabalhador
    finally:
        trabalhador.fim.set()
        fio.join(20)
    assert erros == []


def test_runs_keep_coming_and_an_error_does_not_end_them(
    cena: Banco, capsys: pytest.CaptureFixture[str]
) -> None:
    with trabalhando(cena):
        esperar(lambda: cena.valor("SELECT count(*) FROM estoque_execucao") >= 2, "second run")
        cena.cru("ALTER TABLE estoque_execucao ADD CONSTRAINT nada CHECK (id < 0) NOT VALID")
        time.sleep(0.5)
        cena.cru("ALTER TABLE estoque_execucao DROP CONSTRAINT nada")
        antes = cena.valor("SELECT count(*) FROM estoque_execucao")
        esperar(lambda: cena.valor("SELECT count(*) FROM estoque_execucao") > antes, "new run")
    assert "run failed, the next is due" in capsys.readouterr().err


def test_the_worker_survives_a_restart_of_the_server(capsys: pytest.CaptureFixture[str]) -> None:
    with Servidor(conf=CONF) as servidor:
        instalar(servidor.dsn())
        contar = "SELECT count(*) FROM estoque_execucao"

        def execucoes() -> int:
            with psycopg.connect(servidor.dsn()) as conn:
                linha = conn.execute(contar).fetchone()
                assert linha is not None
                return int(linha[0])

        with trabalhando(base.Banco(servidor.dsn(), None)):
            esperar(lambda: execucoes() >= 1, "run")
            servidor.parar()
            time.sleep(0.6)
            servidor.iniciar()
            antes = execucoes()
            esperar(lambda: execucoes() > antes, "run after the restart")
    saida = capsys.readouterr()
    assert "connection lost" in saida.err
    assert "worker again at work" in saida.out


def test_a_lost_connection_at_the_start_is_raised(cena: Banco) -> None:
    with pytest.raises(ErroConexao):
        Trabalhador(base.Banco("host=/nonexistent", None)).ciclo()


# --- a standby --------------------------------------------------------------------------------


def test_on_a_hot_standby(servico: Servico, cena: Banco) -> None:
    """The status works, the job does nothing, and neither is an error."""
    s = servico.servidor
    if not (s.bindir / "pg_basebackup").exists():
        pytest.skip("this server comes without pg_basebackup")
    espelho = s.raiz / "espelho"
    assert s._programas is not None
    comum: dict[str, Any] = {
        "stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "cwd": "/",
        "env": s._programas.ambiente(), "check": True, **s._ids,
    }  # fmt: skip
    APIEstoqueTempoReal(cena.conn).minuto()
    leitor = f"leitor_{cena.conn.info.dbname}"
    cena.cru(f"CREATE ROLE {leitor} LOGIN; SELECT estoque_conceder('{leitor}', leitura => true)")
    certo = cena.verificar()
    subprocess.run(
        [s.bindir / "pg_basebackup", "-h", s.host, "-U", s.user, "-D", espelho, "-R", "-c", "fast"],
        **comum,
    )
    ajustes = "-c port=5433 -c hot_standby=on"
    pg_ctl: list[str | Path] = [s.bindir / "pg_ctl", "-w", "-D", espelho]
    try:
        subprocess.run(
            [*pg_ctl, "-l", s.raiz / "espelho.log", "-o", ajustes, "start"],
            **comum,
            stderr=subprocess.DEVNULL,
        )
        dsn = make_conninfo(cena.dsn, port=5433)
        resultado = estoque("status", dsn=dsn)
        assert resultado.exit_code == 0, resultado.output
        assert "a standby" in resultado.stdout
        assert "runs on the primary" in resultado.stdout
        with psycopg.connect(dsn, user=leitor, autocommit=True) as conn:  # every question, by right
            assert comparar_consultas(conn, certo) == []
            assert comparar_planejador(conn, certo) == []
            assert comparar_manha(conn, certo) == []
        nada = {"processados": 0, "corrigidos": 0, "falhas": 0}
        assert dados("fallback", dsn=dsn) == nada
        feito = estoque("worker", "--uma-vez", dsn=dsn)
        assert (feito.exit_code, feito.output) == (0, "")
        with trabalhando(base.Banco(dsn, None)):
            time.sleep(0.5)  # waits to be promoted
        subprocess.run([*pg_ctl, "promote"], **comum)
        promovido = Banco(dsn)
        try:
            promovido.mov("P0001", 5)
            assert estoque("worker", "--uma-vez", dsn=dsn).exit_code == 0
            s = dados("status", dsn=dsn)
            assert (s["problemas"], s["operacao"]["espelho"]) == ([], False)
        finally:
            promovido.fechar()
    finally:
        subprocess.run([*pg_ctl, "-m", "immediate", "stop"], **{**comum, "check": False})
        shutil.rmtree(espelho, ignore_errors=True)
        cena.cru(f"DROP OWNED BY {leitor}; DROP ROLE {leitor}")
