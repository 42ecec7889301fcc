"""What would be done, before it is: dry runs, schemas that are made only when asked for."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from apoio import DEPENDE, MIGRACOES, Banco
from conftest import Servico
from test_adocao import MINIMA, preparar
from test_cli import estoque
from test_fontes import objetos
from test_migracoes import RAIZ

from estoque_pg import adocao
from estoque_pg.erros import ArgumentoInvalido, ErroEstoque, FonteIncompativel
from estoque_pg.migracoes import instalar, migrar, planejar_instalacao, planejar_migracao

PRIMEIRA = "0001.nucleo"


@pytest.fixture
def antigo(vazio: str, tmp_path: Path) -> str:
    """The first release, installed."""
    pasta = tmp_path / "primeira"
    pasta.mkdir()
    for arquivo in (RAIZ / "migrations").glob("0001.*"):
        shutil.copy(arquivo, pasta)
    instalar(vazio, None, pasta)
    return vazio


# --- install ------------------------------------------------------------------------------------


def test_an_empty_database(vazio: str) -> None:
    antes = objetos(vazio)
    feito = estoque("install", "--dry-run", "--schema", "loja", dsn=vazio)
    assert feito.exit_code == 0, feito.output
    assert objetos(vazio) == antes
    assert "loja, would be created" in feito.stdout
    assert f"would apply    {', '.join(MIGRACOES)}" in feito.stdout
    assert "would adopt" not in feito.stdout
    assert feito.stdout.endswith("it would go through; nothing was changed\n")
    dados = json.loads(estoque("install", "--dry-run", "--json", dsn=vazio).stdout)
    assert dados["schema"] == "public"
    assert not dados["cria_schema"]
    assert len(dados["fontes_novas"]) == 6
    assert dados["escritores"] == "go on"
    assert dados["erro"] is None
    with psycopg.connect(vazio) as conn:
        assert conn.execute("SELECT 1 FROM pg_namespace WHERE nspname = 'loja'").fetchall() == []


@pytest.mark.parametrize("grande", [False, True])
def test_tables_that_would_be_adopted(
    vazio: str, grande: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if grande:
        monkeypatch.setattr(adocao, "_GRANDE", 0)
    preparar(vazio, *MINIMA.split(";")[:4])
    antes = objetos(vazio)
    plano = planejar_instalacao(vazio)
    assert objetos(vazio) == antes
    assert plano.erro is None
    assert "movimentacao_estoque" in plano.fontes_adotadas
    assert "embarque_itens" in plano.fontes_novas
    assert "movimentacao_estoque (cod_produto, id)" in plano.indices
    assert not [i for i in plano.indices if i.startswith("embarque_itens")]
    assert plano.escritores == ("held off for moments" if grande else "held off")
    instalar(vazio)
    assert planejar_instalacao(vazio).migracoes == ()
    feito = estoque("install", "--dry-run", dsn=vazio)
    assert feito.exit_code == 0
    assert "up to date" in feito.stdout


def test_all_that_is_wrong_is_told_at_once(vazio: str) -> None:
    """What does not fit and rows that cannot be counted, together."""
    preparar(
        vazio,
        MINIMA,
        "ALTER TABLE separacao ALTER qtd_saldo TYPE text",
        "ALTER TABLE programacao_producao ALTER data_programacao TYPE text",
    )
    plano = planejar_instalacao(vazio)
    assert isinstance(plano.erro, FonteIncompativel)
    assert "separacao.qtd_saldo" in (plano.erro.detalhe or "")
    assert "programacao_producao.data_programacao" in (plano.erro.detalhe or "")
    preparar(
        vazio,
        "ALTER TABLE separacao ALTER qtd_saldo TYPE float8 USING NULL",
        "ALTER TABLE programacao_producao ALTER data_programacao TYPE date USING NULL",
        "INSERT INTO movimentacao_estoque VALUES (1, '1', 'N', 'NaN', true)",
        "INSERT INTO unificacao_codigos VALUES (1, 2, true), (2, 1, true)",
        "CREATE TABLE em_cima () INHERITS (separacao)",
        "ALTER TABLE em_cima RENAME TO abaixo",
        "CREATE TABLE de_cima (LIKE programacao_producao)",
        "ALTER TABLE programacao_producao INHERIT de_cima",
    )
    antes = objetos(vazio)
    feito = estoque("install", "--dry-run", dsn=vazio)
    assert feito.exit_code == 1
    for texto in (
        "programacao_producao is a partition or child",
        "movimentacao_estoque: 1 row, qtd_movimentacao is NaN",
        "unificacao_codigos: 2 rows, circular",
    ):
        assert texto in feito.stderr, feito.stderr
    dados = estoque("install", "--dry-run", "--json", dsn=vazio)
    assert dados.exit_code == 1
    assert len(json.loads(dados.stdout)["detalhe"]) >= 4
    preparar(vazio, "ALTER TABLE programacao_producao NO INHERIT de_cima")
    tolerante = estoque("install", "--dry-run", "--tolerante", dsn=vazio)
    assert tolerante.exit_code == 0, tolerante.output
    assert "left out:" in tolerante.stderr
    preparar(vazio, "ALTER TABLE programacao_producao INHERIT de_cima")
    assert objetos(vazio) == antes


def test_a_name_that_is_taken(vazio: str) -> None:
    preparar(vazio, "CREATE TABLE estoque_lote (x int)")
    plano = planejar_instalacao(vazio)
    assert "estoque_lote is there already" in (plano.erro.detalhe or "" if plano.erro else "")


# --- migrate ------------------------------------------------------------------------------------


def test_an_upgrade(antigo: str, despejo: Callable[..., str]) -> None:
    antes = despejo(antigo)
    feito = estoque("migrate", "--dry-run", dsn=antigo)
    assert feito.exit_code == 0, feito.output
    assert f"would apply    {', '.join(MIGRACOES[1:])}" in feito.stdout
    assert "writers" in feito.stdout
    todos = estoque("migrate", "--dry-run", "--todos", "--json", dsn=antigo)
    [dados] = json.loads(todos.stdout)
    assert dados["schema"] == "public"
    assert dados["migracoes"] == MIGRACOES[1:]
    assert despejo(antigo) == antes
    assert migrar(antigo) == MIGRACOES[1:]
    assert estoque("migrate", "--dry-run", "--todos", dsn=antigo).exit_code == 0


def test_an_upgrade_that_would_fail(
    antigo: str, tmp_path: Path, despejo: Callable[..., str]
) -> None:
    """It is found by the rehearsal; done all the same, it leaves everything as it was."""
    pasta = tmp_path / "migrations"
    shutil.copytree(RAIZ / "migrations", pasta)
    (pasta / "9999.ruim.sql").write_text(
        f"{DEPENDE}CREATE TABLE metade (x int);\nDROP TABLE estoque_tempo_real;\n"
    )
    (pasta / "9999.ruim.rollback.sql").write_text("DROP TABLE metade;\n")
    preparar(antigo, "CREATE VIEW minha AS SELECT saldo_atual FROM estoque_tempo_real")
    banco = Banco(antigo)
    banco.mov("P1", 5)
    antes, linhas = despejo(antigo), banco.cru("SELECT * FROM estoque_tempo_real")
    plano = planejar_migracao(antigo, None, pasta)
    assert plano.migracoes == (*MIGRACOES[1:], "9999.ruim")
    with pytest.raises(ErroEstoque) as erro:
        migrar(antigo, None, pasta)
    for falha in (plano.erro, erro.value):
        assert falha is not None
        assert falha.sqlstate == "2BP01"
        assert "view minha depends on table estoque_tempo_real" in (falha.detalhe or "")
    assert despejo(antigo) == antes
    assert banco.cru("SELECT * FROM estoque_tempo_real") == linhas
    banco.verificar()
    banco.fechar()


def test_writers_that_would_go_on(antigo: str, tmp_path: Path) -> None:
    pasta = tmp_path / "migrations"
    shutil.copytree(RAIZ / "migrations", pasta)
    migrar(antigo)
    (pasta / "9999.leve.sql").write_text(f"{DEPENDE}-- writers go on\nCREATE TABLE leve (x int);\n")
    (pasta / "9999.leve.rollback.sql").write_text("DROP TABLE leve;\n")
    with psycopg.connect(antigo) as parada:
        parada.execute("LOCK movimentacao_estoque IN ROW EXCLUSIVE MODE")
        plano = planejar_migracao(antigo, None, pasta)
    assert (plano.migracoes, plano.escritores) == (("9999.leve",), "go on")
    assert plano.erro is None


# --- schemas ------------------------------------------------------------------------------------


def test_a_schema_with_a_typing_error_is_no_company(servico: Servico, vazio: str) -> None:
    preparar(vazio, "CREATE SCHEMA empresa_a", "CREATE TABLE empresa_a.separacao (id int)")
    for comando in ("install", "migrate"):
        feito = estoque(comando, "--schema", "empresa_aa", dsn=vazio)
        assert feito.exit_code != 0
    feito = estoque("install", "--schema", "empresa_aa", dsn=vazio)
    assert feito.exit_code == 1
    assert 'the schema "empresa_aa" does not exist' in feito.stderr
    assert "empresa_a;" in feito.stderr
    assert "--criar-schema" in feito.stderr
    with pytest.raises(ArgumentoInvalido):
        planejar_instalacao(vazio, "empresa_aa")
    assert planejar_instalacao(vazio, "empresa_b", criar_schema=True).cria_schema
    assert instalar(vazio, "empresa_b", criar_schema=True) == MIGRACOES
    with pytest.raises(ArgumentoInvalido) as erro:
        instalar(vazio, "empresa_bb")
    assert "empresa_a, empresa_b" in (erro.value.dica or "")
    assert instalar(vazio, "empresa_b") == []


def test_a_changed_file_is_explained_to_who_has_it(antigo: str, tmp_path: Path) -> None:
    pasta = tmp_path / "migrations"
    shutil.copytree(RAIZ / "migrations", pasta)
    ida = pasta / f"{PRIMEIRA}.sql"
    ida.write_text(ida.read_text() + "\n-- another build\n")
    with pytest.raises(ErroEstoque) as erro:
        migrar(antigo, None, pasta)
    assert PRIMEIRA in erro.value.mensagem
    assert "different builds" in (erro.value.dica or "")
    assert "install the released package" in (erro.value.dica or "")
