"""The command line: exit codes, JSON, messages, streams."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import psycopg
import pytest
from apoio import MIGRACOES, Banco
from click.testing import CliRunner, Result

from estoque_pg.cli import cli

RAIZ = Path(__file__).resolve().parent.parent


def estoque(
    *args: str, dsn: str | None = None, entrada: str | bytes | None = None, **env: str | None
) -> Result:
    limpo = {v: None for v in os.environ if v.startswith("PG") or v == "DATABASE_URL"}
    argumentos = list(args)
    if dsn is not None:
        argumentos += ["--dsn", dsn]
    resultado = CliRunner().invoke(cli, argumentos, input=entrada, env={**limpo, **env})
    assert resultado.exception is None or isinstance(resultado.exception, SystemExit), (
        resultado.output
    )
    return resultado


def dados(*args: str, dsn: str, codigo: int = 0) -> Any:
    resultado = estoque(*args, "--json", dsn=dsn)
    assert resultado.exit_code == codigo, resultado.output
    return json.loads(resultado.stdout)


def uma_linha(resultado: Result, codigo: int) -> str:
    """An error is one readable line on stderr, perhaps a hint, never a traceback."""
    assert resultado.exit_code == codigo, resultado.output
    linhas = resultado.stderr.splitlines()
    erros = [linha for linha in linhas if linha.lower().startswith("error")]
    assert len(erros) == 1, resultado.stderr
    assert "Traceback" not in resultado.output
    return resultado.stderr


@pytest.fixture
def cena(banco: Banco) -> Banco:
    banco.mov("P001", 1500, nome_produto="Parafuso çã")
    banco.sep("P001", 1600, 1)
    banco.prod("P001", 500.5, 5)
    banco.mov("P002", 7)
    banco.unir("ALIAS", "P001")
    return banco


# --- installing -------------------------------------------------------------------------------


def test_install_status_migrate(vazio: str) -> None:
    assert "install" in uma_linha(estoque("status", dsn=vazio), 3)
    uma_linha(estoque("migrate", dsn=vazio), 3)
    primeiro = estoque("install", dsn=vazio)
    assert primeiro.exit_code == 0
    assert all(migracao in primeiro.stdout for migracao in MIGRACOES)
    segundo = estoque("install", dsn=vazio)
    assert segundo.exit_code == 0
    assert "up to date" in segundo.stdout
    assert estoque("migrate", dsn=vazio).exit_code == 0
    situacao = dados("status", dsn=vazio)
    assert situacao["em_dia"]
    assert situacao["aplicadas"] == MIGRACOES
    assert dados("install", dsn=vazio) == {"schema": "public", "aplicadas": []}


def test_schema_option(vazio: str) -> None:
    assert estoque("install", "--schema", 'A "b" c', dsn=vazio).exit_code == 0
    assert estoque("estatisticas", "--schema", 'A "b" c', dsn=vazio).exit_code == 0
    uma_linha(estoque("estatisticas", dsn=vazio), 3)
    uma_linha(estoque("estatisticas", "--schema", "outro", dsn=vazio), 3)
    assert estoque("status", "--schema", "", dsn=vazio).exit_code == 2
    uma_linha(estoque("install", "--schema", "pg_x", dsn=vazio), 1)


def test_misfitting_source_is_one_error(vazio: str) -> None:
    with psycopg.connect(vazio, autocommit=True) as conn:
        conn.execute("CREATE TABLE separacao (id int, expedicao text)")
    texto = uma_linha(estoque("install", dsn=vazio), 1)
    assert "separacao.expedicao" in texto
    assert "separacao.qtd_saldo" in texto
    assert "hint" in texto


def test_role_without_rights(cena: Banco) -> None:
    papel = f"nada_{cena.conn.info.dbname}"
    cena.cru(f"CREATE ROLE {papel} LOGIN")
    try:
        dsn = psycopg.conninfo.make_conninfo(cena.dsn, user=papel)
        assert estoque("status", dsn=dsn).exit_code == 0
        assert estoque("consultar", "P001", dsn=dsn).exit_code == 0
        uma_linha(estoque("recalcular", "P001", dsn=dsn), 1)
        uma_linha(estoque("install", "--criar-schema", "--schema", "novo", dsn=dsn), 1)
    finally:
        cena.cru(f"DROP ROLE {papel}")


# --- where the database is --------------------------------------------------------------------


def test_database_url_then_pg_variables(cena: Banco) -> None:
    assert estoque("consultar", "P001", DATABASE_URL=cena.dsn).exit_code == 0
    info = cena.conn.info
    pg = {
        "PGHOST": info.host,
        "PGPORT": str(info.port),
        "PGUSER": "postgres",
        "PGDATABASE": info.dbname,
    }
    assert estoque("consultar", "P001", **pg).exit_code == 0
    assert estoque("consultar", "P001", dsn=cena.dsn, DATABASE_URL="host=/nada").exit_code == 0


@pytest.mark.parametrize(
    "dsn",
    [
        "host=/nonexistent dbname=x",
        "host=127.0.0.1 port=1 dbname=x connect_timeout=2",
        "isto não é um dsn",
        "postgresql://[",
    ],
)
def test_cannot_connect(dsn: str) -> None:
    for comando in (["status"], ["install"], ["consultar", "P1"], ["verificar"]):
        uma_linha(estoque(*comando, dsn=dsn), 5)


def test_unknown_database(cena: Banco) -> None:
    uma_linha(estoque("status", dsn=psycopg.conninfo.make_conninfo(cena.dsn, dbname="zz")), 5)


def test_a_connection_error_says_one_thing_a_line() -> None:
    erro = estoque("status", dsn="host=/nonexistent,/nowhere").stderr
    primeira, *resto = erro.splitlines()
    assert primeira.startswith("error: connection to server on socket")
    assert len([linha for linha in resto if linha.startswith("  - host: ")]) == 2
    assert resto[-1].startswith("hint: check --dsn")
    assert "dbname=..." in estoque("status", dsn="erp").stderr  # how a DSN is written


def test_a_mistyped_schema_is_named_before_anything_is_made(cena: Banco) -> None:
    for comando in (["status"], ["consultar", "P001"], ["uninstall", "--sim"]):
        resultado = estoque(*comando, "--schema", "publico", dsn=cena.dsn)
        erro = uma_linha(resultado, 3)
        assert 'schema "publico", which does not exist' in erro
        assert "installed in public" in resultado.stderr
    novo = ("install", "--schema", "publico", "--sem-agendamento")
    assert 'the schema "publico" does not exist' in uma_linha(estoque(*novo, dsn=cena.dsn), 1)
    feito = estoque(*novo, "--criar-schema", dsn=cena.dsn)
    assert 'the schema "publico" is missing and will be created' in feito.stderr
    assert feito.stderr.count("movimentacao_estoque") == 1
    de_novo = estoque("install", "--schema", "publico", "--sem-agendamento", dsn=cena.dsn)
    assert de_novo.stderr == ""


# --- asking -----------------------------------------------------------------------------------


def test_queries_as_json(cena: Banco) -> None:
    produto = dados("produto", "ALIAS", dsn=cena.dsn)
    assert produto["cod_produto"] == "P001"
    assert produto["menor_estoque_d7"] == -100.0
    assert produto["dia_ruptura"] == "2025-08-07"
    lista = dados("consultar", "P002", "P001", dsn=cena.dsn)
    assert [p["cod_produto"] for p in lista] == ["P002", "P001"]
    assert [r["cod_produto"] for r in dados("rupturas", dsn=cena.dsn)] == ["P001"]
    assert dados("rupturas", "--dias", "0", dsn=cena.dsn) == []
    assert len(dados("projecao", "P001", "--dias", "3", dsn=cena.dsn)) == 4
    assert dados("disponibilidade", "P001", "400", dsn=cena.dsn) == {
        "data_disponivel": "2025-08-11",
        "quantidade_disponivel": 400.5,
    }
    assert dados("estatisticas", dsn=cena.dsn)["total_produtos"] == 2
    assert dados("recalcular", "--tudo", dsn=cena.dsn) == {"corrigidos": 0}
    assert dados("verificar", dsn=cena.dsn) == []


@pytest.mark.parametrize(
    ("args", "trecho"),
    [
        (["consultar", "P001", "P002"], "Parafuso çã"),
        (["produto", "P001"], "07/08/2025"),
        (["rupturas"], "P001"),
        (["projecao", "P001"], "D+28"),
        (["disponibilidade", "P001", "400"], "11/08/2025"),
        (["estatisticas"], "products"),
        (["verificar"], "0 differences"),
        (["recalcular", "P001"], "0 products corrected"),
    ],
)
def test_queries_as_tables(cena: Banco, args: list[str], trecho: str) -> None:
    resultado = estoque(*args, dsn=cena.dsn)
    assert resultado.exit_code == 0, resultado.output
    assert trecho in resultado.stdout
    assert "\x1b" not in resultado.output  # colours only on a terminal


@pytest.mark.parametrize("comando", ["consultar", "produto", "projecao"])
def test_unknown_code(cena: Banco, comando: str) -> None:
    assert "nada" in uma_linha(estoque(comando, "nada", dsn=cena.dsn), 1)
    uma_linha(estoque(comando, "", dsn=cena.dsn), 1)


def test_known_codes_are_shown_although_others_are_unknown(cena: Banco) -> None:
    resultado = estoque("consultar", "P001", "nada", dsn=cena.dsn)
    assert "Parafuso" in resultado.stdout
    uma_linha(resultado, 1)


@pytest.mark.parametrize(
    "args",
    [
        ["rupturas", "--dias", "-1"],
        ["rupturas", "--dias", "x"],
        ["projecao", "P001", "--dias", "-5"],
        ["disponibilidade", "P001", "0"],
        ["disponibilidade", "P001", "NaN"],
        ["disponibilidade", "P001", "inf"],
        ["disponibilidade", "P001"],
        ["consultar"],
        ["recalcular"],
        ["recalcular", "P001", "--tudo"],
        ["naoexiste"],
    ],
)
def test_wrong_usage(cena: Banco, args: list[str]) -> None:
    resultado = estoque(*args, dsn=None, DATABASE_URL=cena.dsn)
    assert resultado.exit_code == 2
    assert "Traceback" not in resultado.output


# --- auditing and mending ---------------------------------------------------------------------


def test_divergence_is_exit_code_4_and_the_hint_mends_it(cena: Banco) -> None:
    cena.cru("UPDATE estoque_tempo_real SET saldo_atual = 1 WHERE cod_produto = 'P001'")
    resultado = estoque("verificar", dsn=cena.dsn)
    assert "saldo_atual" in resultado.stdout
    assert "recalcular" in uma_linha(resultado, 4)
    assert dados("verificar", "P001", dsn=cena.dsn, codigo=4)[0]["cod_produto"] == "P001"
    assert estoque("verificar", "P002", dsn=cena.dsn).exit_code == 0
    assert dados("recalcular", "--tudo", dsn=cena.dsn) == {"corrigidos": 1}
    assert estoque("verificar", dsn=cena.dsn).exit_code == 0
    cena.verificar()


def test_newer_database_and_edited_file(cena: Banco) -> None:
    cena.cru("INSERT INTO estoque_migracao_soma (id, sha256) VALUES ('9999.futuro', 'x')")
    for comando in ("status", "install", "migrate"):
        assert "9999.futuro" in uma_linha(estoque(comando, dsn=cena.dsn), 3)
    cena.cru("DELETE FROM estoque_migracao_soma WHERE id = '9999.futuro'")
    cena.cru("UPDATE estoque_migracao_soma SET sha256 = 'x'")
    for comando in ("status", "install", "migrate"):
        uma_linha(estoque(comando, dsn=cena.dsn), 3)


# --- help and the real process ----------------------------------------------------------------


def test_every_command_has_help_with_an_example() -> None:
    for nome, comando in cli.commands.items():
        resultado = estoque(nome, "--help")
        assert resultado.exit_code == 0
        assert f"estoque {nome}" in resultado.stdout, nome
        assert comando.help
    for nome in [
        "install",
        "migrate",
        "status",
        "demo",
        "consultar",
        "produto",
        "rupturas",
        "projecao",
        "disponibilidade",
        "estatisticas",
        "acompanhar",
        "recalcular",
        "verificar",
    ]:
        assert nome in cli.commands


def processo(*args: str, **env: str) -> subprocess.CompletedProcess[str]:
    limpo = {k: v for k, v in os.environ.items() if not k.startswith("PG")}
    limpo.pop("DATABASE_URL", None)
    return subprocess.run(
        [sys.executable, "-m", "estoque_pg", *args],
        capture_output=True,
        text=True,
        cwd=RAIZ,
        env={**limpo, **env},
        timeout=60,
    )


def test_real_process(cena: Banco) -> None:
    feito = processo("consultar", "P001", "--json", DATABASE_URL=cena.dsn)
    assert feito.returncode == 0
    assert json.loads(feito.stdout)[0]["nome_produto"] == "Parafuso çã"
    assert feito.stderr == ""
    feito = processo("consultar", "nada", DATABASE_URL=cena.dsn)
    assert (feito.returncode, feito.stdout) == (1, "")
    feito = processo("status", "--dsn", "host=/nonexistent")
    assert feito.returncode == 5
    assert processo("--version").stdout.startswith("estoque")


def test_plain_ascii_terminal_and_closed_pipe(cena: Banco) -> None:
    feito = processo("projecao", "P001", DATABASE_URL=cena.dsn, PYTHONIOENCODING="ascii")
    assert feito.returncode == 0, feito.stderr
    for comando in ("projecao P001 --dias 2000 | head -1", "consultar P001 nada | true"):
        feito = no_shell(cena, comando)
        assert "Traceback" not in feito.stderr
        assert "BrokenPipe" not in feito.stderr
    feito = no_shell(cena, "consultar P001 nada > /dev/full")
    assert feito.returncode == 1
    assert feito.stderr == "error: cannot write the output: No space left on device\n"


def no_shell(cena: Banco, comando: str) -> subprocess.CompletedProcess[str]:
    """A command in bash, its output buffered as a user's is."""
    return subprocess.run(
        ["bash", "-c", f"set -o pipefail; {sys.executable} -m estoque_pg {comando}"],
        capture_output=True,
        text=True,
        cwd=RAIZ,
        env={**os.environ, "DATABASE_URL": cena.dsn, "PYTHONUNBUFFERED": ""},
    )


def test_errors_stand_after_what_was_found(cena: Banco) -> None:
    feito = no_shell(cena, "consultar P001 nada 2>&1")
    assert feito.stdout.splitlines()[0].startswith("product")
    assert "error: unknown product: 'nada'" in feito.stdout.splitlines()[-2]
    assert no_shell(cena, "rupturas 2>&1").stdout.endswith("within 7 days\n")


def test_bench_measures_and_writes_nothing(cena: Banco) -> None:
    antes = cena.retrato()
    medidas = dados("bench", "--vezes", "10", dsn=cena.dsn)
    assert [m["pergunta"].split(",")[0] for m in medidas] == [
        "consultar", "consultar", "rupturas", "projecao", "disponibilidade", "estatisticas",
    ]  # fmt: skip
    assert all(0 < m["mediana_ms"] <= m["p99_ms"] for m in medidas)
    assert "median ms" in estoque("bench", "--vezes", "10", dsn=cena.dsn).stdout
    assert cena.retrato() == antes
    cena.execute(
        "TRUNCATE movimentacao_estoque, separacao, programacao_producao, unificacao_codigos"
    )
    uma_linha(estoque("bench", dsn=cena.dsn), 1)
