"""The minute job under a real pg_cron, in this database and in another."""

from __future__ import annotations

import os
import re
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
import sqlparse
from apoio import RAIZ, Banco, papel_novo
from conftest import CONF, Servico
from psycopg import sql
from psycopg.conninfo import make_conninfo
from psycopg.rows import dict_row
from test_cli import dados, estoque, uma_linha
from test_minuto import estragar

from estoque_pg import manutencao
from estoque_pg.cli import cli
from estoque_pg.erros import CronAusente, SemPermissao
from estoque_pg.migracoes import instalar
from servidor import Servidor

ESPERA = 75.0  # seconds: the next minute, and some patience


def exigir_cron(servidor: Servidor) -> None:
    if not servidor.tem_cron:
        pytest.skip("this server has no pg_cron")


@pytest.fixture
def cron(servico: Servico) -> Iterator[psycopg.Connection[Any]]:
    """The database of pg_cron, with its extension made: for now only, as every installation
    schedules its job where there is one."""
    exigir_cron(servico.servidor)
    with psycopg.connect(servico.servidor.dsn(), autocommit=True, row_factory=dict_row) as conn:
        conn.execute("CREATE EXTENSION pg_cron")
        try:
            yield conn
        finally:
            conn.execute("DROP EXTENSION pg_cron")


@dataclass
class Aqui:
    """A server whose pg_cron sits in the database of the installation."""

    servidor: Servidor
    conn: psycopg.Connection[Any]

    @property
    def dsn(self) -> str:
        return self.servidor.dsn("erp")

    def tarefas(self) -> list[dict[str, Any]]:
        return self.conn.execute("SELECT * FROM cron.job ORDER BY jobid").fetchall()


@pytest.fixture(scope="module")
def servidor_aqui() -> Iterator[Servidor]:
    with Servidor(conf=(*CONF, "cron.database_name='erp'")) as servidor:
        exigir_cron(servidor)
        with psycopg.connect(servidor.dsn(), autocommit=True) as admin:
            admin.execute("CREATE DATABASE erp")
        with psycopg.connect(servidor.dsn("erp"), autocommit=True) as conn:
            conn.execute("CREATE EXTENSION pg_cron")
        yield servidor


@pytest.fixture
def aqui(servidor_aqui: Servidor) -> Iterator[Aqui]:
    with psycopg.connect(servidor_aqui.dsn("erp"), autocommit=True, row_factory=dict_row) as conn:
        yield Aqui(servidor_aqui, conn)
        conn.execute("SELECT cron.unschedule(jobid) FROM cron.job")


# --- pg_cron in another database --------------------------------------------------------------


@pytest.mark.lento
def test_pg_cron_mends_a_product_and_turns_the_day(
    banco: Banco, cron: psycopg.Connection[Any]
) -> None:
    banco.mov("P0001", 1)
    banco.sep("P0002", 5, 9)
    estragar(banco)
    banco.cru(
        "CREATE OR REPLACE FUNCTION estoque_hoje() RETURNS date LANGUAGE sql STABLE PARALLEL SAFE"
        " RETURN date '2025-08-09'"
    )
    tarefa = manutencao.agendar(banco.conn)
    assert tarefa.banco_do_cron == "postgres"
    limite = time.monotonic() + ESPERA
    while not (runs := banco.cru("SELECT * FROM estoque_execucao")):
        assert time.monotonic() < limite, cron.execute(
            "SELECT * FROM cron.job_run_details ORDER BY runid DESC LIMIT 3"
        ).fetchall()
        time.sleep(0.2)
    assert (runs[0]["motor"], runs[0]["corrigidos"]) == ("pg_cron", 1)
    assert runs[0]["virados"] >= 1
    banco.verificar()
    assert estoque("status", dsn=banco.dsn).stdout.count("pg_cron") >= 2
    assert manutencao.desagendar(banco.conn)


def test_scheduled_in_the_other_database_once(banco: Banco, cron: psycopg.Connection[Any]) -> None:
    nome = f"estoque {banco.conn.info.dbname}.public"
    for _ in range(2):
        assert dados("agendar", dsn=banco.dsn) == {"nome": nome, "banco_do_cron": "postgres"}
    tarefas = cron.execute("SELECT * FROM cron.job").fetchall()
    assert [(t["jobname"], t["schedule"], t["command"], t["database"]) for t in tarefas] == [
        (nome, "* * * * *", "SELECT public.estoque_minuto()", banco.conn.info.dbname)
    ]
    assert dados("desagendar", dsn=banco.dsn) == {"removida": True}
    assert dados("desagendar", dsn=banco.dsn) == {"removida": False}
    assert cron.execute("SELECT * FROM cron.job").fetchall() == []


def test_an_uninstall_takes_the_job_along_and_one_that_fails_leaves_it(
    banco: Banco, cron: psycopg.Connection[Any]
) -> None:
    nomes = "SELECT jobname FROM cron.job"
    dados("agendar", dsn=banco.dsn)
    banco.cru("CREATE VIEW painel AS SELECT * FROM estoque_tempo_real")
    assert "drop what depends" in uma_linha(estoque("uninstall", "--sim", dsn=banco.dsn), 1)
    assert len(cron.execute(nomes).fetchall()) == 1
    banco.cru("DROP VIEW painel")
    assert dados("uninstall", "--sim", dsn=banco.dsn)["desfeitas"]
    assert cron.execute(nomes).fetchall() == []


def test_an_uninstall_by_a_role_that_cannot_see_pg_cron_says_so(
    vazio: str, cron: psycopg.Connection[Any]
) -> None:
    with psycopg.connect(vazio, autocommit=True) as conn, papel_novo(conn, "dona") as papel:
        conn.execute(f"CREATE SCHEMA loja AUTHORIZATION {papel}")
        dsn = make_conninfo(vazio, user=papel)
        instalar(dsn, "loja")
        resultado = estoque("uninstall", "--schema", "loja", "--sim", dsn=dsn)
        assert resultado.exit_code == 0
        assert "permission denied" in resultado.stderr
        assert "loja" in resultado.stderr
        assert "removed" in resultado.stdout


def test_sql_alone_says_what_to_run_where(banco: Banco, cron: psycopg.Connection[Any]) -> None:
    """The hint is a statement that works, in the database it names."""
    for funcao, tarefas in (("estoque_agendar()", 1), ("estoque_desagendar()", 0)):
        erro = banco.recusa("EP004", f"SELECT {funcao}")
        dica = erro.diag.message_hint
        assert dica is not None
        assert "estoque worker" in dica
        assert "the database postgres" in dica
        comando = dica.partition("run: ")[2].partition("; or")[0]
        cron.execute(comando.encode())
        assert len(cron.execute("SELECT * FROM cron.job").fetchall()) == tarefas


def test_without_the_rights_it_says_which(banco: Banco, cron: psycopg.Connection[Any]) -> None:
    with papel_novo(banco.conn, "erp") as papel:
        banco.cru(f"GRANT EXECUTE ON FUNCTION estoque_agendar(), estoque_desagendar() TO {papel}")
        dsn = make_conninfo(banco.dsn, user=papel)
        texto = uma_linha(estoque("agendar", dsn=dsn), 1)
        comando = texto.partition("owner: ")[2]
        assert comando.startswith("GRANT EXECUTE ON FUNCTION public.estoque_minuto()")
        banco.cru(comando)
        texto = uma_linha(estoque("agendar", dsn=dsn), 1)
        assert f'GRANT USAGE ON SCHEMA cron TO "{papel}"' in texto
        for comando in texto.partition(": GRANT")[2].join(["GRANT", ""]).split(";"):
            if comando.strip():
                cron.execute(comando.encode())
        assert dados("agendar", dsn=dsn)["banco_do_cron"] == "postgres"
        tarefas = cron.execute("SELECT username FROM cron.job").fetchall()
        assert tarefas == [{"username": papel}]
        cron.execute("SELECT cron.unschedule(jobid) FROM cron.job")
        cron.execute(sql.SQL("DROP OWNED BY {}").format(sql.Identifier(papel)))


def test_no_pg_cron_anywhere(banco: Banco, servico: Servico) -> None:
    with psycopg.connect(servico.servidor.dsn(), autocommit=True) as conn:
        conn.execute("DROP EXTENSION IF EXISTS pg_cron")
    texto = uma_linha(estoque("agendar", dsn=banco.dsn), 1)
    assert "neither in the database" in texto
    assert "estoque worker" in texto
    with pytest.raises(CronAusente):
        manutencao.desagendar(banco.conn)


# --- pg_cron in this database -----------------------------------------------------------------


def test_scheduled_here_once_and_the_job_runs(aqui: Aqui) -> None:
    instalar(aqui.dsn)
    for _ in range(2):
        linha = aqui.conn.execute("SELECT estoque_agendar() AS nome").fetchone()
        assert linha == {"nome": "estoque erp.public"}
    tarefas = aqui.tarefas()
    assert [(t["jobname"], t["schedule"], t["database"]) for t in tarefas] == [
        ("estoque erp.public", "* * * * *", "erp")
    ]
    aqui.conn.execute(tarefas[0]["command"])
    assert "scheduled in pg_cron" in estoque("status", dsn=aqui.dsn).stdout
    for restava in (True, False):
        linha = aqui.conn.execute("SELECT estoque_desagendar() AS havia").fetchone()
        assert linha == {"havia": restava}


def test_an_uninstall_takes_the_job_out_here(aqui: Aqui) -> None:
    instalar(aqui.dsn, "fechada", criar_schema=True)
    dados("agendar", "--schema", "fechada", dsn=aqui.dsn)
    assert estoque("uninstall", "--sim", "--schema", "fechada", dsn=aqui.dsn).exit_code == 0
    assert aqui.tarefas() == []


@pytest.mark.parametrize("schema", ['Loja "Um"; x', "ç" * 31, "a" * 63, "a.b"])
def test_a_job_for_each_schema_however_it_is_called(aqui: Aqui, schema: str) -> None:
    instalar(aqui.dsn, schema, criar_schema=True)
    instalar(aqui.dsn)
    nome = dados("agendar", "--schema", schema, dsn=aqui.dsn)["nome"]
    assert len(nome.encode()) <= 63
    dados("agendar", "--schema", "public", dsn=aqui.dsn)
    tarefas = aqui.tarefas()
    assert len({t["jobname"] for t in tarefas}) == 2
    aqui.conn.execute(tarefas[0]["command"])
    contagem = sql.SQL("SELECT count(*) AS n FROM {}.estoque_execucao").format(
        sql.Identifier(schema)
    )
    assert aqui.conn.execute(contagem).fetchone() == {"n": 1}
    assert dados("desagendar", "--schema", schema, dsn=aqui.dsn) == {"removida": True}
    assert [t["jobname"] for t in aqui.tarefas()] == ["estoque erp.public"]


def test_rights_here(aqui: Aqui) -> None:
    instalar(aqui.dsn)
    aqui.conn.execute("DROP ROLE IF EXISTS agente; CREATE ROLE agente LOGIN")
    aqui.conn.execute(
        "GRANT EXECUTE ON FUNCTION estoque_agendar(), estoque_desagendar(), estoque_minuto()"
        " TO agente"
    )
    dsn = make_conninfo(aqui.dsn, user="agente")
    try:
        with psycopg.connect(dsn, autocommit=True) as conn:
            with pytest.raises(SemPermissao) as erro:
                manutencao.agendar(conn)
            assert erro.value.dica == "As superuser: GRANT USAGE ON SCHEMA cron TO agente;"
            aqui.conn.execute("GRANT USAGE ON SCHEMA cron TO agente")
            manutencao.agendar(conn)
            assert [t["username"] for t in aqui.tarefas()] == ["agente"]
            assert "scheduled" in estoque("status", dsn=dsn).stdout
        # a superuser's job takes the place of it
        manutencao.agendar(aqui.conn)
        assert [t["username"] for t in aqui.tarefas()] == ["postgres"]
    finally:
        aqui.conn.execute("DROP OWNED BY agente; DROP ROLE agente")


def test_a_dump_from_beside_pg_cron_goes_into_another_database(aqui: Aqui, tmp_path: Path) -> None:
    """As docs/backup.md says: without the extension, which no other database can have."""
    bindir = aqui.servidor.bindir
    if not (bindir / "pg_dump").exists():
        pytest.skip("this server comes without pg_dump")
    instalar(aqui.dsn)
    dados("agendar", dsn=aqui.dsn)
    pagina = (RAIZ / "docs" / "backup.md").read_text(encoding="utf-8")
    receita = re.findall(r"^    (pg_restore .*)", pagina, re.MULTILINE)
    assert len(receita) == 2
    comandos = ["set -e", "createdb copia", "pg_dump -Fc -f erp.dump erp", *receita]
    ambiente = {"PGHOST": aqui.servidor.host, "PGUSER": aqui.servidor.user}
    ambiente["PATH"] = f"{bindir}:{os.environ['PATH']}"
    try:
        feito = subprocess.run(
            ["bash", "-c", "\n".join(comandos)],
            cwd=tmp_path, env={**os.environ, **ambiente}, capture_output=True, text=True,
        )  # fmt: skip
        assert (feito.returncode, feito.stderr) == (0, "")
        copia = aqui.servidor.dsn("copia")
        assert dados("vigiar", dsn=copia) == {"repostos": 0}
        dados("agendar", dsn=copia)
        nomes = [t["jobname"] for t in aqui.tarefas()]
        assert nomes == ["estoque erp.public", "estoque copia.public"]
        assert dados("status", dsn=copia)["problemas"] == []
    finally:
        aqui.conn.execute("DROP DATABASE IF EXISTS copia WITH (FORCE)")


def test_the_page_on_operation_runs_as_printed(aqui: Aqui) -> None:
    """Every SQL example, in order; and every command it names is one."""
    texto = (RAIZ / "docs" / "operacao.md").read_text(encoding="utf-8")
    instalar(aqui.dsn)
    aqui.conn.execute("CREATE ROLE agendador LOGIN")
    try:
        blocos = re.findall(r"^```sql\n(.*?)^```", texto, re.MULTILINE | re.DOTALL)
        assert len(blocos) >= 6
        for bloco in blocos:
            for comando in sqlparse.split(re.sub(r"--.*", "", bloco)):
                if comando.strip():
                    aqui.conn.execute(comando.encode())
    finally:
        aqui.conn.execute("DROP OWNED BY agendador; DROP ROLE agendador")
    nomes = re.findall(r"(?:`|/|^    )estoque ([a-z]+)", texto, re.MULTILINE)
    assert {"agendar", "worker", "status"} <= set(nomes) <= set(cli.commands)
