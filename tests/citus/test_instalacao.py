"""Installing into a company of Citus, what the status says, taking it out again."""

from __future__ import annotations

import shutil
from pathlib import Path

import psycopg
import pytest
from apoio import GATILHOS, MIGRACOES, RAIZ
from oraculo import FONTES, verificar_invariante
from psycopg import sql
from test_cli import dados, estoque, uma_linha
from test_concorrencia import UNIDOS, item, mov

from citus.aglomerado import CADA_ENTRADA, EMPRESA, BancoCitus, ServicoCitus, em, nome_do_banco
from estoque_pg.migracoes import desfazer, instalar, migrar

NOSSAS = (
    "SELECT c.relname FROM pg_class AS c WHERE c.relnamespace = 'empresa'::regnamespace"
    " UNION ALL SELECT p.proname FROM pg_proc AS p"
    " WHERE p.pronamespace = 'empresa'::regnamespace"
)


def test_install_status_uninstall(vazio: str, servico: ServicoCitus) -> None:
    """By the commands, at the coordinator; nothing of ours is left on any node."""
    feito = estoque("install", "--schema", EMPRESA, "--criar-schema", dsn=vazio)
    assert feito.exit_code == 0, feito.output
    assert estoque("install", "--schema", EMPRESA, dsn=vazio).exit_code == 0
    nome = nome_do_banco(vazio)
    for no in servico.citus.nos:
        situacao = dados("status", "--schema", EMPRESA, dsn=no.dsn(nome))
        assert situacao["em_dia"]
        assert situacao["aplicadas"] == MIGRACOES
        assert situacao["problemas"] == []
        dito = estoque("status", "--schema", EMPRESA, dsn=no.dsn(nome)).stdout
        assert f"{GATILHOS} of {GATILHOS} in place" in dito
    with psycopg.connect(em(vazio, EMPRESA), autocommit=True) as conn:
        conn.execute(mov("P1"))
    assert estoque("uninstall", "--schema", EMPRESA, "--sim", dsn=vazio).exit_code == 0
    for no in servico.citus.nos:
        with psycopg.connect(no.dsn(nome), autocommit=True) as conn:
            restam = {str(r[0]) for r in conn.execute(NOSSAS)}
            assert {
                r for r in restam if "estoque" in r.replace("movimentacao_estoque", "")
            } == set()
    with psycopg.connect(em(vazio, EMPRESA), autocommit=True) as conn:
        conn.execute(mov("P1"))  # the sources stay, and are written as before
        assert conn.execute("SELECT count(*) FROM movimentacao_estoque").fetchone() == (2,)


@pytest.mark.parametrize("entrada", ["coordenador"], indirect=True)
def test_installing_anywhere_but_at_the_coordinator_is_refused(banco: BancoCitus) -> None:
    """With one line that says where."""
    nome = banco.nome
    for no in banco.citus.nos[1:]:
        for comando in (
            ("install", "--schema", "outra", "--criar-schema"),
            ("uninstall", "--schema", EMPRESA, "--sim"),
            ("vigiar", "--schema", EMPRESA),
        ):
            banco.cru("ALTER TABLE separacao DISABLE TRIGGER estoque_inserir")
            texto = uma_linha(estoque(*comando, dsn=no.dsn(nome)), 1)
            assert "coordinator" in texto, texto
            banco.cru("ALTER TABLE separacao ENABLE TRIGGER estoque_inserir")
    banco.verificar()


@pytest.fixture
def primeira(tmp_path: Path) -> Path:
    """The migrations of the first release."""
    for arquivo in (RAIZ / "migrations").glob("0001.*"):
        shutil.copy(arquivo, tmp_path)
    return tmp_path


def encher(conn: psycopg.Connection[object]) -> None:
    for comando in (*UNIDOS, item("L0"), mov("C", -4)):
        conn.execute(comando.encode())


def test_an_upgrade_from_the_first_release(servico: ServicoCitus, primeira: Path) -> None:
    """0.1.0 stood there before Citus came: it is upgraded where it is, then distributed."""
    citus, nome = servico.citus, "anterior"
    citus.em_todos("postgres", [sql.SQL("CREATE DATABASE {}").format(sql.Identifier(nome))])
    dsn = em(citus.dsn(nome), EMPRESA)
    try:
        instalar(dsn, EMPRESA, primeira, criar_schema=True)
        with psycopg.connect(dsn, autocommit=True) as conn:
            encher(conn)
        citus.juntar(nome)
        assert migrar(dsn, EMPRESA) == MIGRACOES[1:]
        with psycopg.connect(dsn, autocommit=True) as conn:
            verificar_invariante(conn)
        assert dados("status", dsn=dsn)["problemas"] == []
        assert desfazer(dsn, EMPRESA)
        with psycopg.connect(dsn, autocommit=True) as conn:
            conn.execute(f"SELECT citus_schema_distribute('{EMPRESA}')")
        instalar(dsn, EMPRESA)
        with psycopg.connect(dsn, autocommit=True) as conn:
            verificar_invariante(conn)
            conn.execute(mov("A"))
            verificar_invariante(conn)
        assert dados("status", dsn=dsn)["problemas"] == []
    finally:
        citus.remover(nome)


def test_sources_in_partitions(vazio: str, servico: ServicoCitus) -> None:
    """Rows come by the table and by its partitions; a new partition is put under watch."""
    with psycopg.connect(em(vazio, EMPRESA), autocommit=True) as conn:
        conn.execute(f"CREATE SCHEMA {EMPRESA}")
        for fonte in FONTES:
            conn.execute((RAIZ / "sql" / "01_fontes" / f"{fonte}.sql").read_bytes())
        conn.execute("DROP TABLE movimentacao_estoque")
        conn.execute(
            "CREATE TABLE movimentacao_estoque (id bigint GENERATED BY DEFAULT AS IDENTITY,"
            " cod_produto varchar(50) NOT NULL, nome_produto varchar(200) NOT NULL,"
            " data_movimentacao date NOT NULL, tipo_movimentacao varchar(50) NOT NULL,"
            " qtd_movimentacao numeric(15,3) NOT NULL, ativo boolean,"
            " PRIMARY KEY (id, data_movimentacao)) PARTITION BY RANGE (data_movimentacao)"
        )
        for ano in (2024, 2025):
            conn.execute(_particao(ano))
    instalar(vazio, EMPRESA)
    nome = nome_do_banco(vazio)
    for entrada in CADA_ENTRADA:
        banco = BancoCitus(servico.citus, nome, entrada)
        banco.mov("P1", 10)
        direto = mov("P2").replace("movimentacao_estoque (", "movimentos_2025 (id, ")
        banco.execute(direto.replace("VALUES (", "VALUES (7, "))
        banco.mov("P1", 3, data_movimentacao="2024-12-31")
        banco.execute("UPDATE movimentacao_estoque SET data_movimentacao = '2025-01-02'")
        banco.execute("UPDATE movimentos_2025 SET qtd_movimentacao = qtd_movimentacao + 1")
        banco.execute("DELETE FROM movimentos_2025 WHERE cod_produto = 'P2'")
        banco.fechar()
    with psycopg.connect(em(vazio, EMPRESA), autocommit=True) as conn:
        conn.execute(_particao(2026))
        assert estoque("status", dsn=em(vazio, EMPRESA)).exit_code == 4
        assert estoque("vigiar", dsn=em(vazio, EMPRESA)).exit_code == 0
        assert estoque("status", dsn=em(vazio, EMPRESA)).exit_code == 0
        conn.execute(mov("P3").replace("'2025-08-06'", "'2026-01-02'"))
        conn.execute("TRUNCATE movimentos_2025")
        verificar_invariante(conn)


def _particao(ano: int) -> bytes:
    return (
        f"CREATE TABLE movimentos_{ano} PARTITION OF movimentacao_estoque"
        f" FOR VALUES FROM ('{ano}-01-01') TO ('{ano + 1}-01-01')"
    ).encode()


ESTRAGOS = {
    "DROP FUNCTION estoque_rupturas(integer) CASCADE": "estoque_rupturas(integer) is missing",
    "ALTER TABLE separacao DISABLE TRIGGER estoque_alterar": "disabled",
    "DROP TRIGGER estoque_inserir ON movimentacao_estoque": "missing",
    "DROP INDEX estoque_separacao_lote": "the index estoque_separacao_lote is missing",
    "DROP VIEW estoque_por_codigo": "the view estoque_por_codigo is missing",
    "DROP TABLE estoque_falha": "the table estoque_falha is missing",
    "REVOKE SELECT ON estoque_tempo_real FROM PUBLIC": "does not have the rights",
}


@pytest.mark.lento
@pytest.mark.parametrize("entrada", ["outro"], indirect=True)
def test_what_is_lost_is_told_and_put_back(povoado: BancoCitus) -> None:
    """Told at every node; put back at the coordinator, and then as it was."""
    antes = povoado.coordenador.execute("SELECT * FROM _estoque_pecas() ORDER BY 1, 2").fetchall()
    for estrago, dito in ESTRAGOS.items():
        povoado.cru(estrago)
        textos = [p["texto"] for p in dados("status", dsn=povoado.dsn, codigo=4)["problemas"]]
        assert any(dito in t for t in textos), (estrago, textos)
        posto = estoque("vigiar", dsn=em(povoado.citus.dsn(povoado.nome), EMPRESA))
        assert posto.exit_code == 0, (estrago, posto.output)
        assert dados("status", dsn=povoado.dsn)["problemas"] == [], estrago
        povoado.sep("P", 1, 2)
    depois = povoado.coordenador.execute("SELECT * FROM _estoque_pecas() ORDER BY 1, 2").fetchall()
    assert [x[:2] for x in antes] == [x[:2] for x in depois]
